/**
 * Moves one direction's frames: asks what becomes of each and does it, with as few calls on the relay as the answers
 * allow. Runs of frames that pass go on in one piece.
 */

import type { Side } from '../relay.ts';
import { frameHeadBytes, payloadLength } from './frames.ts';
import type { FrameRest } from './progress.ts';

/**
 * `pass`: on to the other side, untouched. `drop`: nowhere; what `instead()` returns goes in its place.
 * `wait`: ask again when more has arrived. `insert`: `beforeNext()` has something to send first, then ask again.
 * `stop`: the connection is over.
 */
export type FrameFate = 'pass' | 'drop' | 'wait' | 'insert' | 'stop';

export interface FrameHandler {
  /** Octets from the frame's head on that the fate holds for; the pump sets it to the frame's own size first. */
  span: number;
  /**
   * Called once a frame with its complete head at `view[at]`, at least; again after `wait` and `insert`. The payload may
   * not have arrived yet.
   */
  frame(view: Buffer, at: number): FrameFate;
  /** What takes the place of the dropped frame, once. */
  instead(): Uint8Array | undefined;
  beforeNext(): void;
}

export class FramePump {
  readonly #from: Side;
  readonly #to: Side;
  readonly #handler: FrameHandler;
  /** Octets of the present span that have still to arrive. */
  #rest = 0;
  #dropping = false;
  /** Frames whose fate is settled. */
  frames = 0;

  /** @param progress of a pump that another one was before this */
  constructor(from: Side, to: Side, handler: FrameHandler, progress: FrameRest = { rest: 0, dropping: false }) {
    this.#from = from;
    this.#to = to;
    this.#handler = handler;
    this.#rest = progress.rest;
    this.#dropping = progress.dropping;
  }

  get progress(): FrameRest {
    return { rest: this.#rest, dropping: this.#dropping };
  }

  /** No frame is partly forwarded. */
  get betweenFrames(): boolean {
    return this.#rest === 0 || this.#dropping;
  }

  run(): void {
    while (this.#round());
  }

  /** One view's worth; true when there may be more to do on a fresh view. */
  #round(): boolean {
    const bytes = this.#from.arrived();
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    let fate: FrameFate = 'pass';
    while (at < view.length) {
      if (this.#rest === 0) {
        fate = this.#ask(view, at);
        if (fate !== 'pass' && fate !== 'drop') break;
        this.frames += 1;
        this.#rest = this.#handler.span;
        this.#dropping = fate === 'drop';
      }
      if (this.#dropping) break;
      const part = Math.min(this.#rest, view.length - at);
      this.#rest -= part;
      at += part;
    }
    if (at > 0) this.#from.forward(at);
    return at < view.length && this.#finish(fate, view.length - at);
  }

  #ask(view: Buffer, at: number): FrameFate {
    if (view.length - at < frameHeadBytes) return 'wait';
    this.#handler.span = frameHeadBytes + payloadLength(view, at);
    return this.#handler.frame(view, at);
  }

  /** What stopped a round before the end of its view. */
  #finish(fate: FrameFate, left: number): boolean {
    if (this.#dropping && this.#rest > 0) {
      const instead = fate === 'drop' ? this.#handler.instead() : undefined;
      if (instead !== undefined) this.#to.send(instead);
      const part = Math.min(this.#rest, left);
      this.#rest -= part;
      this.#from.skip(part);
      return part < left;
    }
    if (fate !== 'insert') return false;
    this.#handler.beforeNext();
    return true;
  }
}
