/**
 * Which protocol a connection speaks. The rule set names the family; only HTTP leaves a choice, which its first bytes
 * make. Nothing is guessed: bytes that are neither go to the HTTP/1.1 scanner, which refuses them.
 */

import type { Connection, ProtocolFactory } from './connection.ts';
import type { ProtocolProgress } from './progress.ts';
import type { Boundary, CloseCause, Protocol } from './relay.ts';

export interface Protocols {
  readonly http1: ProtocolFactory;
  readonly http2: ProtocolFactory;
  readonly kafka: ProtocolFactory;
}

/** RFC 9113 section 3.4. The first three bytes are no method that any rule could allow, so the rest can be waited for. */
const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** TLS record type "handshake" (RFC 8446 section 5.1): no HTTP method and no Kafka frame of sane size starts with it. */
const tlsHandshake = 0x16;

/**
 * Judges nothing itself: it waits for the bytes that tell, then passes every call on to the protocol they name.
 * @param from where another owner of the connection left off, who knew the protocol
 */
export function detect(connection: Connection, protocols: Protocols, from?: ProtocolProgress): Protocol {
  return new Detector(connection, protocols, from);
}

class Detector implements Protocol {
  readonly #connection: Connection;
  readonly #protocols: Protocols;
  #found: Protocol | undefined;
  #asked = false;
  #stopping = false;

  constructor(connection: Connection, protocols: Protocols, from?: ProtocolProgress) {
    this.#connection = connection;
    this.#protocols = protocols;
    if (!from) return;
    switch (from.at) {
      case 'unread':
        this.#asked = from.asked === true;
        break;
      case 'http2':
        this.#found = protocols.http2(connection, from);
        break;
      case 'tunnel':
      case 'http1':
        this.#found = protocols.http1(connection, from);
        break;
      case 'kafka':
        this.#found = protocols.kafka(connection, from);
    }
  }

  onDownstream(): void {
    if (!this.#found) this.#look();
    else this.#found.onDownstream();
  }

  onUpstream(): void {
    if (this.#found) this.#found.onUpstream();
    // A server that speaks first, or ends, before the client said which protocol it is: leave its bytes where they are,
    // and mirror its end.
    else if (this.#connection.relay.upstream.ended) this.#connection.relay.close('graceful', 'server-closed');
  }

  onDrain(): void {
    this.#found?.onDrain();
  }

  onTimer(): void {
    this.#found?.onTimer();
  }

  onPolicy(): void {
    this.#found?.onPolicy();
  }

  onStop(): void {
    if (this.#found) this.#found.onStop();
    else if (this.#asked) this.#stopping = true;
    else this.#connection.relay.close('graceful', 'drain');
  }

  onClosed(cause: CloseCause): void {
    this.#found?.onClosed(cause);
  }

  boundary(): Boundary | undefined {
    return this.#found ? this.#found.boundary?.() : 'unread';
  }

  progress(): ProtocolProgress | undefined {
    return this.#found ? this.#found.progress?.() : { at: 'unread', asked: this.#asked };
  }

  #look(): void {
    const { relay } = this.#connection;
    if (relay.leaving) return;
    const arrived = relay.downstream.arrived();
    if (arrived.length === 0) {
      if (relay.downstream.ended) relay.close('graceful', 'client-closed');
      return;
    }
    if (arrived[0] === tlsHandshake) {
      this.#refuseTls();
      return;
    }
    const factory = this.#factoryFor(arrived);
    if (!factory) return;
    this.#found = factory(this.#connection);
    this.#found.onDownstream();
    if (relay.upstream.arrived().length > 0 || relay.upstream.ended) this.#found.onUpstream();
    if (this.#stopping) this.#found.onStop();
  }

  /** `undefined`: more bytes are needed to tell. */
  #factoryFor(arrived: Uint8Array): ProtocolFactory | undefined {
    switch (this.#connection.ruleSet().kind) {
      case 'kafka':
        return this.#protocols.kafka;
      case 'http': {
        const common = Math.min(arrived.length, http2Preface.length);
        if (Buffer.compare(arrived.subarray(0, common), http2Preface.subarray(0, common)) !== 0) {
          return this.#protocols.http1;
        }
        if (common === http2Preface.length) return this.#protocols.http2;
        if (this.#connection.relay.downstream.ended) return this.#protocols.http1;
        return undefined;
      }
    }
  }

  #refuseTls(): void {
    const { facts, recorder, relay } = this.#connection;
    recorder.record({
      time: this.#connection.now(),
      connection: facts,
      verdict: 'DENY',
      reason: 'tls',
      detail:
        'the client speaks TLS on a port under a Layer-7 rule; give the port a rule without one to let it pass unread',
    });
    relay.close('reset', 'denied');
  }
}
