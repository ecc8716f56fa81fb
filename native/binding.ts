/** The addon itself: built to build/sluice.node, loaded once an environment, seen by the files of this folder only. */

import { fileURLToPath } from 'node:url';
import type { Said } from './command.ts';
import { NativeError } from './error.ts';

declare const kind: unique symbol;
/** A kernel object held by the addon; closed when it is collected, at the latest. */
interface Handle<Kind extends string> {
  readonly [kind]: Kind;
}
export type ObjectHandle = Handle<'object'>;
export type MapHandle = Handle<'map'>;
export type ProgramHandle = Handle<'program'>;
export type LinkHandle = Handle<'link'>;
export type RingHandle = Handle<'ring'>;
export type AttemptHandle = Handle<'attempt'>;
export type AcceptorHandle = Handle<'acceptor'>;
export type MessagesHandle = Handle<'messages'>;
export type MessageListenerHandle = Handle<'message-listener'>;

/** Signatures of addon.cc's exports. Each throws NativeError; the addon checks every size itself. */
export interface Binding {
  setErrorClass(errorClass: typeof NativeError): void;
  closeHandle(
    handle:
      | ObjectHandle
      | MapHandle
      | ProgramHandle
      | LinkHandle
      | RingHandle
      | AttemptHandle
      | AcceptorHandle
      | MessagesHandle
      | MessageListenerHandle,
  ): void;

  objectOpen(image: Uint8Array, name: string): ObjectHandle;
  objectSetRodata(object: ObjectHandle, variable: string, value: Uint8Array): void;
  objectSetMaxEntries(object: ObjectHandle, map: string, maxEntries: number): void;
  objectReuseMap(object: ObjectHandle, name: string, map: MapHandle): void;
  objectSetAutoload(object: ObjectHandle, program: string, autoload: boolean): void;
  objectLoad(object: ObjectHandle): void;
  objectMap(object: ObjectHandle, name: string): MapHandle;
  objectProgram(object: ObjectHandle, name: string): ProgramHandle;
  objectNames(object: ObjectHandle): { maps: string[]; programs: string[] };
  objectBtf(object: ObjectHandle): Buffer;

  mapCreate(options: Record<string, unknown>): MapHandle;
  mapFromId(id: number): MapHandle;
  mapFromFd(fd: number): MapHandle;
  mapOpenPinned(path: string): MapHandle;
  mapInfo(map: MapHandle): RawMapInfo;
  mapGet(map: MapHandle, key: Uint8Array): Buffer | undefined;
  mapGetInto(map: MapHandle, key: Uint8Array, value: Uint8Array): boolean;
  mapPut(map: MapHandle, key: Uint8Array, value: Uint8Array, flags: number): void;
  mapPutFd(map: MapHandle, key: Uint8Array, fd: number, flags: number): void;
  mapPutMap(map: MapHandle, key: Uint8Array, inner: MapHandle, flags: number): void;
  mapDelete(map: MapHandle, key: Uint8Array): boolean;
  mapPin(map: MapHandle, path: string): void;
  mapLookupBatch(
    map: MapHandle,
    from: Uint8Array | undefined,
    next: Uint8Array,
    keys: Uint8Array,
    values: Uint8Array,
    count: number,
  ): number | undefined;
  mapNextKey(map: MapHandle, key: Uint8Array | undefined, next: Uint8Array): boolean;
  mapUpdateBatch(map: MapHandle, keys: Uint8Array, values: Uint8Array, count: number): void;

  programInfo(program: ProgramHandle): RawProgramInfo;
  programTestRun(program: ProgramHandle, options: object): RawTestRun;
  programPin(program: ProgramHandle, path: string): void;
  programOpenPinned(path: string): ProgramHandle;
  programFromId(id: number): ProgramHandle;

  linkAttachTcx(program: ProgramHandle, ifindex: number, ingress: boolean, netns: number | undefined): LinkHandle;
  linkAttachXdp(program: ProgramHandle, ifindex: number, generic: boolean, netns: number | undefined): LinkHandle;
  linkAttachCgroup(program: ProgramHandle, cgroup: number, type: string): LinkHandle;
  linkAttachNetns(program: ProgramHandle, netns: number): LinkHandle;
  linkUpdate(link: LinkHandle, program: ProgramHandle): void;
  linkInfo(link: LinkHandle): RawLinkInfo;
  linkDetach(link: LinkHandle): void;
  linkPin(link: LinkHandle, path: string): void;
  linkOpenPinned(path: string): LinkHandle;
  clsactAttach(
    program: ProgramHandle,
    ifindex: number,
    ingress: boolean,
    netns: number | undefined,
  ): { handle: number; priority: number };
  clsactDetach(ifindex: number, ingress: boolean, handle: number, priority: number, netns: number | undefined): void;

