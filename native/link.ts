import { closeSync, constants, openSync } from 'node:fs';
import { binding, type LinkHandle, type RawLinkInfo } from './binding.ts';
import { openNetns } from './netns.ts';
import type { BpfProgram } from './program.ts';

/** `programId` is 0 and `ifindex` 0 once the interface is gone or the link was detached. */
export type LinkInfo = RawLinkInfo;

/** As the interface sees it: `ingress` is what the host receives there. */
export type TrafficDirection = 'ingress' | 'egress';

export interface TcxAttachment {
  readonly program: BpfProgram;
  readonly ifindex: number;
  readonly direction: TrafficDirection;
  /** Descriptor of the namespace that `ifindex` belongs to; unless given, the thread's own. */
  readonly netns?: number;
}

export interface XdpAttachment {
  readonly program: BpfProgram;
  readonly ifindex: number;
  /** Without the driver's support: slower, works everywhere. */
  readonly generic?: boolean;
  readonly netns?: number;
}

/** Kernel's names of attach types that start with `cgroup_`, for example `cgroup_inet4_connect`. */
export interface CgroupAttachment {
  readonly program: BpfProgram;
  readonly path: string;
  readonly type: `cgroup_${string}`;
}

/** An attachment that lives as long as this object, its descriptor in another process, or its pin. */
export class BpfLink implements Disposable {
  readonly #handle: LinkHandle;

  private constructor(handle: LinkHandle) {
    this.#handle = handle;
  }

  /** Before all other tcx programs of the interface (kernel 6.6). @throws {NativeError} BPF_ATTACH, NETNS */
  static attachTcx({ program, ifindex, direction, netns }: TcxAttachment): BpfLink {
    return new BpfLink(binding.linkAttachTcx(program.handle, ifindex, direction === 'ingress', netns));
  }

  /** @throws {NativeError} BPF_ATTACH, NETNS */
  static attachXdp({ program, ifindex, generic = false, netns }: XdpAttachment): BpfLink {
    return new BpfLink(binding.linkAttachXdp(program.handle, ifindex, generic, netns));
  }

  /** @throws {NativeError} BPF_ATTACH; Node's own errors of opening the cgroup */
  static attachCgroup({ program, path, type }: CgroupAttachment): BpfLink {
    const cgroup = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      return new BpfLink(binding.linkAttachCgroup(program.handle, cgroup, type));
    } finally {
      closeSync(cgroup);
    }
  }

  /** An sk_lookup program to a network namespace, by descriptor or path. @throws {NativeError} BPF_ATTACH, NETNS */
  static attachNetns({ program, netns }: { program: BpfProgram; netns: number | string }): BpfLink {
    const fd = typeof netns === 'string' ? openNetns(netns) : netns;
    try {
      return new BpfLink(binding.linkAttachNetns(program.handle, fd));
    } finally {
      if (typeof netns === 'string') binding.closeFd(fd);
    }
  }

  /** @throws {NativeError} PIN, KIND */
  static openPinned(path: string): BpfLink {
    return new BpfLink(binding.linkOpenPinned(path));
  }

  get info(): LinkInfo {
    return binding.linkInfo(this.#handle);
  }

  /** Puts another program in place; each packet sees either the old or the new one. @throws {NativeError} BPF_LINK */
  update(program: BpfProgram): void {
    binding.linkUpdate(this.#handle, program.handle);
  }

  /** Ends the attachment for all holders; `close()` is still due. @throws {NativeError} BPF_LINK */
  detach(): void {
    binding.linkDetach(this.#handle);
  }

  /** @throws {NativeError} PIN */
  pin(path: string): void {
    binding.linkPin(this.#handle, path);
  }

  close(): void {
    binding.closeHandle(this.#handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** An attachment of kernels before 6.6: it stays until `detach()`, even when the process dies. */
export class ClsactAttachment {
  readonly #where: TcxAttachment;
  readonly #place: { readonly handle: number; readonly priority: number };

  private constructor(where: TcxAttachment, place: { handle: number; priority: number }) {
    this.#where = where;
    this.#place = place;
  }

  /** Adds the clsact qdisc where it is missing. @throws {NativeError} BPF_ATTACH, NETNS */
  static attach(where: TcxAttachment): ClsactAttachment {
    const { program, ifindex, direction, netns } = where;
    return new ClsactAttachment(where, binding.clsactAttach(program.handle, ifindex, direction === 'ingress', netns));
  }

  /** Leaves the qdisc: others may use it. @throws {NativeError} BPF_ATTACH */
  detach(): void {
    const { ifindex, direction, netns } = this.#where;
    binding.clsactDetach(ifindex, direction === 'ingress', this.#place.handle, this.#place.priority, netns);
  }
}

/** `BpfLink.attachTcx` for kernels without tcx. */
export function attachClsact(where: TcxAttachment): ClsactAttachment {
  return ClsactAttachment.attach(where);
}
