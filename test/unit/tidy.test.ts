/** The habits that keep the tree readable, checked: each assertion names the file and what to do about it. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(root, file)));
const sources = tracked.filter((file) => /\.(ts|c|h|cc|sh)$/.test(file));
const texts = new Map(tracked.map((file) => [file, readFileSync(join(root, file), 'utf8')]));

function text(file: string): string {
  return texts.get(file) ?? '';
}

/** Import specifiers of a file that are types only (`value: false`) or reach run time. */
function importsOf(file: string): { target: string; value: boolean }[] {
  const found: { target: string; value: boolean }[] = [];
  for (const match of text(file).matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?'(\.[^']+)'/gm)) {
    found.push({ target: normalize(join(dirname(file), match[2] ?? '')), value: match[1] === undefined });
  }
  return found;
}

test('no source file is longer than 400 lines', () => {
  const long = sources.filter((file) => text(file).split('\n').length > 401 && !file.endsWith('.generated.ts'));
  assert.deepEqual(long, [], 'split these by concept');
});

test('no file hides what it holds behind a name like utils', () => {
  const vague = tracked.filter((file) => /(^|[/.-])(utils?|helpers?|common|misc)([/.-]|$)/i.test(file));
  assert.deepEqual(vague, [], 'name these after their concept');
});

test('nothing is left undone in the sources', () => {
  const self = 'test/unit/tidy.test.ts';
  const undone = sources.filter((file) => file !== self && /\b(TODO|FIXME|XXX|HACK)\b/.test(text(file)));
  assert.deepEqual(undone, [], 'do it, or open an issue and remove the mark');
});

test('only native/index.ts is imported from outside native/', () => {
  const wrong: string[] = [];
  for (const file of sources.filter((name) => name.endsWith('.ts') && !/^(native|test)\//.test(name))) {
    for (const { target } of importsOf(file)) {
      if (target.startsWith('native/') && target !== 'native/index.ts') wrong.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('proxy/ takes nothing but types and limits from src/', () => {
  const wrong: string[] = [];
  for (const file of sources.filter((name) => name.startsWith('proxy/'))) {
    for (const { target, value } of importsOf(file)) {
      if (value && target.startsWith('src/') && target !== 'src/limits.ts') wrong.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('no path of the machine it was written on is in the tree', () => {
  const homes = [root, process.env.HOME ?? ''].filter((path) => path.split('/').length > 2);
  const named = tracked.filter((file) => homes.some((home) => text(file).includes(`${home}/`)));
  assert.deepEqual(named, []);
});

test('every import resolves to a file of the tree', () => {
  const missing: string[] = [];
  for (const file of sources.filter((name) => name.endsWith('.ts'))) {
    for (const { target } of importsOf(file)) {
      if (/\.(ts|json)$/.test(target) && !existsSync(join(root, target))) missing.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(missing, []);
});
