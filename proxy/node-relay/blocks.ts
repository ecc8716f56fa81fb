/**
 * The memory that bytes pass through: blocks of one size, shared by all sockets of a thread and used again.
 *
 * A socket that moves little reads into `landing`, which all of them share, and what came is copied to the thread's
 * open block: Node keeps a pointer into what it could not write at once, so a shared buffer must never be written from.
 * A socket that moves much owns a block and is written from without a copy.
 */

export const blockBytes = 64 * 1024;

/** Reads up to this size are copied: about a microsecond, against 64 KiB held by every connection. */
export const smallBytes = 16 * 1024;

/** Free blocks a thread keeps, 4 MiB; what a burst needed beyond goes back to the allocator. */
const spareBlocks = 64;

const spare: Block[] = [];

export class Block {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(blockBytes);
  /** Bytes given out; only the open block fills up piece by piece. */
  used = 0;
  #holders = 0;

  get shared(): boolean {
    return this.#holders > 1;
  }

  hold(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    this.used = 0;
    if (this !== open && spare.length < spareBlocks) spare.push(this);
  }
}

let open = new Block();

export const landing: Buffer = Buffer.allocUnsafeSlow(blockBytes);

export function takeBlock(): Block {
  return spare.pop() ?? new Block();
}

/** The open block, with room for `count` bytes at `used`; the caller holds it before it gives up control. */
export function openBlock(count: number): Block {
  if (open.used + count > blockBytes) open = takeBlock();
  return open;
}
