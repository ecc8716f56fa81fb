import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { machine, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The object of a .bpf.c file of this folder. */
export function compiled(name: string): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-native-'));
  try {
    const source = fileURLToPath(new URL(`${name}.bpf.c`, import.meta.url));
    const object = join(directory, `${name}.o`);
    const headers = `-I/usr/include/${machine()}-linux-gnu`;
    execFileSync('clang', ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', headers, '-c', source, '-o', object]);
    return readFileSync(object);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function u32(value: number): Buffer {
  const made = Buffer.alloc(4);
  if (endianLittle) made.writeUInt32LE(value);
  else made.writeUInt32BE(value);
  return made;
}

export function u64(value: bigint): Buffer {
  const made = Buffer.alloc(8);
  if (endianLittle) made.writeBigUInt64LE(value);
  else made.writeBigUInt64BE(value);
  return made;
}

export function numberOf(bytes: Uint8Array, at = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(at, endianLittle);
}

const endianLittle = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
