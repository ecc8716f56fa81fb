/** gRPC over HTTP/2: recognising a call, and its answers. */

import { encodeBlock } from '../http2/hpack/encoder.ts';

export interface GrpcCall {
  readonly service: string;
  readonly method: string;
  /** Its opening has been recorded, so its end is recorded as a close. */
  opened: boolean;
  /** `grpc-status`, once the server has sent it. */
  status: number | undefined;
}

/** `PERMISSION_DENIED` of gRPC's status codes. */
export const permissionDenied = 7;

/**
 * Trailers-only: the whole answer of a denied call in one header block. It says nothing of rules or policies.
 * The status of HTTP stays 200, as the gRPC protocol over HTTP/2 has it.
 */
export const deniedCall = encodeBlock([
  [':status', '200'],
  ['content-type', 'application/grpc'],
  ['grpc-status', String(permissionDenied)],
  ['grpc-message', 'Access denied'],
]);

const contentType = 'application/grpc';

/**
 * The call that a request is; undefined for anything else. gRPC-Web (`application/grpc-web`) and Connect are plain HTTP.
 * `target`: `/package.Service/Method`.
 */
export function grpcCall(type: string, method: string, target: string): GrpcCall | undefined {
  if (method !== 'POST' || !isGrpc(type)) return undefined;
  const slash = target.lastIndexOf('/');
  return { service: target.slice(1, slash), method: target.slice(slash + 1), opened: false, status: undefined };
}

function isGrpc(type: string): boolean {
  if (!type.startsWith(contentType)) return false;
  const next = type.charAt(contentType.length);
  return next === '' || next === '+' || next === ';';
}

/** `grpc-status` as a number; undefined for what is none. */
export function grpcStatus(value: string | undefined): number | undefined {
  if (value === undefined || value === '' || value.length > 3) return undefined;
  const status = Number(value);
  return Number.isInteger(status) && status >= 0 ? status : undefined;
}
