/**
 * What leaves towards one peer: written once a turn, and only while the kernel took everything before. Until then bytes
 * wait here, small ones packed together, so that a peer which does not read costs what its backlog says and no more.
 */

import type { Socket } from 'node:net';
import { sendNow } from '../../native/index.ts';
import { type Block, blockBytes, smallBytes, takeBlock } from './blocks.ts';
import { coarseNow } from './clock.ts';
import type { RelaySocket } from './socket.ts';

interface Piece {
  /** Absent for bytes that are nobody's block. */
  readonly block: Block | undefined;
  readonly bytes: Buffer;
  start: number;
  end: number;
}

export class Outbox {
  readonly #socket: Socket;
  readonly #fd: number;
  readonly #onProgress: () => void;
  readonly #written = () => this.#afterWrite();
  #waiting: Piece[] = [];
  #waitingBytes = 0;
  /** Pieces that libuv points into. */
  #inFlight: Piece[] = [];
  /** The waiting tail's block that small pieces are packed into. */
  #packing: Block | undefined;
  #ending = false;
  #inFlightSince = 0;

  constructor({ socket, fd }: RelaySocket, onProgress: () => void) {
    this.#socket = socket;
    this.#fd = fd;
    this.#onProgress = onProgress;
  }

  get backlog(): number {
    return this.#inFlight.length === 0 ? this.#waitingBytes : this.#waitingBytes + this.#socket.writableLength;
  }

  /** FIN was asked for; nothing may follow. */
  get ending(): boolean {
    return this.#ending;
  }

  /** Nothing waits, nothing is half written, and more may follow. */
  get idle(): boolean {
    return this.backlog === 0 && this.#inFlight.length === 0 && !this.#ending;
  }

  /** For how long the kernel has taken nothing although something waits, ms; `now` as `coarseNow()`. */
  stalled(now: number): number {
    return this.#inFlight.length === 0 ? 0 : now - this.#inFlightSince;
  }

  /** Bytes of a block, kept without a copy unless they are few and have to wait. */
  add(block: Block | undefined, bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    this.#waitingBytes += end - start;
    const tail = this.#waiting.at(-1);
    if (tail !== undefined && tail.bytes === bytes && tail.end === start) {
      tail.end = end;
      return;
    }
    if (this.#inFlight.length > 0 && end - start <= smallBytes) this.#pack(bytes, start, end);
    else this.#push({ block, bytes, start, end });
  }

  end(): void {
    this.#ending = true;
  }

  /** Writes what waits, if the kernel has taken all before; then the FIN. */
  flush(): void {
    if (this.#inFlight.length > 0) return;
    if (this.#waiting.length > 0) this.#write();
    if (this.#ending && this.#inFlight.length === 0 && !this.#socket.writableEnded) this.#socket.end();
  }

  /** The socket is gone: nothing points into the blocks any more. */
  drop(): void {
    release(this.#inFlight);
    release(this.#waiting);
    this.#waitingBytes = 0;
    this.#packing = undefined;
  }

  #push(piece: Piece): void {
    piece.block?.hold();
    this.#waiting.push(piece);
  }

  #pack(bytes: Buffer, start: number, end: number): void {
    const count = end - start;
    let block = this.#packing;
    if (block === undefined || block.used + count > blockBytes) {
      block = takeBlock();
      this.#packing = block;
    }
    const at = block.used;
    bytes.copy(block.bytes, at, start, end);
    block.used = at + count;
    const tail = this.#waiting.at(-1);
    if (tail?.block === block && tail.end === at) tail.end = at + count;
    else this.#push({ block, bytes: block.bytes, start: at, end: at + count });
  }

  #write(): void {
    const pieces = this.#waiting;
    const [first] = pieces;
    const socket = this.#socket;
    if (first === undefined || !socket.writable) {
      this.drop();
      return;
    }
    // Nearly always this is all: Node's stream, for what the kernel does not take at once, costs a microsecond more.
    if (pieces.length === 1) first.start += sendNow(this.#fd, first.bytes, first.start, first.end);
    if (first.start < first.end) {
      socket.cork();
      for (const piece of pieces) socket.write(piece.bytes.subarray(piece.start, piece.end), this.#written);
      socket.uncork();
    }
    this.#waitingBytes = 0;
    this.#packing = undefined;
    if (socket.writableLength === 0) {
      release(pieces);
    } else {
      this.#waiting = this.#inFlight;
      this.#inFlight = pieces;
      this.#inFlightSince = coarseNow();
    }
  }

  /** Also called, one tick late, for writes that were complete at once. */
  #afterWrite(): void {
    if (this.#inFlight.length === 0 || this.#socket.writableLength > 0) return;
    release(this.#inFlight);
    this.#onProgress();
  }
}

function release(pieces: Piece[]): void {
  for (const { block } of pieces) block?.release();
  pieces.length = 0;
}
