/** One connection under an L7 rule, played segment by segment from both its ends. */

import { direction as directions, flow_key, steering, stream, stream_side } from '../../src/datapath/abi.generated.ts';
import { writeAddress } from '../../src/datapath/address-bytes.ts';
import { checksumOf, sumOf } from '../../src/datapath/checksum.ts';
import { bringUpToDate } from '../../src/datapath/held-frame.ts';
import type { Direction } from '../../src/identity/identity.ts';
import { addresses, type Outcome, type TapBench } from './bench-tap.ts';
import { frame, type Segment } from './packet.ts';

export interface Family {
  readonly self: string;
  readonly peer: string;
  /** Of the rule: the endpoint is the client, or the server. */
  readonly direction: Direction;
}

export const ipv4: Family = { self: addresses.self, peer: addresses.peer, direction: 'egress' };
export const ipv6: Family = { self: addresses.self6, peer: addresses.peer6, direction: 'egress' };
export const ipv4Server: Family = { ...ipv4, direction: 'ingress' };

/** MSS 1460, SACK permitted, timestamps, window scale 7: what Linux sends. */
export const linuxOptions = Buffer.from('020405b40402080a0000000100000000010303 07'.replaceAll(' ', ''), 'hex');

/** The option of every later segment of such a connection, as Linux lays it out. */
export function timestamps(value: number): Buffer {
  const option = Buffer.from('0101080a0000000000000001', 'hex');
  option.writeUInt32BE(value, 4);
  return option;
}

let nextPort = 20000;

/** Fields that a segment of the connection has unless the test says otherwise. */
export type Part = Partial<Pick<Segment, 'flags' | 'payload' | 'window' | 'tcpOptions' | 'options' | 'fragment'>> & {
  /** Bytes from the stream's beginning; the first byte behind the SYN is 0. */
  readonly at?: number;
  /** The same of the other end's stream. */
  readonly ack?: number;
};

export class JudgedConnection {
  readonly port = nextPort++;
  readonly #bench: TapBench;
  readonly #family: Family;
  readonly serverPort: number;
  /** False: many segments are played, and nobody asks what became of each. */
  counted = true;
  clientIsn: number;
  serverIsn: number;

  constructor(bench: TapBench, { family = ipv4, clientIsn = 1000, serverIsn = 5000, serverPort = 80 } = {}) {
    this.#bench = bench;
    this.#family = family;
    this.clientIsn = clientIsn;
    this.serverIsn = serverIsn;
    this.serverPort = serverPort;
  }

  /** SYN, SYN-ACK, ACK. @returns what became of each */
  open(options: Uint8Array = linuxOptions): string[] {
    return [
      this.client({ flags: 'S', at: -1, tcpOptions: options }),
      this.server({ flags: 'SA', at: -1, tcpOptions: options }),
      this.client({ at: 0 }),
    ];
  }

  /** @returns e.g. `pass judged` */
  client(part: Part): string {
    return this.#run(this.#family.direction === 'egress', this.#frame(true, part));
  }

  /** As `client` and `server`, with the checksums that a wire asks for. @returns what became of it, and the frame that goes on */
  onWire(fromClient: boolean, part: Part): Outcome {
    const sent = this.wireFrame(fromClient, part);
    const fromEndpoint = fromClient === (this.#family.direction === 'egress');
    return fromEndpoint ? this.#bench.fromEndpoint(sent) : this.#bench.toEndpoint(sent);
  }

  /** A segment with right checksums. */
  wireFrame(fromClient: boolean, part: Part): Buffer {
    const made = this.#frame(fromClient, part);
    bringUpToDate(made, made.subarray(0, 6), part.window ?? 0xffff);
    if (made.readUInt16BE(12) === 0x0800) made.writeUInt16BE(checksumOf(sumOf(made.subarray(14, 34))), 24);
    return made;
  }

  server(part: Part): string {
    return this.#run(this.#family.direction === 'ingress', this.#frame(false, part));
  }

  /** @returns nanoseconds that the tap took for it @throws {Error} when it does not pass */
  time(fromClient: boolean, part: Part): number {
    return this.#bench.time(fromClient === (this.#family.direction === 'egress'), this.#frame(fromClient, part));
  }

  #frame(fromClient: boolean, { at = 0, ack = 0, flags = 'A', ...rest }: Part): Buffer {
    const [own, other] = fromClient ? [this.clientIsn, this.serverIsn] : [this.serverIsn, this.clientIsn];
    return frame({
      ...this.#ends(fromClient),
      sequence: own + 1 + at,
      acknowledgement: other + 1 + ack,
      flags,
      ...rest,
    });
  }

