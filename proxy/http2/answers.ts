/** What the relay itself says to the client, and when: only between two of the server's frames and outside its header blocks. */

import { limits } from '../../src/limits.ts';
import type { Side } from '../relay.ts';
import type { ClientWindow } from './client-window.ts';
import { dataFrame, defaultMaxFrame, errorCode, headersFrames, rstStreamFrame } from './frames.ts';
import { encodeBlock } from './hpack/encoder.ts';
import type { PeerSettings } from './settings.ts';

interface Refusal {
  readonly block: Buffer;
  /** For a client whose window has no room for the body: a length would contradict the empty one. */
  readonly blockAlone: Buffer;
  readonly body: Buffer;
}

function refusal(status: string, text: string): Refusal {
  const body = Buffer.from(text, 'latin1');
  const block = encodeBlock([
    [':status', status],
    ['content-type', 'text/plain'],
    ['content-length', String(body.length)],
  ]);
  return { block, blockAlone: encodeBlock([[':status', status]]), body };
}

export const forbidden = refusal('403', 'Access denied\r\n');
export const badRequest = refusal('400', 'Bad request\r\n');

export class Answers {
  readonly #client: Side;
  readonly #window: ClientWindow;
  readonly #clientSettings: PeerSettings;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #heldUp = false;
  #backlogged = false;
  #ended = false;

  constructor(client: Side, window: ClientWindow, clientSettings: PeerSettings) {
    this.#client = client;
    this.#window = window;
    this.#clientSettings = clientSettings;
  }

  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * What waits for the client to read, as the kernel left it: what is sent within one turn of the relay is bounded by
   * what arrived in it, and counted only when it could be written.
   */
  beginTurn(): void {
    this.#backlogged = this.#client.backlog > limits.relayBacklogHighBytes;
  }

  /** The client does not take what it is answered, or the server is in the middle of a long frame: ask nothing more. */
  get crowded(): boolean {
    const crowded = this.#backlogged || this.#bytes > limits.http2AnswerBytes;
    this.#heldUp ||= crowded;
    return crowded;
  }

  /** Requests were held up for want of room, and there is room now. */
  relieved(): boolean {
    if (!this.#heldUp) return false;
    this.#heldUp = false;
    return !this.crowded;
  }

  /** Ends our direction to the client; what it asks from now on is not answered. */
  end(): void {
    this.flush();
    this.#ended = true;
    this.#client.end();
  }

  push(frame: Buffer): void {
    if (this.#ended) return;
    this.#waiting.push(frame);
    this.#bytes += frame.length;
  }

  /** `head`: the request has no use for a body. `clientOpen`: its own body is still under way, and told to stop. */
  refuse(stream: number, { block, blockAlone, body }: Refusal, head: boolean, clientOpen: boolean): void {
    const room = !head && this.#hasRoom(body.length) && this.#window.borrow(body.length);
    this.push(headersFrames(stream, room || head ? block : blockAlone, !room));
    if (room) this.push(dataFrame(stream, body));
    if (clientOpen) this.push(rstStreamFrame(stream, errorCode.none));
  }

  /**
   * The debt holds back a frame that fills the client's window to its end. Of usual size it waits for credit that the
   * client gives once half its window is used; a larger one could wait for a client that has no reason to give any.
   */
  #hasRoom(bytes: number): boolean {
    const { initialWindow, maxFrame } = this.#clientSettings;
    return initialWindow >= bytes && maxFrame === defaultMaxFrame;
  }

  /** A whole answer in one header block, e.g. gRPC's trailers-only. */
  answer(stream: number, block: Buffer, clientOpen: boolean): void {
    this.push(headersFrames(stream, block, true));
    if (clientOpen) this.push(rstStreamFrame(stream, errorCode.none));
  }

  reset(stream: number, code: number): void {
    this.push(rstStreamFrame(stream, code));
  }

  /** Call between frames of the server alone. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const frames = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    this.#client.send(frames.length === 1 ? (frames[0] ?? Buffer.alloc(0)) : Buffer.concat(frames));
  }
}
