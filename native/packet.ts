/** Frames sent as they are, from any interface of this process' network namespace. */

import { binding } from './binding.ts';

/** @returns a descriptor, the caller's to close. @throws {NativeError} SOCKET */
export function packetSocket(): number {
  return binding.packetSocket();
}

/** @param frame with its Ethernet header. @returns false: the interface did not take it. @throws {NativeError} ARGUMENT */
export function sendFrame(fd: number, ifindex: number, frame: Uint8Array): boolean {
  return binding.sendFrame(fd, ifindex, frame);
}
