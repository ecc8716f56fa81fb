/**
 * What an attacker sends to get a request past the proxy: bytes that two parsers may read differently, by class. The rules
 * allow GET and POST of `/allowed/…`, and `/role/…` with `X-Role: user`; whatever carries `/forbidden` must reach no server as a request of its own.
 */

import { exchanges } from './vectors/exchanges.ts';
import { framing } from './vectors/framing.ts';
import { heads } from './vectors/heads.ts';
import type { Vector } from './vectors/vector.ts';

export const vectors: readonly Vector[] = [...framing, ...heads, ...exchanges];
