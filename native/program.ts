import { binding, type ProgramHandle, type RawProgramInfo, type RawTestRun } from './binding.ts';

/** `runTimeNs` and `runCount` stay 0 unless `kernel.bpf_stats_enabled` is set. */
export type ProgramInfo = RawProgramInfo;

export interface TestRunOptions {
  /** The packet, from its Ethernet header on. */
  readonly data?: Uint8Array;
  /** The program's context: `struct __sk_buff`, `struct bpf_sk_lookup`... */
  readonly ctx?: Uint8Array;
  /** Runs, for timing; 1 unless given. */
  readonly repeat?: number;
  /** Room for the packet that comes out, bytes; unless given the packet's length and 256. */
  readonly dataSizeOut?: number;
}

/** `durationNs` is the mean of one run. */
export type TestRun = RawTestRun;

/** A loaded program. */
export class BpfProgram implements Disposable {
  /** For the other classes of this folder. */
  readonly handle: ProgramHandle;

  private constructor(handle: ProgramHandle) {
    this.handle = handle;
  }

  /** For the other classes of this folder. */
  static of(handle: ProgramHandle): BpfProgram {
    return new BpfProgram(handle);
  }

  /** @throws {NativeError} PIN, KIND */
  static openPinned(path: string): BpfProgram {
    return new BpfProgram(binding.programOpenPinned(path));
  }

  /** @throws {NativeError} BPF_PROG */
  static fromId(id: number): BpfProgram {
    return new BpfProgram(binding.programFromId(id));
  }

  get info(): ProgramInfo {
    return binding.programInfo(this.handle);
  }

  /** Runs it by BPF_PROG_TEST_RUN; no traffic is involved. @throws {NativeError} BPF_PROG, ARGUMENT */
  testRun(options: TestRunOptions): TestRun {
    return binding.programTestRun(this.handle, options);
  }

  /** @throws {NativeError} PIN */
  pin(path: string): void {
    binding.programPin(this.handle, path);
  }

  close(): void {
    binding.closeHandle(this.handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
