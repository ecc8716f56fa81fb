/** bpf/abi.h is declared once; its TypeScript side must be what the object in use says. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);

test('src/datapath/abi.generated.ts is what the BPF object declares', () => {
  const script = new URL('scripts/generate-abi.ts', root).pathname;
  const generated = execFileSync(process.execPath, [script, '--print'], { encoding: 'utf8' });
  const committed = readFileSync(new URL('src/datapath/abi.generated.ts', root), 'utf8');
  assert.equal(committed, generated, 'stale: run scripts/node scripts/generate-abi.ts');
});
