/** What the running kernel can do, found by trying; nothing of the host is changed. */

import { getSystemErrorName } from 'node:util';
import { binding } from './binding.ts';

/** `netns`: a namespace of one's own can be made and left again. */
export type HostFeature = 'netns' | 'tcx' | 'clsact' | 'ip_transparent' | 'ipv6_transparent' | 'tcp_repair';

/** Why something can't be used, as the kernel's error (EPERM: without root nobody knows); undefined when it can be. */
export type Unsupported = string | undefined;

/** @param type libbpf's name of it, e.g. `sk_lookup` @throws {NativeError} ARGUMENT: there is no such name */
export function probeProgram(type: string): Unsupported {
  return nameOf(binding.probe('program', type));
}

/** @param type libbpf's name of it, e.g. `ringbuf` @throws {NativeError} ARGUMENT */
export function probeMap(type: string): Unsupported {
  return nameOf(binding.probe('map', type));
}

/** @param helper as traffic programs call it, without `bpf_` @throws {NativeError} ARGUMENT */
export function probeHelper(helper: string): Unsupported {
  return nameOf(binding.probe('helper', helper));
}

export function probeHost(feature: HostFeature): Unsupported {
  return nameOf(binding.probe('host', feature));
}

function nameOf(error: number): Unsupported {
  return error === 0 ? undefined : getSystemErrorName(-error);
}
