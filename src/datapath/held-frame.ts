/** A frame that the kernel held at the tap, as the interface of the proxy's namespace takes it. */

import { takeover } from './abi.generated.ts';
import { checksumOf, sumOf } from './checksum.ts';

const ETHERNET = 14;
const IPV4 = 0x0800;
const TCP = 6;
const TCP_WINDOW = 14;
const TCP_CHECKSUM = 16;

export interface HeldFrame {
  readonly frame: Buffer;
  /** Of the client; else of the server. */
  readonly fromClient: boolean;
}

/** What a record of the ring `takeovers` holds, a copy; undefined: it was not kept. */
export function heldFrame(record: Buffer): HeldFrame | undefined {
  const length = record.readUInt32LE(takeover.length.offset);
  if (length === 0) return undefined;
  const frame = Buffer.from(record.subarray(takeover.frame.offset, takeover.frame.offset + length));
  return { frame, fromClient: record.readUInt8(takeover.from_client.offset) !== 0 };
}

/**
 * Makes the frame one that arrives now: addressed to `mac`, with the window that its sender has announced since, and with the
 * checksum that it may have left to the interface. The tap has seen that it is TCP right behind IP, and whole.
 * @param window as sent: not scaled
 */
export function bringUpToDate(frame: Buffer, mac: Uint8Array, window: number): void {
  frame.set(mac, 0);
  const ipv4 = frame.readUInt16BE(12) === IPV4;
  const header = ipv4 ? (frame.readUInt8(ETHERNET) & 15) * 4 : 40;
  const segment = ETHERNET + header;
  const end = ETHERNET + (ipv4 ? frame.readUInt16BE(ETHERNET + 2) : header + frame.readUInt16BE(ETHERNET + 4));
  const addresses = ipv4 ? frame.subarray(ETHERNET + 12, ETHERNET + 20) : frame.subarray(ETHERNET + 8, ETHERNET + 40);
  frame.writeUInt16BE(window, segment + TCP_WINDOW);
  frame.writeUInt16BE(0, segment + TCP_CHECKSUM);
  // RFC 9293 section 3.1: both addresses, protocol and length, then the segment.
  const sum = sumOf(addresses) + TCP + (end - segment) + sumOf(frame.subarray(segment, end));
  frame.writeUInt16BE(checksumOf(sum), segment + TCP_CHECKSUM);
}
