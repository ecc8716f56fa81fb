/** How vectors of HTTP/2 are written. */

import { type Fields, headers, hello } from '../../../unit/http2/wire.ts';
import type { Vector } from '../../http/vectors/vector.ts';

export const allowedPath = '/allowed/x';
export const forbiddenPath = '/forbidden/x';

export function head(path: string, method = 'GET', ...more: Fields): Fields {
  return [[':method', method], [':scheme', 'http'], [':path', path], [':authority', 'origin'], ...more];
}

/** Whether the connection goes on is told by a request that is allowed. */
export const after = headers(99, head('/allowed/after'));

export function vector(name: string, ...frames: readonly Uint8Array[]): Vector {
  return { name, bytes: Buffer.concat([hello, ...frames, after]).toString('latin1') };
}
