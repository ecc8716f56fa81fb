/**
 * Followers read with their broker's id in `replica_id` and are then subject to the cluster's own ACL instead of the
 * topics' (CVE-2018-1288 was about less). A client has −1; −2 is the debugging consumer, which only ListOffsets knows.
 */

import { Cursor } from './cursor.ts';
import { errorCode } from './error-code.ts';
import type { Layout } from './layout.ts';
import type { Request } from './request.ts';

export function consumerOnly(request: Request, layout: Layout, offsets: Int32Array): number | undefined {
  const index = layout.at.get('replica_id');
  if (index === undefined) return undefined;
  const replica = new Cursor().over(request.bytes, offsets[index] ?? 0, request.bytes.length).i32();
  if (replica < 0) return undefined;
  request.access.deny('replica', String(replica));
  return errorCode.topicAuthorizationFailed;
}
