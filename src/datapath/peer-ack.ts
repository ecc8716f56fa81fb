/**
 * An acknowledgement in a peer's name, for a socket that was rebuilt: it tells the socket the connection's round trip.
 *
 * Such a socket has no sample of it, and the kernel then takes a time-out of 3 s (tcp_init_metrics), where the end that it
 * stands in for had 200 ms and more. Data that a repaired socket counts as sent has no time of its own (TCPCB_REPAIRED), so
 * its sample is what the acknowledgement's TSecr says (RFC 7323 section 4): without timestamps there is none.
 */

import { flow_key } from './abi.generated.ts';
import { checksumOf, sumOf } from './checksum.ts';
import { bringUpToDate } from './held-frame.ts';
import type { Stream } from './stream.ts';

const ETHERNET = 14;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const TCP = 6;
const HOPS = 64;
const ACK = 0x10;
/** RFC 7323 appendix A: NOP, NOP, kind 8, length 10. */
const TIMESTAMPS = 0x0101080a;
const tcpBytes = 32;

/**
 * The frame as the interface of the proxy's namespace takes it, addressed to `mac`.
 * @param key `struct flow_key` @param fromClient the client acknowledges; else the server
 */
export function peerAck(key: Buffer, stream: Stream, fromClient: boolean, mac: Uint8Array): Buffer {
  const [peer, own] = fromClient ? [stream.client, stream.server] : [stream.server, stream.client];
  const [from, to] = fromClient ? (['client', 'server'] as const) : (['server', 'client'] as const);
  const source = key.subarray(flow_key[from].offset, flow_key[from].offset + 16);
  const destination = key.subarray(flow_key[to].offset, flow_key[to].offset + 16);
  const mapped = source.readUInt32BE(0) === 0 && source.readUInt32BE(4) === 0 && source.readUInt32BE(8) === 0xffff;
  const frame = mapped ? ipv4(source.subarray(12), destination.subarray(12)) : ipv6(source, destination);
  const at = frame.length - tcpBytes;
  key.copy(frame, at, flow_key[`${from}_port`].offset, flow_key[`${from}_port`].offset + 2);
  key.copy(frame, at + 2, flow_key[`${to}_port`].offset, flow_key[`${to}_port`].offset + 2);
  frame.writeUInt32BE(peer.next, at + 4);
  frame.writeUInt32BE(own.next, at + 8);
  frame.writeUInt8((tcpBytes / 4) << 4, at + 12);
  frame.writeUInt8(ACK, at + 13);
  frame.writeUInt32BE(TIMESTAMPS, at + 20);
  frame.writeUInt32BE(peer.timestamp, at + 24);
  const roundTrip = Math.ceil((fromClient ? stream.clientRtt : stream.serverRtt) / 1000);
  // The socket's clock begins one tick behind the last one of `own`. An echo of 0 says that there is none.
  frame.writeUInt32BE((own.timestamp + 1 - roundTrip) >>> 0 || 1, at + 28);
  bringUpToDate(frame, mac, peer.window);
  return frame;
}

function ipv4(source: Buffer, destination: Buffer): Buffer {
  const frame = Buffer.alloc(ETHERNET + 20 + tcpBytes);
  frame.writeUInt16BE(IPV4, 12);
  frame.writeUInt8(0x45, ETHERNET);
  frame.writeUInt16BE(20 + tcpBytes, ETHERNET + 2);
  frame.writeUInt8(HOPS, ETHERNET + 8);
  frame.writeUInt8(TCP, ETHERNET + 9);
  source.copy(frame, ETHERNET + 12);
  destination.copy(frame, ETHERNET + 16);
  frame.writeUInt16BE(checksumOf(sumOf(frame.subarray(ETHERNET, ETHERNET + 20))), ETHERNET + 10);
  return frame;
}

function ipv6(source: Buffer, destination: Buffer): Buffer {
  const frame = Buffer.alloc(ETHERNET + 40 + tcpBytes);
  frame.writeUInt16BE(IPV6, 12);
  frame.writeUInt8(0x60, ETHERNET);
  frame.writeUInt16BE(tcpBytes, ETHERNET + 4);
  frame.writeUInt8(TCP, ETHERNET + 6);
  frame.writeUInt8(HOPS, ETHERNET + 7);
  source.copy(frame, ETHERNET + 8);
  destination.copy(frame, ETHERNET + 24);
  return frame;
}
