/** HTTP/2 with a new owner after every call: what one owner knew, and is not told, the next one misses. */

import type { ProtocolFactory } from '../../../proxy/connection.ts';
import { http2 } from '../../../proxy/http2/http2.ts';
import type { ProtocolProgress } from '../../../proxy/progress.ts';
import type { Protocol } from '../../../proxy/relay.ts';

export interface HandedOn {
  readonly factory: ProtocolFactory;
  /** How many there were. */
  readonly owners: () => number;
}

export function handedOn(): HandedOn {
  let owners = 0;
  const factory: ProtocolFactory = (connection) => {
    let owner: Protocol = http2(connection);
    const next = (): void => {
      if (owner.boundary?.() === undefined) return;
      const told = JSON.parse(JSON.stringify(owner.progress?.())) as ProtocolProgress;
      owner.onClosed('released');
      owner = http2(connection, told);
      owners++;
      owner.onDownstream();
    };
    const also = (call: (to: Protocol) => void) => (): void => {
      call(owner);
      next();
    };
    return {
      onDownstream: also((to) => to.onDownstream()),
      onUpstream: also((to) => to.onUpstream()),
      onDrain: also((to) => to.onDrain()),
      onTimer: also((to) => to.onTimer()),
      onPolicy: also((to) => to.onPolicy()),
      onStop: also((to) => to.onStop()),
      onClosed: (cause) => owner.onClosed(cause),
    };
  };
  return { factory, owners: () => owners };
}
