/**
 * Names of header fields as CGI has them (RFC 3875 section 4.1.18, and WSGI, PHP and FastCGI after it): in capitals, with
 * `_` for the hyphen, and in lighttpd for everything that is neither letter nor digit. `X_Role` and `X.Role` become the
 * variable that `X-Role` becomes.
 */

/** Whether such a server takes a field of this name for `meant`, which it is not. Either in any case. */
export function isLookalike(name: string, meant: string): boolean {
  if (name.length !== meant.length) return false;
  let same = true;
  for (let at = 0; at < name.length; at++) {
    const [one, other] = [lower(name.charCodeAt(at)), lower(meant.charCodeAt(at))];
    if (one === other) continue;
    if (isAlphanumeric(one) || isAlphanumeric(other)) return false;
    same = false;
  }
  return !same;
}

function lower(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
}

/** Of a code in lower case. */
function isAlphanumeric(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
}
