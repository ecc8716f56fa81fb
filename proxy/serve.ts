/**
 * The way of a connection through the proxy, top to bottom:
 *
 *     accept → identify → rule → connect upstream → relay → detect → (http1 | http2 | kafka: parse → decide → forward or deny → record)
 *
 * One `Server` a direction and worker. Everything that is refused is counted under its cause; nothing here throws.
 */

import {
  type Acceptor,
  acceptConnections,
  type ConnectAttempt,
  closeFd,
  connectUpstream,
  resetFd,
  type SocketAddress,
} from '../native/index.ts';
import type { Address, Direction, Port } from '../src/identity/identity.ts';
import { limits } from '../src/limits.ts';
import type { L7RuleSet } from '../src/policy/resolved.ts';
import type { Connection, ConnectionPolicy } from './connection.ts';
import { detect, type Protocols } from './detect.ts';
import { type Home, type Origin, WayBack } from './give-back.ts';
import type { Identify } from './identify.ts';
import type { BrokerAddress } from './kafka/brokers.ts';
import { createNodeRelay, type NodeRelay, openSocket, type Released } from './node-relay.ts';
import type { Progress, ProtocolProgress } from './progress.ts';
import type { ConnectionFacts, Recorder } from './record.ts';
import type { CloseCause, Relay } from './relay.ts';

export interface ServeOptions {
  readonly direction: Direction;
  /** Descriptor of the proxy's network namespace of this direction. */
  readonly netns: number;
  /** Descriptors of listeners there; they stay the caller's. */
  readonly listeners: readonly number[];
  readonly identify: Identify;
  readonly protocols: Protocols;
  readonly recorder: Recorder;
  readonly policy: ConnectionPolicy;
  /** Called with the brokers that a response of Kafka names to the client. */
  readonly onBrokers: (facts: ConnectionFacts, brokers: readonly BrokerAddress[]) => void;
  /** Where connections that were taken over go back to; absent: they stay. */
  readonly home?: Home;
  /** Called once a connection that was accepted is gone. */
  readonly onClosed: (cause: CloseCause) => void;
}

export class Server {
  readonly #options: ServeOptions;
  readonly #connections = new Set<ProxiedConnection>();
  /** There when `drain` was called, and still. */
  readonly #before = new Set<ProxiedConnection>();
  #acceptors: readonly Acceptor[] = [];
  #policy: ConnectionPolicy;
  #draining = false;

  constructor(options: ServeOptions) {
    this.#options = options;
    this.#policy = options.policy;
  }

