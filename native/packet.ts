/** Frames sent as they are, from any interface of this process' network namespace. */

import { binding } from './binding.ts';

/** @param mark of what it sends (SO_MARK). @returns a descriptor, the caller's to close. @throws {NativeError} SOCKET */
export function packetSocket(mark: number): number {
  return binding.packetSocket(mark);
}

/** @param frame with its Ethernet header. @returns false: the interface did not take it. @throws {NativeError} ARGUMENT */
export function sendFrame(fd: number, ifindex: number, frame: Uint8Array): boolean {
  return binding.sendFrame(fd, ifindex, frame);
}
