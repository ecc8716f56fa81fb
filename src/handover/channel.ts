/** Messages of a hand-over on their socket. Only root can connect to it, so what arrives is an agent's. */

import { closeFd, MessageSocket } from '../../native/index.ts';

export interface Listener<Message> {
  /** @param fds the listener's to close */
  onMessage(message: Message, fds: readonly number[]): void;
  /** The other agent has closed its end, or died; all that it said was heard. */
  onEnd(): void;
}

export class Channel<Sent extends object, Heard extends object> {
  readonly #socket: MessageSocket;

  /** @param at a connected descriptor, owned from here on, or the path to connect to @throws {NativeError} HANDOVER */
  constructor(at: number | string, listener: Listener<Heard>) {
    const receiver = {
      onMessage: (bytes: Buffer, fds: readonly number[]): void => {
        const message = parse<Heard>(bytes);
        if (message) listener.onMessage(message, fds);
        else for (const fd of fds) closeFd(fd);
      },
      onEnd: (): void => listener.onEnd(),
    };
    this.#socket = typeof at === 'string' ? MessageSocket.connect(at, receiver) : new MessageSocket(at, receiver);
  }

  /** @param fds closed here once they are sent */
  send(message: Sent, fds: readonly number[] = []): void {
    this.#socket.send(Buffer.from(JSON.stringify(message)), fds);
  }

  /** What was sent still arrives. */
  close(): void {
    this.#socket.close();
  }
}

/** What is no message is passed over, as what a later version may say. */
function parse<Message extends object>(bytes: Buffer): Message | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && 'type' in value ? (value as Message) : undefined;
  } catch {
    return undefined;
  }
}
