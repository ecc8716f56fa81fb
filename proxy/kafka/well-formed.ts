/**
 * Requests that are judged as a whole: by the fields that name their group or transactional id, or by nothing.
 */

import { respond } from './answer.ts';
import { Cursor } from './cursor.ts';
import { type Guard, guarded } from './guard.ts';
import { type Judgement, malformed, passed, type Request, tooLarge } from './request.ts';
import { locate } from './skim.ts';

const cursor = new Cursor();
const offsets = new Int32Array(64);

/** `decide`, if the request is what its grammar says, to its last byte. `at` are the offsets of its fields. */
export function wellFormed(request: Request, decide: (at: Int32Array) => Judgement): Judgement {
  cursor.over(request.bytes, request.body, request.bytes.length);
  locate(cursor, request.api.request.layout(request.version), offsets);
  if (cursor.failed || cursor.left > 0) return malformed(`${request.api.name} request`);
  return decide(offsets);
}

/** Passes when all guards are met, else answers with the first one's error in `error`. */
export function judgeWhole(request: Request, guards: readonly Guard[]): Judgement {
  return wellFormed(request, (at) => {
    const error = guarded(request, guards, cursor, request.api.request.layout(request.version), at);
    return error === undefined ? passed : refuse(request, error);
  });
}

/** The response with nothing in it but `error`. */
export function refuse(request: Request, error: number): Judgement {
  const frame = respond(request, error);
  return frame === undefined ? tooLarge : { kind: 'answer', frame, error };
}
