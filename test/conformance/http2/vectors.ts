/**
 * What an attacker sends over HTTP/2. The rules allow GET, HEAD and POST of `/allowed/…`, and `/role/…` with
 * `x-role: user`; whatever carries `/forbidden` must reach no server as a request.
 */

import type { Vector } from '../http/vectors/vector.ts';
import { blocks } from './vectors/blocks.ts';
import { framing } from './vectors/framing.ts';
import { heads } from './vectors/heads.ts';

export const vectors: readonly Vector[] = [...heads, ...framing, ...blocks];
