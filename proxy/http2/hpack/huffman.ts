/**
 * Huffman decoding (RFC 7541 section 5.2) four bits at a time: a step is one look-up, and since no code is shorter than
 * five bits it yields one symbol at most.
 */

import { codeLengths, codes, eos } from './huffman-code.ts';

const EMITS = 1 << 16;
const FAILS = 1 << 17;

/** Tree of the code: two children an inner node; a leaf is `-1 - symbol`. */
function growTree(): number[][] {
  const root = [0, 0];
  const tree = [root];
  for (let symbol = 0; symbol <= eos; symbol++) {
    const length = codeLengths[symbol] ?? 0;
    let node = root;
    for (let bit = length - 1; bit > 0; bit--) {
      const branch = ((codes[symbol] ?? 0) >>> bit) & 1;
      if (node[branch] === 0) node[branch] = tree.push([0, 0]) - 1;
      node = tree[node[branch] ?? 0] ?? root;
    }
    node[(codes[symbol] ?? 0) & 1] = -1 - symbol;
  }
  return tree;
}

const tree = growTree();
/** By state × 16 + nibble: next state in bits 0–7, the symbol in bits 8–15, then EMITS and FAILS. */
const steps = new Int32Array(tree.length * 16);
/** States in which a string may end: no bits, or at most seven ones (the start of EOS). */
const mayEnd = new Uint8Array(tree.length);

for (let state = 0; state < tree.length; state++) {
  for (let nibble = 0; nibble < 16; nibble++) steps[state * 16 + nibble] = walk(state, nibble);
}
for (let state = 0, ones = 0; ones < 8; ones++) {
  mayEnd[state] = 1;
  state = tree[state]?.[1] ?? 0;
}

function walk(from: number, nibble: number): number {
  let state = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = tree[state]?.[(nibble >>> bit) & 1] ?? 0;
    if (next === -1 - eos) return FAILS;
    if (next < 0) emitted = EMITS | ((-1 - next) << 8);
    state = Math.max(next, 0);
  }
  return emitted | state;
}

/**
 * Decodes `source[start, end)` into `target` from its front.
 * @returns bytes written; -1 for EOS inside, wrong or overlong padding, or a target too small.
 */
export function decodeHuffman(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  let state = 0;
  let length = 0;
  if ((end - start) * 2 > target.length) return -1;
  for (let at = start; at < end; at++) {
    const byte = source[at] ?? 0;
    let step = steps[state * 16 + (byte >>> 4)] ?? FAILS;
    if ((step & EMITS) !== 0) target[length++] = step >>> 8;
    if ((step & FAILS) !== 0) return -1;
    step = steps[(step & 0xff) * 16 + (byte & 15)] ?? FAILS;
    if ((step & EMITS) !== 0) target[length++] = step >>> 8;
    if ((step & FAILS) !== 0) return -1;
    state = step & 0xff;
  }
  return mayEnd[state] === 1 ? length : -1;
}
