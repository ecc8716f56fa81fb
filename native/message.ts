/** Messages with descriptors between two processes of one machine (unix sockets of SOCK_SEQPACKET, SCM_RIGHTS). */

import { binding, type MessagesHandle } from './binding.ts';

export interface MessageReceiver {
  /** @param fds close-on-exec, the receiver's to close */
  onMessage(bytes: Buffer, fds: readonly number[]): void;
  /** The peer has closed or died, and all that it sent was received. Never after `close`. */
  onEnd(): void;
}

/** One end of a connection. Messages arrive whole and in order; those that the peer has not read wait here. */
export class MessageSocket {
  readonly #handle: MessagesHandle;

  /** @param fd of `listenMessages`, owned from here on @throws {NativeError} LOOP */
  constructor(fd: number, receiver: MessageReceiver) {
    this.#handle = binding.messageOpen(
      fd,
      (bytes, fds) => receiver.onMessage(bytes, fds),
      () => receiver.onEnd(),
    );
  }

  /** @throws {NativeError} HANDOVER when nobody listens there (ENOENT, ECONNREFUSED) */
  static connect(path: string, receiver: MessageReceiver): MessageSocket {
    return new MessageSocket(binding.messageConnect(path), receiver);
  }

  /**
   * @param bytes 1 to 65,536
   * @param fds at most 16; the peer gets its own, these are closed once they are sent, or can't be
   * @returns messages that wait for the peer to read @throws {NativeError} CLOSED, ARGUMENT
   */
  send(bytes: Uint8Array, fds: readonly number[] = []): number {
    return binding.messageSend(this.#handle, bytes, fds);
  }

  /** Drops what waits; what was sent still arrives. */
  close(): void {
    binding.closeHandle(this.#handle);
  }
}

export interface MessageListener {
  /** Leaves the path, and connections, to their owners. */
  close(): void;
}

/** Listens at a path that does not exist yet, for this user only. @throws {NativeError} HANDOVER, LOOP */
export function listenMessages(path: string, onConnection: (fd: number) => void): MessageListener {
  const listener = binding.messageListen(path, onConnection);
  return { close: () => binding.closeHandle(listener) };
}
