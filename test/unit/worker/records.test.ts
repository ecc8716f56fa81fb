/** Flow records cross from a worker to the main thread packed: each comes out as it went in, counted by what it is. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ConnectionFacts, FlowRecord, L7Facts } from '../../../proxy/record.ts';
import { TrafficMetrics } from '../../../src/metrics/traffic.ts';
import { alike, recordAt } from '../../../src/worker/packed-records.ts';
import { RecordPacker } from '../../../src/worker/record-packer.ts';

const connections = (['egress', 'ingress'] as const).map(
  (direction) =>
    ({
      direction,
      endpoint: 1,
      peer: 2,
      client: { address: '10.0.0.1', port: 1 },
      server: { address: '10.0.0.2', port: 80 },
    }) as ConnectionFacts,
);
const rules = [1, 2].map((line) => ({ policy: 'p', rule: `r${line}`, file: 'p.yaml', line }));

const text = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g');
const http: fc.Arbitrary<L7Facts> = fc
  .record({ version: fc.constantFrom('HTTP/1.1', 'HTTP/2'), method: text, target: text, host: text })
  .map((facts) => ({ protocol: 'http', ...facts }));
const grpc: fc.Arbitrary<L7Facts> = fc
  .record(
    {
      service: text,
      method: text,
      status: fc.constantFrom(0, 7),
      phase: fc.constantFrom('open' as const, 'close' as const),
    },
    { requiredKeys: ['service', 'method'] },
  )
  .map((facts) => ({ protocol: 'grpc', ...facts }));
const kafka: fc.Arbitrary<L7Facts> = fc
  .record(
    {
      api: fc.constantFrom('fetch', 'produce'),
      version: fc.nat(1),
      clientId: text,
      correlationId: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      topics: fc.array(text),
      errorCode: fc.constantFrom(0, 29),
    },
    { requiredKeys: ['api', 'version', 'clientId', 'correlationId', 'topics'] },
  )
  .map((facts) => ({ protocol: 'kafka', ...facts }));
const flow: fc.Arbitrary<FlowRecord> = fc.record(
  {
    time: fc.nat(),
    connection: fc.constantFrom(...connections),
    verdict: fc.constantFrom('ALLOW' as const, 'DENY' as const, 'AUDIT' as const),
    reason: fc.constantFrom('no-rule' as const, 'limit' as const),
    detail: text,
    rule: fc.constantFrom(...rules),
    l7: fc.oneof(http, grpc, kafka),
    status: fc.constantFrom(200, 204, 403, 503),
    latencyMs: fc.nat(5),
  },
  { requiredKeys: ['time', 'connection', 'verdict'], noNullPrototype: true },
);

test('records come out as they went in', () => {
  const packer = new RecordPacker(64);
  fc.assert(
    fc.property(fc.array(flow, { minLength: 1, maxLength: 64 }), (records) => {
      for (const record of records) packer.add(record);
      const packed = structuredClone(packer.take());
      const unpacked = records.map((_, index) => recordAt(packed, index));
      assert.deepEqual(unpacked, records);
      assert.equal(packer.count, 0);
    }),
  );
});

test('they are counted as one by one', () => {
  const packer = new RecordPacker(64);
  fc.assert(
    fc.property(fc.array(flow, { minLength: 1, maxLength: 64 }), (records) => {
      const [single, grouped] = [new TrafficMetrics(), new TrafficMetrics()];
      for (const record of records) {
        packer.add(record);
        single.record(record, 1);
      }
      for (const { example, count } of alike(packer.take())) grouped.record(example, count);
      assert.deepEqual(grouped.metrics(), single.metrics());
    }),
  );
});

test('what repeats is carried over once', () => {
  const packer = new RecordPacker(512);
  const [connection] = connections;
  const [rule] = rules;
  assert.ok(connection && rule);
  for (let count = 0; count < 512; count++) {
    const l7 = { protocol: 'grpc' as const, service: 'test.Echo', method: `M${count % 3}`, status: 0 };
    packer.add({ time: count, connection, verdict: 'ALLOW', rule, l7, status: 200, latencyMs: 1 });
  }
  const packed = packer.take();
  assert.deepEqual([packed.connections.count, packed.rulings.length, packed.l7.length], [1, 1, 3]);
});

test('so are requests of Kafka that differ by their correlation ids alone', () => {
  const packer = new RecordPacker(512);
  const [connection] = connections;
  assert.ok(connection);
  for (let id = 0; id < 512; id++) {
    const topics = [`topic-${id % 2}`];
    const l7 = { protocol: 'kafka' as const, api: 'produce', version: 12, clientId: 'c', correlationId: id, topics };
    packer.add({ time: id, connection, verdict: 'ALLOW', l7 });
  }
  const packed = packer.take();
  assert.equal(packed.l7.length, 2);
  assert.deepEqual(recordAt(packed, 511).l7, {
    protocol: 'kafka',
    api: 'produce',
    version: 12,
    clientId: 'c',
    correlationId: 511,
    topics: ['topic-1'],
  });
});
