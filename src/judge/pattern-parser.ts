/**
 * The part of RE2's language that the judge compiles (https://github.com/google/re2/wiki/Syntax), read over ASCII: heads
 * that the judge accepts have no other bytes where patterns are matched. Left to the proxy: word boundaries, multi-line
 * mode, Unicode classes, `\C`. A pattern has been compiled by re2js before it gets here.
 */

import { ASCII, type ByteSet, bothCases, DIGITS, LOWER, NONE, ofText, range, single, UPPER } from './byte-set.ts';
import { NotCompilable, type Regex } from './regex.ts';

/** Groups within groups; RE2's own bound is 1,000, policies have two or three. */
const mostDepth = 50;
/** As RE2's. */
const mostRepeats = 1000;

const WORD = UPPER | LOWER | DIGITS | single(0x5f);
const SPACE = ofText('\t\n\f\r ');
const perlClasses: Readonly<Record<string, ByteSet>> = {
  d: DIGITS,
  D: ASCII & ~DIGITS,
  w: WORD,
  W: ASCII & ~WORD,
  s: SPACE,
  S: ASCII & ~SPACE,
};
const graphic = range(0x21, 0x7e);
const posixClasses: Readonly<Record<string, ByteSet>> = {
  alnum: UPPER | LOWER | DIGITS,
  alpha: UPPER | LOWER,
  ascii: ASCII,
  blank: ofText('\t '),
  cntrl: range(0, 0x1f) | single(0x7f),
  digit: DIGITS,
  graph: graphic,
  lower: LOWER,
  print: graphic | single(0x20),
  punct: graphic & ~(UPPER | LOWER | DIGITS),
  space: SPACE | single(0x0b),
  upper: UPPER,
  word: WORD,
  xdigit: DIGITS | ofText('abcdefABCDEF'),
};
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

export function parsePattern(source: string): Regex {
  const parser = new Parser(source);
  return parser.pattern();
}

interface Flags {
  readonly fold: boolean;
  readonly dotAll: boolean;
}

class Parser {
  readonly #source: string;
  #at = 0;
  #depth = 0;
  #flags: Flags = { fold: false, dotAll: false };

  constructor(source: string) {
    this.#source = source;
  }

  pattern(): Regex {
    const regex = this.#choice();
    if (this.#at < this.#source.length) throw new NotCompilable(`unexpected \`${this.#peek()}\``);
    return regex;
  }

  #peek(): string {
    const code = this.#source.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #take(): string {
    const char = this.#peek();
    this.#at += char.length;
    return char;
  }