  /** What a socket of the proxy sends in the name of one of the ends. @returns e.g. `redirect reinjected`, or why not */
  proxy(inNameOf: 'client' | 'server', part: Part): string {
    const { direction } = this.#family;
    const { action, reasons } = this.#bench.fromProxy(direction, this.#frame(inNameOf === 'client', part));
    return [action, ...reasons].join(' ');
  }

  /** An empty segment of the client. */
  get segment(): Buffer {
    return frame({ ...this.#ends(true), flags: 'A' });
  }

  get key(): Buffer {
    const key = Buffer.alloc(flow_key.size);
    const { source, destination } = this.#ends(true);
    writeAddress(source, key, flow_key.client.offset);
    writeAddress(destination, key, flow_key.server.offset);
    key.writeUInt16BE(this.port, flow_key.client_port.offset);
    key.writeUInt16BE(this.serverPort, flow_key.server_port.offset);
    key[flow_key.protocol.offset] = 6;
    key[flow_key.direction.offset] = directions[this.#family.direction];
    return key;
  }

  /** `struct stream`; undefined: it has none. */
  get stream(): Buffer | undefined {
    return this.#bench.map('streams').get(this.key);
  }

  get mode(): number | undefined {
    return this.stream?.readUInt8(stream.mode.offset);
  }

  get doubt(): number | undefined {
    return this.stream?.readUInt8(stream.doubt.offset);
  }

  get bodyLeft(): bigint | undefined {
    return this.stream?.readBigUInt64LE(stream.body_left.offset);
  }

  side(name: 'client' | 'server'): Record<keyof Omit<typeof stream_side, 'size'>, number> {
    const value = this.stream;
    if (!value) throw new Error('the connection has no stream');
    const read = ({ offset, size }: { offset: number; size: number }): number =>
      value.readUIntLE(stream[name].offset + offset, size);
    return {
      next: read(stream_side.next),
      acked: read(stream_side.acked),
      timestamp: read(stream_side.timestamp),
      window: read(stream_side.window),
      mss: read(stream_side.mss),
      scale: read(stream_side.scale),
      options: read(stream_side.options),
      fin: read(stream_side.fin),
    };
  }

  /** @returns enum steered */
  steer(
    command: number,
    {
      generation = this.generation,
      clientNext = 0,
      serverNext = 0,
      serverAcked = undefined as number | undefined,
    } = {},
  ): number {
    const data = Buffer.alloc(steering.size);
    this.key.copy(data, steering.flow.offset);
    data.writeBigUInt64LE(generation, steering.generation.offset);
    data.writeUInt32LE(command, steering.command.offset);
    data.writeUInt32LE((this.clientIsn + 1 + clientNext) >>> 0, steering.client_next.offset);
    data.writeUInt32LE((this.serverIsn + 1 + serverNext) >>> 0, steering.server_next.offset);
    data.writeUInt32LE((this.serverIsn + 1 + (serverAcked ?? serverNext)) >>> 0, steering.server_acked.offset);
    return this.#bench.steer(data);
  }

  get generation(): bigint {
    return this.stream?.readBigUInt64LE(stream.generation.offset) ?? 0n;
  }

  #run(fromEndpoint: boolean, packet: Buffer): string {
    if (!this.counted) {
      this.#bench.play(fromEndpoint, packet);
      return 'not counted';
    }
    const { action, reasons } = fromEndpoint ? this.#bench.fromEndpoint(packet) : this.#bench.toEndpoint(packet);
    return [action, ...reasons].join(' ');
  }

  #ends(fromClient: boolean): Pick<Segment, 'source' | 'destination' | 'sourcePort' | 'destinationPort'> {
    const { self, peer, direction } = this.#family;
    const [client, server] = direction === 'egress' ? [self, peer] : [peer, self];
    return fromClient
      ? { source: client, destination: server, sourcePort: this.port, destinationPort: this.serverPort }
      : { source: server, destination: client, sourcePort: this.serverPort, destinationPort: this.port };
  }
}
