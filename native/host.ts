/** Small things of the host that Node has no call for. */

import { binding } from './binding.ts';

/**
 * Mounts the BPF filesystem, for root only, unless it is there; makes the last directory of the path.
 * @returns whether this call mounted it @throws {NativeError} MOUNT, PIN
 */
export function mountBpffs(path: string): boolean {
  return binding.bpffsMount(path);
}

/** Removes a pin of any kind. @returns whether there was one @throws {NativeError} PIN: also for paths outside a BPF filesystem */
export function unpin(path: string): boolean {
  return binding.bpffsUnpin(path);
}

/**
 * Takes an exclusive lock (flock) on a file, made if missing. It ends when the descriptor is closed or the process dies.
 * @returns the descriptor, or undefined: another holds it @throws {NativeError} LOCK
 */
export function lockFile(path: string): number | undefined {
  return binding.lockFile(path);
}
