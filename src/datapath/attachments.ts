/**
 * Programs at their hooks. Each attachment is a link that is pinned, so it outlives the agent: enforcement goes on, and
 * the next agent finds it by its name and puts its own program in place without a gap.
 */

import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  attachClsact,
  BpfLink,
  type BpfProgram,
  type ClsactAttachment,
  NativeError,
  unpin,
} from '../../native/index.ts';

interface TrafficHook {
  readonly program: BpfProgram;
  readonly ifindex: number;
  readonly direction: 'ingress' | 'egress';
}

export class Attachments {
  readonly #directory: string;
  readonly #links = new Map<string, BpfLink>();
  /** On kernels without tcx: these can't be pinned and end with the agent. */
  readonly #filters = new Map<string, ClsactAttachment>();

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  /** How traffic programs are attached: `tcx`, or `clsact` on kernels before 6.6. */
  get kind(): 'tcx' | 'clsact' {
    return this.#filters.size > 0 ? 'clsact' : 'tcx';
  }

  /** Whether it is attached, by this agent or an earlier one. */
  has(name: string): boolean {
    return this.#links.has(name) || this.#filters.has(name) || existsSync(this.#path(name));
  }

  attachTraffic(name: string, hook: TrafficHook): void {
    if (this.#filters.has(name)) return;
    try {
      this.#attach(name, hook.program, hook.ifindex, () => BpfLink.attachTcx(hook));
    } catch (error) {
      if (!(error instanceof NativeError) || !['EINVAL', 'EOPNOTSUPP'].includes(error.errnoName)) throw error;
      this.#filters.set(name, attachClsact(hook));
    }
  }

  attachNetns(name: string, program: BpfProgram, netns: string): void {
    this.#attach(name, program, undefined, () => BpfLink.attachNetns({ program, netns }));
  }

  /** Ends the attachments whose names `unwanted` picks, those of an earlier agent too. */
  detach(unwanted: (name: string) => boolean): void {
    for (const name of readdirSync(this.#directory).filter(unwanted)) {
      const link = this.#links.get(name) ?? BpfLink.openPinned(this.#path(name));
      this.#links.delete(name);
      detachLink(link);
      unpin(this.#path(name));
    }
    for (const [name, filter] of this.#filters) {
      if (!unwanted(name)) continue;
      this.#filters.delete(name);
      filter.detach();
    }
  }

  /** Lets go without detaching; what is attached again is looked for anew. */
  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #attach(name: string, program: BpfProgram, ifindex: number | undefined, attach: () => BpfLink): void {
    const known = this.#links.get(name) ?? this.#adopt(name);
    if (known && (ifindex === undefined || known.info.ifindex === ifindex)) {
      if (!this.#links.has(name)) known.update(program);
      this.#links.set(name, known);
      return;
    }
    if (known) {
      known.close(); // of an interface that is gone
      unpin(this.#path(name));
      this.#links.delete(name);
    }
    const link = attach();
    link.pin(this.#path(name));
    this.#links.set(name, link);
  }

  #adopt(name: string): BpfLink | undefined {
    return existsSync(this.#path(name)) ? BpfLink.openPinned(this.#path(name)) : undefined;
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

function detachLink(link: BpfLink): void {
  try {
    link.detach();
  } catch (error) {
    // The interface, and the attachment with it, is gone already.
    if (!(error instanceof NativeError) || !['ENOLINK', 'ENODEV'].includes(error.errnoName)) throw error;
  } finally {
    link.close();
  }
}
