/**
 * One connected socket of a relay: Node's, read without its stream machinery.
 *
 * Measured with Node 24.21 on loopback: a `net.Socket` that emits `data` allocates 64 KiB a read; with `onread` it reads
 * into a buffer of ours. `write` hands the bytes to the kernel before it returns, and `writableLength` is 0 afterwards
 * exactly when the kernel took all of them; otherwise libuv keeps a pointer to the rest until the callback.
 */

import net from 'node:net';
import { endOnClose, silenceSocket } from '../../native/index.ts';
import { type Block, blockBytes, landing, openBlock, smallBytes, takeBlock } from './blocks.ts';

export interface Receiver {
  /** `block.bytes` from `start` to `end` arrived; whoever keeps them holds the block. */
  onBytes(block: Block, start: number, end: number): void;
  onEnd(): void;
  onError(): void;
  onClose(): void;
}

export class RelaySocket {
  readonly socket: net.Socket;
  /** Node's: valid until the socket is destroyed. */
  readonly fd: number;
  #receiver: Receiver | undefined;
  #own: Block | undefined;

  /** @param fd a connected, non-blocking TCP socket, which Node owns from here on */
  constructor(fd: number) {
    this.fd = fd;
    this.socket = new net.Socket({
      fd,
      allowHalfOpen: true,
      onread: { buffer: () => this.#own?.bytes ?? landing, callback: (count) => this.#read(count) },
    });
    // Reading begins with the relay; nothing can arrive before the event loop turns.
    this.socket.pause();
    this.socket.setNoDelay(true);
    this.socket.on('end', () => this.#receiver?.onEnd());
    this.socket.on('error', () => this.#receiver?.onError());
    this.socket.on('finish', () => this.#finished());
    this.socket.on('close', () => this.#closed());
  }

  receive(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  /** Closes with an RST. libuv refuses to while a FIN is on its way (EINVAL, and the handle would leak): then after it. */
  reset(): void {
    const { socket } = this;
    if (socket.destroyed) return;
    if (socket.writableEnded && !socket.writableFinished) socket.once('finish', () => this.#resetNow());
    else socket.resetAndDestroy();
  }

  /** Lets go. The peer hears nothing if the connection has another descriptor; what it sends waits there to be read. */
  letGo(): void {
    this.socket.destroy();
  }

  vanish(): void {
    if (!this.socket.destroyed) silenceSocket(this.fd);
    this.socket.destroy();
  }

  #resetNow(): void {
    if (!this.socket.destroyed) this.socket.resetAndDestroy();
  }

  /** Its FIN is queued behind all that was sent: until the peer has it, what closes the socket must not turn it into an RST. */
  #finished(): void {
    if (!this.socket.destroyed) endOnClose(this.fd);
  }

  #read(count: number): boolean {
    if (this.#own === undefined) this.#readSharing(count);
    else this.#readOwning(this.#own, count);
    return true;
  }

  #readSharing(count: number): void {
    const small = count <= smallBytes;
    const block = small ? openBlock(count) : takeBlock();
    const start = block.used;
    landing.copy(block.bytes, start, 0, count);
    block.used = small ? start + count : blockBytes;
    block.hold();
    this.#receiver?.onBytes(block, start, start + count);
    block.release();
    if (!small && !this.socket.destroyed) this.#ownBlock();
  }

  #readOwning(block: Block, count: number): void {
    this.#receiver?.onBytes(block, 0, count);
    if (this.#own !== block) return;
    if (count > smallBytes && !block.shared) return;
    this.#own = undefined;
    block.release();
    if (count > smallBytes && !this.socket.destroyed) this.#ownBlock();
  }

  #ownBlock(): void {
    this.#own = takeBlock();
    this.#own.hold();
  }

  #closed(): void {
    this.#own?.release();
    this.#own = undefined;
    this.#receiver?.onClose();
  }
}