  ringbufOpen(map: MapHandle, onRecords: (batch: Buffer, ends: Uint32Array) => void): RingHandle;
  ringbufConsume(ring: RingHandle): number;
  ringbufKeepAlive(ring: RingHandle, keep: boolean): void;

  netnsOpen(path: string): number;
  listenTransparent(options: object): number;
  upstreamSocket(options: object): number;
  acceptStart(fd: number, onAccepted: (fd: number, remote: RawAddress, local: RawAddress) => void): AcceptorHandle;
  connectStart(options: object, onEnd: (error: NativeError | undefined, fd: number | undefined) => void): AttemptHandle;
  resetFd(fd: number): void;
  endOnClose(fd: number): void;
  socketAddresses(fd: number): RawAddresses;
  tcpInfo(fd: number): RawTcpInfo;
  setTcpOptions(fd: number, options: object): void;
  sendNow(fd: number, bytes: Uint8Array, start: number, end: number): number;
  shutdownWrite(fd: number): void;
  duplicateFd(fd: number): number;
  closeFd(fd: number): void;

  packetSocket(mark: number): number;
  sendFrame(fd: number, ifindex: number, frame: Uint8Array): boolean;

  buildTakeover(options: object): { downstream: number; upstream: number };
  pauseSocket(fd: number): RawSnapshot;
  socketPosition(fd: number): RawPosition;
  silenceSocket(fd: number): void;
  resumeSocket(fd: number): void;
  connectionInfo(options: object): RawConnectionInfo | undefined;

  messageListen(path: string, onConnection: (fd: number) => void): MessageListenerHandle;
  messageConnect(path: string): number;
  messageOpen(fd: number, onMessage: (bytes: Buffer, fds: number[]) => void, onEnd: () => void): MessagesHandle;
  messageSend(messages: MessagesHandle, bytes: Uint8Array, fds: readonly number[]): number;

  runCommand(words: readonly string[], mostBytes: number): Promise<Said>;
  interfaceIndex(name: string, netns: number | undefined): number;
  bpffsMount(path: string): boolean;
  bpffsUnpin(path: string): boolean;
  lockFile(path: string): number | undefined;
  probe(kind: string, name: string): number;
}

export interface RawMapInfo {
  readonly fd: number;
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly valueBytes: number;
  readonly maxEntries: number;
  readonly flags: number;
}

export interface RawProgramInfo {
  readonly fd: number;
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly tag: string;
  readonly verifiedInstructions: number;
  readonly jitedBytes: number;
  readonly runTimeNs: bigint;
  readonly runCount: bigint;
}

export interface RawTestRun {
  readonly retval: number;
  readonly durationNs: number;
  readonly dataOut: Buffer;
  readonly ctxOut: Buffer;
}

export interface RawLinkInfo {
  readonly fd: number;
  readonly id: number;
  readonly type: string;
  readonly programId: number;
  readonly ifindex?: number;
  readonly netnsInode?: number;
  readonly cgroupId?: bigint;
}

export interface RawAddress {
  readonly address: string;
  readonly port: number;
}

export interface RawAddresses {
  readonly local: RawAddress;
  readonly remote?: RawAddress;
}

export interface RawSnapshot {
  readonly sndNext: number;
  readonly sndUnacked: number;
  readonly rcvNext: number;
  readonly peerWindow: number;
  readonly ownWindow: number;
  readonly scale?: { readonly peer: number; readonly own: number };
  readonly mss: number;
  readonly sackPermitted: boolean;
  readonly timestamp?: number;
}

export interface RawConnectionInfo {
  readonly unread: number;
  readonly unacknowledged: number;
  readonly layered: boolean;
  readonly sndMss: number;
  readonly timestamps: boolean;
  readonly sackPermitted: boolean;
  readonly scale?: { readonly peer: number; readonly own: number };
  readonly bytesAcked: number;
  readonly bytesReceived: number;
  readonly sentMsAgo: number;
  readonly receivedMsAgo: number;
  readonly peerWindow?: number;
  readonly ownWindow?: number;
}

export interface RawPosition {
  readonly sndNext: number;
  readonly sndUnacked: number;
  readonly rcvNext: number;
  readonly unread: number;
}

export interface RawTcpInfo {
  readonly state: string;
  readonly sndMss: number;
  readonly rcvMss: number;
  readonly rttUs: number;
  readonly retransmits: number;
  readonly bytesAcked: number;
  readonly bytesReceived: number;
  readonly options: {
    readonly timestamps: boolean;
    readonly sack: boolean;
    readonly windowScaling: boolean;
    readonly sndWscale: number;
    readonly rcvWscale: number;
  };
}

function load(): Binding {
  const path = fileURLToPath(new URL('../build/sluice.node', import.meta.url));
  const module = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (cause) {
    throw new Error(`cannot load ${path}: run \`make native\``, { cause });
  }
  const loaded = module.exports as Binding;
  loaded.setErrorClass(NativeError);
  return loaded;
}

export const binding: Binding = load();
