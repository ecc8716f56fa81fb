/**
 * Text from the wire, safe for a terminal: a request's path must not be able to move the cursor of the operator who
 * looks at it, nor to forge a second line.
 */

/** Control, formatting and separator characters become `\xNN` or `\u{N}`; everything else stays. */
export function printable(text: string): string {
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    out += isUnsafe(code) ? escaped(code) : character;
  }
  return out;
}

function isUnsafe(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code < 0xa0) ||
    // Line and paragraph separators, and the marks that turn the direction of writing (Unicode TR 9).
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069) ||
    code === 0xfeff
  );
}

function escaped(code: number): string {
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
