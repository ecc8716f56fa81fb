/** Frames for BPF_PROG_TEST_RUN, made field by field. */

import { writeAddress } from '../../src/datapath/address-bytes.ts';

export interface Segment {
  readonly source: string;
  readonly destination: string;
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** TCP flags by letter: S, A, F, R, P, U. */
  readonly flags?: string;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly payload?: string | Uint8Array;
  readonly window?: number;
  /** TCP options, padded to a multiple of four bytes. */
  readonly tcpOptions?: Uint8Array;
  /** Bytes between the IP header and the transport header: IPv4 options or an IPv6 hop-by-hop header. */
  readonly options?: boolean;
  /** Offset of this fragment in bytes, and whether more follow. */
  readonly fragment?: { readonly offset: number; readonly more: boolean; readonly id: number };
  readonly etherType?: number;
}

export const protocols = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;
const flagBits: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32 };

export function frame(segment: Segment): Buffer {
  const transport = transportOf(segment);
  const ipv6 = segment.source.includes(':');
  const ip = ipv6 ? ipv6Header(segment, transport.length) : ipv4Header(segment, transport.length);
  const ethernet = Buffer.alloc(14, 2);
  ethernet.writeUInt16BE(segment.etherType ?? (ipv6 ? 0x86dd : 0x0800), 12);
  return Buffer.concat([ethernet, ip, transport]);
}

/** An ICMP error that quotes `about`. */
export function icmpError(source: string, destination: string, about: Segment): Buffer {
  const ipv6 = source.includes(':');
  const quoted = frame(about).subarray(14);
  const header = Buffer.alloc(8);
  header[0] = ipv6 ? 1 : 3;
  const transport = Buffer.concat([header, quoted]);
  const segment = { source, destination, protocol: ipv6 ? protocols.icmp6 : protocols.icmp };
  const ip = ipv6 ? ipv6Header(segment, transport.length) : ipv4Header(segment, transport.length);
  const ethernet = Buffer.alloc(14, 2);
  ethernet.writeUInt16BE(ipv6 ? 0x86dd : 0x0800, 12);
  return Buffer.concat([ethernet, ip, transport]);
}

function transportOf(segment: Segment): Buffer {
  const payload =
    typeof segment.payload === 'object' ? Buffer.from(segment.payload) : Buffer.from(segment.payload ?? '', 'latin1');
  const protocol = segment.protocol ?? protocols.tcp;
  if (segment.fragment && segment.fragment.offset > 0) return payload;
  if (protocol === protocols.tcp) {
    const options = segment.tcpOptions ?? Buffer.alloc(0);
    const tcp = Buffer.alloc(20 + options.length);
    tcp.writeUInt16BE(segment.sourcePort ?? 0, 0);
    tcp.writeUInt16BE(segment.destinationPort ?? 0, 2);
    tcp.writeUInt32BE((segment.sequence ?? 1) >>> 0, 4);
    tcp.writeUInt32BE((segment.acknowledgement ?? 0) >>> 0, 8);
    tcp[12] = (tcp.length / 4) << 4;
    tcp[13] = Array.from(segment.flags ?? 'A').reduce((bits, flag) => bits | (flagBits[flag] ?? 0), 0);
    tcp.writeUInt16BE(segment.window ?? 0xffff, 14);
    tcp.set(options, 20);
    return Buffer.concat([tcp, payload]);
  }
  const header = Buffer.alloc(8);
  if (protocol === protocols.udp) {
    header.writeUInt16BE(segment.sourcePort ?? 0, 0);
    header.writeUInt16BE(segment.destinationPort ?? 0, 2);
    header.writeUInt16BE(8 + payload.length, 4);
  } else {
    // ICMP: the "destination port" is the type, the "source port" the identifier.
    header[0] = segment.destinationPort ?? 8;
    header.writeUInt16BE(segment.sourcePort ?? 0, 4);
  }
  return Buffer.concat([header, payload]);
}

function ipv4Header(segment: Segment, length: number): Buffer {
  const header = Buffer.alloc(segment.options ? 24 : 20);
  header[0] = 0x40 | (header.length / 4);
  header.writeUInt16BE(header.length + length, 2);
  if (segment.fragment) {
    header.writeUInt16BE(segment.fragment.id, 4);
    header.writeUInt16BE((segment.fragment.more ? 0x2000 : 0) | (segment.fragment.offset / 8), 6);
  }
  header[8] = 64;
  header[9] = segment.protocol ?? protocols.tcp;
  const mapped = Buffer.alloc(16);
  writeAddress(segment.source, mapped, 0);
  mapped.copy(header, 12, 12);
  writeAddress(segment.destination, mapped, 0);
  mapped.copy(header, 16, 12);
  if (segment.options) header.fill(1, 20);
  return header;
}

function ipv6Header(segment: Segment, length: number): Buffer {
  const protocol = segment.protocol ?? protocols.tcp;
  const extension = segment.options ? Buffer.from([protocol, 0, 1, 4, 0, 0, 0, 0]) : Buffer.alloc(0);
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(extension.length + length, 4);
  header[6] = segment.options ? 0 : protocol;
  header[7] = 64;
  writeAddress(segment.source, header, 8);
  writeAddress(segment.destination, header, 24);
  return Buffer.concat([header, extension]);
}