  #takeIf(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #choice(): Regex {
    const first = this.#sequence();
    if (this.#peek() !== '|') return first;
    const parts = [first];
    while (this.#takeIf('|')) parts.push(this.#sequence());
    return { kind: 'choice', parts };
  }

  #sequence(): Regex {
    const parts: Regex[] = [];
    while (this.#at < this.#source.length && this.#peek() !== '|' && this.#peek() !== ')') {
      if (this.#takeIf('\\Q')) {
        this.#quoted(parts);
        continue;
      }
      const atom = this.#atom();
      if (atom) parts.push(this.#repeated(atom));
    }
    return { kind: 'sequence', parts };
  }

  /** Characters up to `\E`, each itself; a repetition after it belongs to the last one. */
  #quoted(parts: Regex[]): void {
    const end = this.#source.indexOf('\\E', this.#at);
    const stop = end === -1 ? this.#source.length : end;
    while (this.#at < stop) parts.push(this.#character(this.#take()));
    if (end === -1) return;
    this.#at = end + 2;
    const last = parts.pop();
    if (last) parts.push(this.#repeated(last));
  }

  #repeated(body: Regex): Regex {
    let regex = body;
    for (;;) {
      const bounds = this.#repetition();
      if (!bounds) return regex;
      this.#takeIf('?');
      const [least, most] = bounds;
      regex = { kind: 'repeat', body: regex, least, most };
    }
  }

  #repetition(): readonly [number, number | undefined] | undefined {
    if (this.#takeIf('*')) return [0, undefined];
    if (this.#takeIf('+')) return [1, undefined];
    if (this.#takeIf('?')) return [0, 1];
    // A brace that begins no repetition is a character.
    const braces = /^\{([0-9]+)(,([0-9]*))?\}/.exec(this.#source.slice(this.#at, this.#at + 16));
    if (!braces) return undefined;
    const least = Number(braces[1]);
    const most = braces[2] === undefined ? least : braces[3] === '' ? undefined : Number(braces[3]);
    if (least > mostRepeats || (most !== undefined && (most > mostRepeats || most < least))) {
      throw new NotCompilable(`the repetition \`${braces[0]}\` is out of bounds`);
    }
    this.#at += braces[0].length;
    return [least, most];
  }

  /** Undefined: flags, which are no part of the expression. */
  #atom(): Regex | undefined {
    const char = this.#take();
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return { kind: 'set', set: this.#class() };
      case '.':
        return { kind: 'set', set: this.#flags.dotAll ? ASCII : ASCII & ~single(0x0a) };
      case '^':
        return { kind: 'begin' };
      case '$':
        return { kind: 'end' };
      case '\\':
        return this.#escaped();
      case '*':
      case '+':
      case '?':
        throw new NotCompilable(`nothing before \`${char}\` to repeat`);
      default:
        return this.#character(char);
    }
  }

  #character(char: string): Regex {
    return { kind: 'set', set: this.#setOf(char.codePointAt(0) ?? 0) };
  }

  /** Beyond ASCII nothing matches; but folding could lead back (U+017F is an `s`). */
  #setOf(code: number): ByteSet {
    if (code < 0x80) return this.#flags.fold ? bothCases(single(code)) : single(code);
    if (this.#flags.fold) throw new NotCompilable('a character beyond ASCII in a case-insensitive pattern');
    return NONE;
  }

  #group(): Regex | undefined {
    if (++this.#depth > mostDepth) throw new NotCompilable(`more than ${mostDepth} groups within each other`);
    const outer = this.#flags;
    if (this.#peek() === '?') {
      const named = /^\?P?<[0-9A-Za-z_]+>/.exec(this.#source.slice(this.#at, this.#at + 100));
      if (named) this.#at += named[0].length;
      else if (this.#flagged()) {
        // `(?i)` holds to the end of the enclosing group, whose own end restores the flags.
        this.#depth--;
        return undefined;
      }
    }
    const regex = this.#choice();
    if (!this.#takeIf(')')) throw new NotCompilable('a group without end');
    this.#flags = outer;
    this.#depth--;
    return regex;
  }

  /** `?flags)` or `?flags:`. True for the first, which has no expression of its own. */
  #flagged(): boolean {
    const found = /^\?([A-Za-z]*)(-[A-Za-z]+)?([:)])/.exec(this.#source.slice(this.#at, this.#at + 20));
    if (!found) throw new NotCompilable('a group of an unknown kind');
    const [all, on = '', off = '', end] = found;
    for (const flag of on + off.slice(1)) {
      if (!'isU'.includes(flag)) throw new NotCompilable(`the flag \`${flag}\``);
    }
    this.#flags = {
      fold: (this.#flags.fold || on.includes('i')) && !off.includes('i'),
      dotAll: (this.#flags.dotAll || on.includes('s')) && !off.includes('s'),
    };
    this.#at += all.length;
    return end === ')';
  }

  #escaped(): Regex {
    const char = this.#peek();
    const perl = perlClasses[char];
    if (perl !== undefined) {
      this.#take();
      return { kind: 'set', set: perl };
    }
    if (char === 'A' || char === 'z') {
      this.#take();
      return { kind: char === 'A' ? 'begin' : 'end' };
    }
    return { kind: 'set', set: this.#setOf(this.#escapedCode()) };
  }

  /** The code point that an escape stands for, after its backslash. */
  #escapedCode(): number {
    const rest = this.#source.slice(this.#at, this.#at + 12);
    const numbered = /^(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|(0[0-7]{0,2}|[1-7][0-7]{1,2}))/.exec(rest);
    if (numbered) {
      this.#at += numbered[0].length;
      const [, two, braced, octal] = numbered;
      return octal === undefined ? Number.parseInt(two ?? braced ?? '', 16) : Number.parseInt(octal, 8);
    }
    const char = this.#take();
    const control = controls[char];
    if (control !== undefined) return control;
    if (char === '' || /[0-9A-Za-z_]/.test(char) || char > '\x7f') throw new NotCompilable(`\`\\${char}\``);
    return char.charCodeAt(0);
  }

  #class(): ByteSet {
    const negated = this.#takeIf('^');
    let set = NONE;
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#at >= this.#source.length) throw new NotCompilable('a class without end');
      set |= this.#classPart();
    }
    this.#take();
    return negated ? ASCII & ~set : set;
  }

  #classPart(): ByteSet {
    const named = /^\[:(\^?)([a-z]+):\]/.exec(this.#source.slice(this.#at, this.#at + 16));
    if (named) {
      const set = posixClasses[named[2] ?? ''];
      if (set === undefined) throw new NotCompilable(`the class \`${named[0]}\``);
      this.#at += named[0].length;
      const folded = this.#flags.fold ? bothCases(set) : set;
      return named[1] === '^' ? ASCII & ~folded : folded;
    }
    const perl = this.#peek() === '\\' ? perlClasses[this.#source[this.#at + 1] ?? ''] : undefined;
    if (perl !== undefined) {
      this.#at += 2;
      return perl;
    }
    const first = this.#classCharacter();
    if (this.#peek() !== '-' || this.#source[this.#at + 1] === ']') return this.#setOf(first);
    this.#take();
    const last = this.#classCharacter();
    if (last < first) throw new NotCompilable('a range that runs backwards');
    if (this.#flags.fold && last >= 0x80) return this.#setOf(last);
    const set = range(first, Math.min(last, 0x7f));
    return this.#flags.fold ? bothCases(set) : set;
  }

  #classCharacter(): number {
    const char = this.#take();
    return char === '\\' ? this.#escapedCode() : (char.codePointAt(0) ?? 0);
  }
}
