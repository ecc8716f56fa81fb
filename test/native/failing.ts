import assert from 'node:assert/strict';
import { NativeError, type NativeErrorCode } from '../../native/index.ts';

/** For assert.throws: the addon's error with this code and, if given, this errno. */
export function failing(code: NativeErrorCode, errnoName?: string): (error: unknown) => error is NativeError {
  return (error): error is NativeError => {
    assert.ok(error instanceof NativeError, String(error));
    assert.equal(error.code, code, error.message);
    if (errnoName !== undefined) assert.equal(error.errnoName, errnoName, error.message);
    return true;
  };
}
