import { binding } from './binding.ts';

/** Opens a network namespace by path (`/run/netns/<name>`, `/proc/<pid>/ns/net`). Close with `closeFd`. @throws {NativeError} NETNS */
export function openNetns(path: string): number {
  return binding.netnsOpen(path);
}

/** Number of an interface in a namespace; unless given, in the thread's own. @throws {NativeError} INTERFACE, NETNS */
export function ifindex(name: string, netns?: number): number {
  return binding.interfaceIndex(name, netns);
}
