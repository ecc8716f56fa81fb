import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NameTable } from '../../../proxy/kafka/name-table.ts';
import { Rig, rules } from './rig.ts';
import { API, at, requestFrame } from './wire.ts';

const ref = (rule: string) => ({ policy: 'p', rule, file: 'f', line: 1 });
const bytes = (name: string) => Buffer.concat([Buffer.from('##'), Buffer.from(name)]);
const find = (table: NameTable, name: string, operations = 1, reserved = false) =>
  table.find(bytes(name), 2, Buffer.byteLength(name), operations, reserved)?.rule;

test('names and prefixes are found as a list of them would say', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 6 });
  const grant = fc.record({ name, prefix: fc.boolean(), operations: fc.constantFrom(1, 2, 3, 4) });
  fc.assert(
    fc.property(fc.array(grant, { maxLength: 40 }), fc.array(name, { maxLength: 20 }), (grants, asked) => {
      const table = new NameTable();
      for (const [index, one] of grants.entries())
        table.grant(one.name, one.prefix, one.operations, ref(String(index)));
      for (const one of asked) {
        for (const operations of [1, 2, 4]) {
          const expected = grants.some(
            (given) =>
              (given.operations & operations) !== 0 && (given.prefix ? one.startsWith(given.name) : one === given.name),
          );
          const found = find(table, one, operations);
          assert.equal(found !== undefined, expected);
          const rule = grants[Number(found)];
          if (rule !== undefined) assert.ok((rule.operations & operations) !== 0 && one.startsWith(rule.name));
        }
      }
    }),
  );
});

test('10,000 names cost a look-up of one', () => {
  const table = new NameTable();
  for (let index = 0; index < 10_000; index++) table.grant(`topic-${index}`, index % 10 === 0, 1, ref(String(index)));
  assert.equal(find(table, 'topic-9999'), '9999');
  assert.equal(find(table, 'topic-9990-more'), '9990');
  assert.equal(find(table, 'topic-99991'), undefined);
  assert.equal(find(table, 'topic-9999', 2), undefined);
});

test('a prefix reaches reserved names only when it starts like them', () => {
  const table = new NameTable();
  table.grant('', true, 1, ref('all'));
  table.grant('_', true, 1, ref('one'));
  assert.equal(find(table, '__x'), 'all');
  assert.equal(find(table, '__x', 1, true), undefined);
  table.grant('__', true, 1, ref('two'));
  assert.equal(find(table, '__x', 1, true), 'two');
});

const produce = (version: number, clientId: string | null) =>
  requestFrame(
    at(API.PRODUCE, version),
    { transactionalId: null, acks: 1, timeoutMs: 1, topicData: [{ name: 't', topicId: '', partitionData: [] }] },
    { clientId },
  );

test('conditions: client id, API and version', () => {
  for (const [rule, version, clientId, granted] of [
    [{ role: 'produce', clientID: 'up' }, 9, 'up', true],
    [{ role: 'produce', clientID: 'up' }, 9, 'down', false],
    [{ role: 'produce', clientID: 'up' }, 9, null, false],
    [{ apiKey: 'produce', topic: 't' }, 9, 'x', true],
    [{ apiKey: 'produce', topic: 'u' }, 9, 'x', false],
    [{ apiKey: 'fetch', topic: 't' }, 9, 'x', false],
    [{ apiKey: 'produce', apiVersion: 9 }, 9, 'x', true],
    [{ apiKey: 'produce', apiVersion: 8 }, 9, 'x', false],
    [{ apiVersion: 9, topic: 't' }, 9, 'x', true],
    [{ topic: 't' }, 9, 'x', true],
    [{ role: 'consume', topic: 't' }, 9, 'x', false],
    [{ role: 'describe', topic: 't' }, 9, 'x', false],
    [{ role: 'admin', topic: 't' }, 9, 'x', false],
  ] as const) {
    const rig = new Rig(rules([rule]));
    rig.fromClient(produce(version, clientId));
    assert.equal(rig.atBroker().length > 0, granted, JSON.stringify(rule));
  }
});

test('rules add up', () => {
  const rig = new Rig(
    rules([
      { role: 'produce', topic: 'a', clientID: 'x' },
      { role: 'produce', topicPrefix: 't', clientID: 'up' },
      { role: 'consume', topic: 't' },
    ]),
  );
  rig.fromClient(produce(9, 'up'));
  assert.ok(rig.atBroker().length > 0);
  rig.fromClient(produce(9, 'x'));
  assert.equal(rig.atBroker().length, 0);
});
