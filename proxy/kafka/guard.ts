/**
 * Checks of a request as a whole: one named field, one operation, one error for everything when it is not granted.
 */

import type { Cursor } from './cursor.ts';
import { errorCode } from './error-code.ts';
import type { Layout } from './layout.ts';
import { op, type ResourceKind } from './operations.ts';
import type { Request } from './request.ts';

export interface Guard {
  readonly field: string;
  readonly kind: ResourceKind;
  readonly operations: number;
  readonly error: number;
  /** A null name asks for nothing. */
  readonly optional?: true;
}

/** `group_id`, for members of the group. */
export const groupRead: Guard = {
  field: 'group_id',
  kind: 'group',
  operations: op.read,
  error: errorCode.groupAuthorizationFailed,
};

/** `group_id`, for who removes what the group has. */
export const groupDelete: Guard = {
  field: 'group_id',
  kind: 'group',
  operations: op.delete,
  error: errorCode.groupAuthorizationFailed,
};

/** `transactional_id`, for its producer. */
export const transactionWrite: Guard = {
  field: 'transactional_id',
  kind: 'transactionalId',
  operations: op.write,
  error: errorCode.transactionalIdAuthorizationFailed,
};

/** The error of the first guard that is not met; undefined: all are. `offsets` are the fields of `layout`. */
export function guarded(
  request: Request,
  guards: readonly Guard[],
  cursor: Cursor,
  layout: Layout,
  offsets: Int32Array,
): number | undefined {
  for (const guard of guards) {
    const index = layout.at.get(guard.field);
    const field = index === undefined ? undefined : layout.fields[index];
    if (index === undefined || field === undefined) continue;
    cursor.offset = offsets[index] ?? 0;
    const length = cursor.stringLength(field.compact);
    if (length < 0 && guard.optional === true) continue;
    if (!request.access.may(guard.kind, cursor.bytes, cursor.offset, length, guard.operations)) return guard.error;
  }
  return undefined;
}
