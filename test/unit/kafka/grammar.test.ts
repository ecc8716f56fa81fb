/**
 * Our grammars against Kafka's own. `shapes.txt` was derived from the message definitions in kafka-clients 4.2.0
 * (`common/message/*.json`), of share and streams groups in 4.3.1: for each API and range of versions what a message without its tagged fields looks like on
 * the wire. A number is a value of so many bytes, `s` a string, `b` bytes; `c` compact, `?` may be null, `[ ]` an array,
 * `{ }` a structure, `tags` a section of tagged fields. DescribeQuorum's response is not read by us and not in there.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { apis } from '../../../proxy/kafka/apis.ts';
import { parseGrammar } from '../../../proxy/kafka/grammar.ts';
import type { Field, Layout, Schema } from '../../../proxy/kafka/layout.ts';

function word({ kind, size, nullable, compact, element }: Field): string {
  const marks = `${nullable ? '?' : ''}${compact ? 'c' : ''}`;
  switch (kind) {
    case 'fixed':
      return String(size);
    case 'string':
      return `${marks}s`;
    case 'bytes':
      return `${marks}b`;
    case 'array':
      return `${marks}[${shape(element)}]`;
    case 'struct':
      return `${nullable ? '?' : ''}{${shape(element)}}`;
  }
}

function shape(layout: Layout): string {
  return [...layout.fields.map(word), ...(layout.tagged ? ['tags'] : [])].join(' ');
}

test('every message of every version has the shape that Kafka gives it', () => {
  const seen = new Set<string>();
  const byName = new Map([...apis.values()].map((api) => [api.name, api]));
  for (const line of readFileSync(new URL('shapes.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n')) {
    const [, name = '', kind, from, to, expected] = /^(\w+) (request|response) (\d+)-(\d+): (.*)$/.exec(line) ?? [];
    const api = byName.get(name);
    assert.ok(api !== undefined, line);
    for (let version = Number(from); version <= Number(to); version++) {
      const messages: Schema = kind === 'request' ? api.request : api.response;
      assert.equal(shape(messages.layout(version)), expected, `${name} ${kind} ${version}`);
      seen.add(`${name} ${kind} ${version}`);
    }
  }
  for (const api of apis.values()) {
    for (let version = api.min; version <= api.max; version++) {
      assert.ok(seen.has(`${api.name} request ${version}`));
      assert.ok(api.name === 'describequorum' || seen.has(`${api.name} response ${version}`));
    }
  }
});

test('a grammar that is not one stops the agent at its start', () => {
  for (const bad of ['a', 'a:i9', 'a:', 'a:[ b:i8', '3+', '=1', 'a:i8 }', 'a-b:i8']) {
    assert.throws(() => parseGrammar(bad), Error, bad);
  }
});