  /** Takes connections from now on; until then they wait in the listeners' backlogs. */
  accept(): void {
    if (this.#acceptors.length > 0) return;
    this.#acceptors = this.#options.listeners.map((listener) =>
      acceptConnections(listener, (fd, remote, local) => this.#accept(fd, remote, local)),
    );
  }

  /** Takes no more, until `accept` is called again. */
  stopAccepting(): void {
    for (const acceptor of this.#acceptors) acceptor.close();
    this.#acceptors = [];
  }

  /** What there was when `drain` was called is gone. */
  get drained(): boolean {
    return this.#before.size === 0;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** The next request of every open connection is judged by it. */
  setPolicy(policy: ConnectionPolicy): void {
    this.#policy = policy;
    for (const connection of this.#connections) connection.rule(policy);
  }

  /** Accepts no more; each connection ends after the exchange under way, and one that is adopted later after its first. */
  drain(): void {
    this.#draining = true;
    this.stopAccepting();
    for (const connection of this.#connections) this.#before.add(connection);
    for (const connection of this.#connections) connection.stop();
  }

  /**
   * Hands on every connection that comes to a boundary within `withinMs`; the others stay, and so do those that come
   * meanwhile. Takes no more connections if `drain` was called before.
   * @returns how many were handed on, once that is known of all
   */
  async release(withinMs: number, deliver: (connection: ReleasedConnection) => void): Promise<number> {
    const released = await Promise.all([...this.#connections].map((each) => each.release(withinMs, deliver)));
    return released.filter(Boolean).length;
  }

  /** Ends at once. */
  close(): void {
    this.stopAccepting();
    for (const connection of this.#connections) connection.abort('agent-stopped');
  }

  #accept(fd: number, remote: SocketAddress, local: SocketAddress): void {
    const facts = this.#options.identify({
      direction: this.#options.direction,
      client: end(remote),
      server: end(local),
    });
    if (!facts) {
      this.#refuse(fd, 'unidentified');
      return;
    }
    this.#serve({ downstream: fd }, this.#policy.identifyAnew(facts));
  }

  /**
   * A live connection: both its legs exist, or the one to the server is made anew.
   * @param progress of another owner; absent: it was taken over from the kernel, and its next byte begins a request
   */
  adopt(facts: ConnectionFacts, downstream: number, upstream?: number, progress?: Progress): void {
    const origin = upstream === undefined ? undefined : this.#options.home?.originOf(facts);
    const legs = {
      downstream,
      ...(upstream !== undefined && { upstream }),
      ...(origin && { origin }),
      progress: progress ?? asked,
    };
    this.#serve(legs, this.#policy.identifyAnew(facts));
  }

  #serve(legs: Legs, facts: ConnectionFacts): void {
    const ruleSet = ruleSetFor(this.#policy, facts, legs.progress && kindOf(legs.progress.protocol));
    if (!ruleSet) {
      if (legs.upstream !== undefined) resetFd(legs.upstream);
      this.#refuse(legs.downstream, 'policy-revoked');
      return;
    }
    const connection: ProxiedConnection = new ProxiedConnection(legs, facts, ruleSet, this.#options, (cause) => {
      this.#connections.delete(connection);
      this.#before.delete(connection);
      this.#options.onClosed(cause);
    });
    this.#connections.add(connection);
    if (this.#draining) connection.stop();
  }

  #refuse(fd: number, cause: CloseCause): void {
    resetFd(fd);
    this.#options.onClosed(cause);
  }
}

/** A connection that left its server between two exchanges: the next owner goes on by `adopt`. */
export interface ReleasedConnection extends Released {
  readonly facts: ConnectionFacts;
}

/** Descriptors of a flow's two connections; the upstream one is made unless it is there. */
interface Legs {
  readonly downstream: number;
  readonly upstream?: number;
  readonly origin?: Origin;
  readonly progress?: Progress;
}

/** Both ends of one flow, from its acceptance on. */
class ProxiedConnection {
  readonly #options: ServeOptions;
  readonly #onClosed: (cause: CloseCause) => void;
  #attempt: ConnectAttempt | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  /** The accepted descriptor, until the relay owns it. */
  #downstreamFd: number | undefined;
  #relay: NodeRelay | undefined;
  readonly #origin: Origin | undefined;
  readonly #progress: Progress | undefined;
  #wayBack: WayBack | undefined;
  #stopping = false;
  #facts: ConnectionFacts;
  #ruleSet: L7RuleSet;

  constructor(
    legs: Legs,
    facts: ConnectionFacts,
    ruleSet: L7RuleSet,
    options: ServeOptions,
    onClosed: (cause: CloseCause) => void,
  ) {
    this.#downstreamFd = legs.downstream;
    this.#origin = legs.origin;
    this.#progress = legs.progress;
    this.#facts = facts;
    this.#ruleSet = ruleSet;
    this.#options = options;
    this.#onClosed = onClosed;
    if (legs.upstream === undefined) this.#connect();
    else this.#join(legs.upstream);
  }

  rule(policy: ConnectionPolicy): void {
    this.#facts = policy.identifyAnew(this.#facts);
    const ruleSet = ruleSetFor(policy, this.#facts, this.#ruleSet.kind);
    if (!ruleSet) {
      this.abort('policy-revoked');
      return;
    }
    if (ruleSet.key === this.#ruleSet.key) return;
    this.#ruleSet = ruleSet;
    this.#relay?.policyChanged();
  }

  stop(): void {
    const relay = this.#relay;
    if (!relay && this.#progress) this.#stopping = true;
    else if (!relay) this.abort('drain');
    else if (this.#wayBack) this.#wayBack.hurry(() => relay.stop());
    else relay.stop();
  }

  abort(cause: CloseCause): void {
    if (this.#relay) {
      this.#relay.abort(cause);
    } else {
      this.#attempt?.cancel();
      this.#giveUp(cause);
    }
  }

  /** Resolves with whether it was handed on; one that has no upstream yet is not. */
  release(withinMs: number, deliver: (connection: ReleasedConnection) => void): Promise<boolean> {
    return new Promise((resolve) => {
      if (!this.#relay) resolve(false);
      this.#relay?.release(withinMs, (released) => {
        if (released) deliver({ facts: this.#facts, ...released });
        resolve(released !== undefined);
      });
    });
  }

  #connect(): void {
    this.#deadline = setTimeout(() => {
      this.#attempt?.cancel();
      this.#giveUp('upstream-timeout');
    }, limits.upstreamConnectTimeoutMs);
    this.#attemptAfter(limits.upstreamRetryMs);
  }

  /**
   * A client that is quick to use its port again finds our upstream socket of the last time still there, for the moment that
   * its end takes or for TIME_WAIT's first second (tcp_tw_reuse_delay). It waits, as it would for the server itself.
   * @param pauseMs before another attempt then
   */
  #attemptAfter(pauseMs: number): void {
    const { client, server } = this.#facts;
    this.#attempt = connectUpstream({ netns: this.#options.netns, client, server }, (error, upstreamFd) => {
      if (error?.errnoName === 'EADDRNOTAVAIL') {
        this.#again = setTimeout(() => this.#attemptAfter(Math.min(pauseMs * 2, limits.upstreamRetryMostMs)), pauseMs);
        return;
      }
      clearTimeout(this.#deadline);
      if (error || upstreamFd === undefined) this.#giveUp(causeOf(error?.errnoName));
      else this.#join(upstreamFd);
    });
  }

  #join(upstreamFd: number): void {
    const downstreamFd = this.#downstreamFd;
    if (downstreamFd === undefined) {
      resetFd(upstreamFd);
      return;
    }
    this.#downstreamFd = undefined;
    const downstream = openSocket(downstreamFd);
    const upstream = openSocket(upstreamFd);
    if (!downstream || !upstream) {
      for (const socket of [downstream, upstream]) socket?.reset();
      if (!downstream) closeFd(downstreamFd);
      if (!upstream) closeFd(upstreamFd);
      // Whoever made this connection does not have it in hand before it returns.
      queueMicrotask(() => this.#onClosed('internal-error'));
      return;
    }
    this.#relay = createNodeRelay(
      downstream,
      upstream,
      (relay) => detect(this.#connectionOver(relay), this.#options.protocols, this.#progress?.protocol),
      {
        onClosed: (cause) => {
          this.#wayBack?.end();
          this.#onClosed(cause);
        },
      },
      undefined,
      this.#progress?.unread,
    );
    const { home } = this.#options;
    if (home && this.#origin) this.#wayBack = new WayBack(home, { facts: this.#facts, ...this.#origin }, this.#relay);
    if (this.#stopping) this.stop();
  }

  #connectionOver(relay: Relay): Connection {
    const facts = (): ConnectionFacts => this.#facts;
    return {
      get facts() {
        return facts();
      },
      relay,
      recorder: this.#options.recorder,
      onBrokers: (brokers) => this.#options.onBrokers(this.#facts, brokers),
      ruleSet: () => this.#ruleSet,
      now: Date.now,
    };
  }

  /** Before there was an upstream: the client sees what the server's own refusal would look like, a reset. */
  #giveUp(cause: CloseCause): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#again);
    if (this.#downstreamFd === undefined) return;
    resetFd(this.#downstreamFd);
    this.#downstreamFd = undefined;
    this.#onClosed(cause);
  }
}

/**
 * The rule set of a connection. One that came under an L7 rule and no longer is goes on being parsed, with everything
 * allowed: so its framing is known if a rule comes back.
 * @returns undefined when the connection may not go on
 */
function ruleSetFor(policy: ConnectionPolicy, facts: ConnectionFacts, kind?: L7RuleSet['kind']): L7RuleSet | undefined {
  const ruling = policy.ruling(facts);
  switch (ruling.verdict) {
    case 'deny':
      return undefined;
    case 'open':
      return allowAll[kind ?? 'http'];
    case 'l7':
      return kind === undefined || ruling.ruleSet.kind === kind ? ruling.ruleSet : undefined;
  }
}

/** Of the rules that the protocol is judged by, once it is known. */
function kindOf({ at }: ProtocolProgress): L7RuleSet['kind'] | undefined {
  if (at === 'unread') return undefined;
  return at === 'kafka' ? 'kafka' : 'http';
}

/** Of a connection that the kernel had: the request that it doubted is on its way. */
const asked: Progress = { protocol: { at: 'unread', asked: true }, unread: { downstream: '', upstream: '' } };

const everything = { policy: '', rule: 'no Layer-7 rule', file: '', line: 0 };
const allowAll: Readonly<Record<L7RuleSet['kind'], L7RuleSet>> = {
  http: { kind: 'http', id: 0, key: 'allow-all-http', audit: false, http: [{ ref: everything }], grpc: [] },
  kafka: { kind: 'kafka', id: 0, key: 'allow-all-kafka', audit: false, kafka: [{ ref: everything }] },
};

function end({ address, port }: SocketAddress): ConnectionFacts['client'] {
  return { address: address as Address, port: port as Port };
}

function causeOf(errnoName: string | undefined): CloseCause {
  switch (errnoName) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
      return 'upstream-refused';
    case 'ETIMEDOUT':
      return 'upstream-timeout';
    default:
      return 'upstream-unreachable';
  }
}
