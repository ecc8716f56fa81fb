import { type Binding, binding, type MapHandle, type RawMapInfo } from './binding.ts';
import { NativeError } from './error.ts';
import { readEntries, readKeySlices } from './map-entries.ts';

/** `type` is the kernel's name: `hash`, `lpm_trie`, `array_of_maps`... */
export type MapInfo = Omit<RawMapInfo, 'fd' | 'valueBytes'>;

export interface MapCreation {
  readonly type: string;
  /** At most 15 bytes of `[A-Za-z0-9_.]`. */
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_..., for example 1 (BPF_F_NO_PREALLOC), which lpm_trie needs. */
  readonly flags?: number;
  /** The shape of the values of `array_of_maps` and `hash_of_maps`. */
  readonly innerMap?: BpfMap;
}

/** Flags of `put` (BPF_ANY, BPF_NOEXIST, BPF_EXIST). */
export const putFlags = { any: 0, onlyNew: 1, onlyExisting: 2 } as const;

/**
 * A BPF map. Keys and values are bytes in the machine's order, exactly as long as the map says: any other length is
 * refused with ARGUMENT. The values of per-CPU maps are all possible CPUs' values, each padded to 8 bytes, in a row.
 */
export class BpfMap implements Disposable {
  /** For the other classes of this folder. */
  readonly handle: MapHandle;
  readonly #info: RawMapInfo;

  private constructor(handle: MapHandle) {
    this.handle = handle;
    this.#info = binding.mapInfo(handle);
  }

  /** For the other classes of this folder. */
  static of(handle: MapHandle): BpfMap {
    return new BpfMap(handle);
  }

  /** @throws {NativeError} MAP_CREATE, ARGUMENT */
  static create(options: MapCreation): BpfMap {
    return new BpfMap(binding.mapCreate({ ...options, innerMap: options.innerMap?.handle }));
  }

  /** @throws {NativeError} PIN, KIND */
  static openPinned(path: string): BpfMap {
    return new BpfMap(binding.mapOpenPinned(path));
  }

  /** What `get` of a map of maps gives is such an id. @throws {NativeError} MAP_OPEN */
  static fromId(id: number): BpfMap {
    return new BpfMap(binding.mapFromId(id));
  }

  /** Another hold on the same map, from a worker's number of the main thread's descriptor. @throws {NativeError} MAP_OPEN, KIND */
  static fromFd(fd: number): BpfMap {
    return new BpfMap(binding.mapFromFd(fd));
  }

  get info(): MapInfo {
    const { fd: _, valueBytes: __, ...info } = this.#info;
    return info;
  }

  /** Valid until `close()`; any thread of the process may give it to `fromFd`. */
  get fd(): number {
    return binding.mapInfo(this.handle).fd;
  }

  /** Length of what `get` gives and `put` takes, bytes; differs from `info.valueSize` for per-CPU maps. */
  get valueBytes(): number {
    return this.#info.valueBytes;
  }

  /** @throws {NativeError} MAP_GET */
  get(key: Uint8Array): Buffer | undefined {
    return binding.mapGet(this.handle, key);
  }

  /** As `get`, without allocation: fills `value`, or answers false and leaves it. */
  getInto(key: Uint8Array, value: Uint8Array): boolean {
    return binding.mapGetInto(this.handle, key, value);
  }

  /** @throws {NativeError} MAP_PUT: E2BIG when the map is full, EEXIST and ENOENT by `flags` */
  put(key: Uint8Array, value: Uint8Array, flags: number = putFlags.any): void {
    binding.mapPut(this.handle, key, value, flags);
  }

  /** Puts a map into a map of maps. The swap is atomic for programs that look it up. */
  putMap(key: Uint8Array, inner: BpfMap): void {
    binding.mapPutMap(this.handle, key, inner.handle, putFlags.any);
  }

  /** Puts a socket, program or cgroup into a map of such. */
  putFd(key: Uint8Array, fd: number): void {
    binding.mapPutFd(this.handle, key, fd, putFlags.any);
  }

  /** Puts many in few system calls. Not atomic: after a failure some are put, the message says how many of the last batch. */
  putBatch(entries: Iterable<readonly [key: Uint8Array, value: Uint8Array]>): void {
    const { keySize } = this.#info;
    const atOnce = 4096;
    const keys = Buffer.alloc(keySize * atOnce);
    const values = Buffer.alloc(this.valueBytes * atOnce);
    let count = 0;
    const flush = (): void => {
      if (count > 0)
        this.#putBatch(keys.subarray(0, count * keySize), values.subarray(0, count * this.valueBytes), count);
      count = 0;
    };
    for (const [key, value] of entries) {
      if (key.length !== keySize || value.length !== this.valueBytes) {
        const lengths = `${key.length} and ${value.length}, not ${keySize} and ${this.valueBytes}`;
        throw new NativeError(`key and value of map ${this.#info.name} have ${lengths} bytes`, 'ARGUMENT', 0, '');
      }
      keys.set(key, count * keySize);
      values.set(value, count * this.valueBytes);
      if (++count === atOnce) flush();
    }
    flush();
  }

  /** @returns whether there was such an entry @throws {NativeError} MAP_DELETE */
  delete(key: Uint8Array): boolean {
    return binding.mapDelete(this.handle, key);
  }

  /**
   * All entries; they may be deleted on the way. An entry that is put or removed meanwhile (by a program, too) may come or
   * not; none comes twice unless it was put again.
   */
  entries(): Generator<[key: Buffer, value: Buffer]> {
    return readEntries(this.handle, this.#info);
  }

  /**
   * The keys of a hash table side by side, some `atOnce` a slice; one is read, by one system call, when it is asked for, and is in
   * the same memory as the one before. The same holds as for `entries`.
   */
  keySlices(atOnce: number): Generator<Buffer> {
    return readKeySlices(this.handle, this.#info, atOnce);
  }

  /** @throws {NativeError} PIN: EEXIST when the path is taken */
  pin(path: string): void {
    binding.mapPin(this.handle, path);
  }

  close(): void {
    binding.closeHandle(this.handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #putBatch(...args: Tail<Parameters<Binding['mapUpdateBatch']>>): void {
    binding.mapUpdateBatch(this.handle, ...args);
  }
}

type Tail<All extends unknown[]> = All extends [unknown, ...infer Rest] ? Rest : never;
