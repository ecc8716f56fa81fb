import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { binding, type ObjectHandle } from './binding.ts';
import { BpfMap } from './map.ts';
import { BpfProgram } from './program.ts';

/**
 * An ELF object of BPF programs and maps: opened, adjusted, loaded as a whole. Maps and programs taken from it have
 * descriptors of their own and outlive it.
 */
export class BpfObject implements Disposable {
  readonly #handle: ObjectHandle;

  private constructor(handle: ObjectHandle) {
    this.#handle = handle;
  }

  /** @throws {NativeError} BPF_OPEN; for a path also Node's own errors of reading it. */
  static open(source: string | Uint8Array): BpfObject {
    return typeof source === 'string'
      ? new BpfObject(binding.objectOpen(readFileSync(source), basename(source)))
      : new BpfObject(binding.objectOpen(source, 'object'));
  }

  /** Names of all maps (sections of globals too) and programs, in the object's order. */
  get names(): { readonly maps: readonly string[]; readonly programs: readonly string[] } {
    return binding.objectNames(this.#handle);
  }

  /** The object's BTF type information in its binary form (kernel's Documentation/bpf/btf.rst). */
  get btf(): Buffer {
    return binding.objectBtf(this.#handle);
  }

  /**
   * Sets a `const volatile` global before the load; the verifier sees it as a constant.
   * @param value in the machine's byte order, exactly as long as the variable
   * @throws {NativeError} NOT_FOUND, ARGUMENT
   */
  setRodata(variable: string, value: Uint8Array): void {
    binding.objectSetRodata(this.#handle, variable, value);
  }

  /** Changes a map's size before the load. */
  setMaxEntries(map: string, maxEntries: number): void {
    binding.objectSetMaxEntries(this.#handle, map, maxEntries);
  }

  /**
   * Uses a map that exists instead of creating one.
   * @throws {NativeError} BPF_LOAD when type, key size, value size or flags differ from the object's declaration
   */
  reuseMap(name: string, map: BpfMap): void {
    binding.objectReuseMap(this.#handle, name, map.handle);
  }

  setAutoload(program: string, autoload: boolean): void {
    binding.objectSetAutoload(this.#handle, program, autoload);
  }

  /** Creates the maps and loads the programs. @throws {NativeError} BPF_LOAD, its `log` ends with the verifier's last lines */
  load(): void {
    binding.objectLoad(this.#handle);
  }

  /** @throws {NativeError} NOT_FOUND; BPF_LOAD before `load()` */
  map(name: string): BpfMap {
    return BpfMap.of(binding.objectMap(this.#handle, name));
  }

  /** @throws {NativeError} NOT_FOUND; BPF_LOAD before `load()` or when it was not to be loaded */
  program(name: string): BpfProgram {
    return BpfProgram.of(binding.objectProgram(this.#handle, name));
  }

  close(): void {
    binding.closeHandle(this.#handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Opens an object by path or content, to be adjusted and loaded. */
export function openObject(source: string | Uint8Array): BpfObject {
  return BpfObject.open(source);
}
