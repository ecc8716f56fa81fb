/** What is done to the broker's responses: ApiVersions cut down, listings filtered, order kept. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apis } from '../../../proxy/kafka/apis.ts';
import { Rig, rules } from './rig.ts';
import { API, at, decode, Encoder, rawFrame, requestFrame, responseFrame } from './wire.ts';

const id = '11111111222233334444555555555555';
const noId = '0'.repeat(32);

const announced: readonly (readonly [number, number, number])[] = [
  [0, 0, 13],
  [1, 4, 18],
  [2, 1, 11],
  [3, 0, 13],
  [8, 2, 10],
  [17, 0, 1],
  [18, 0, 4],
  [24, 0, 5],
  [58, 0, 0],
  [71, 0, 0],
  [83, 0, 0],
  [10_000, 0, 3],
];

for (const version of [0, 1, 2, 3, 4]) {
  test(`ApiVersions ${version}: only what is judged is announced`, async () => {
    const api = at(API.API_VERSIONS, version);
    const rig = new Rig(rules([{ role: 'consume', topic: 't' }]));
    const request = requestFrame(api, version >= 3 ? { clientSoftwareName: 'x', clientSoftwareVersion: '1' } : {});
    rig.fromClient(request, 2);
    assert.deepEqual(rig.atBroker(), request);
    rig.fromBroker(
      responseFrame(api, (encoder) => {
        encoder.writeInt16(0);
        const each = (_: Encoder, [key, min, max]: readonly [number, number, number]) => {
          encoder.writeInt16(key).writeInt16(min).writeInt16(max);
          if (version >= 3) encoder.writeUVarInt(0);
        };
        if (version >= 3) encoder.writeCompactArray([...announced], each);
        else encoder.writeArray([...announced], each);
        if (version >= 1) encoder.writeInt32(0);
        // A feature level, as tagged field 1.
        if (version >= 3) encoder.writeUVarInt(1).writeUVarInt(1).writeUVarInt(8).writeInt64(9n);
        return encoder;
      }),
      3,
    );
    const { body } = await decode(api, rig.atClient());
    const seen = body.versions.map(({ apiKey, minVersion, maxVersion }) => [apiKey, minVersion, maxVersion]);
    assert.deepEqual(seen, [
      [0, 0, 12],
      [1, 4, 12],
      [2, 1, 11],
      [3, 0, 13],
      [8, 2, 9],
      [17, 0, 1],
      [18, 0, 4],
      [24, 0, 3],
    ]);
  });
}

test('ApiVersions in a version that we do not know is answered here', () => {
  const rig = new Rig(rules([{}]));
  rig.fromClient(rawFrame(18, 5, Buffer.alloc(20), true));
  assert.equal(rig.atBroker().length, 0);
  assert.equal(rig.atClient().toString('hex'), '0000001000000007002300000001001200000004');
  assert.equal(rig.closed, undefined);
});

test('ApiVersions that the broker does not know: its answer is read as version 0', async () => {
  const rig = new Rig(rules([{}]));
  rig.fromClient(requestFrame(at(API.API_VERSIONS, 4), { clientSoftwareName: 'x', clientSoftwareVersion: '1' }));
  const old = responseFrame(at(API.API_VERSIONS, 0), (encoder) =>
    encoder.writeInt16(35).writeInt32(2).writeInt16(18).writeInt16(0).writeInt16(3).writeInt16(71).writeInt32(0),
  );
  rig.fromBroker(old);
  const client = rig.atClient();
  assert.equal(client.readInt16BE(8), 35);
  assert.equal(client.readInt32BE(10), 1);
  assert.equal(client.length, 4 + 4 + 2 + 4 + 6);
});

function topic(encoder: Encoder, version: number, name: string | null, error = 0): void {
  encoder.writeInt16(error);
  if (version >= 9) encoder.writeCompactString(name);
  else encoder.writeString(name);
  if (version >= 10) encoder.writeUUID(id);
  encoder.writeBoolean(false);
  const numbers = [1, 2];
  const list = <T>(items: T[], write: (_: Encoder, item: T) => void) =>
    version >= 9 ? encoder.writeCompactArray(items, write) : encoder.writeArray(items, write);
  list([0], (_, index) => {
    encoder.writeInt16(0).writeInt32(index).writeInt32(1);
    if (version >= 7) encoder.writeInt32(3);
    for (let lists = version >= 5 ? 3 : 2; lists > 0; lists--)
      list(numbers, (_each, node) => void encoder.writeInt32(node));
    if (version >= 9) encoder.writeUVarInt(0);
  });
  if (version >= 8) encoder.writeInt32(77);
  if (version >= 9) encoder.writeUVarInt(0);
}

function metadata(version: number, names: readonly (string | null)[]): Buffer {
  return responseFrame(at(API.METADATA, version), (encoder) => {
    const list = <T>(items: T[], write: (_: Encoder, item: T) => void) =>
      version >= 9 ? encoder.writeCompactArray(items, write) : encoder.writeArray(items, write);
    const string = (value: string | null) =>
      version >= 9 ? encoder.writeCompactString(value) : encoder.writeString(value);
    if (version >= 3) encoder.writeInt32(0);
    list([1, 2], (_, node) => {
      encoder.writeInt32(node);
      string('broker.example');
      encoder.writeInt32(9092);
      string(null);
      if (version >= 9) encoder.writeUVarInt(0);
    });
    if (version >= 2) string('a-cluster');
    encoder.writeInt32(1);
    list([...names], (_, name) => topic(encoder, version, name));
    if (version >= 8 && version <= 10) encoder.writeInt32(5);
    if (version >= 13) encoder.writeInt16(0);
    if (version >= 9) encoder.writeUVarInt(0);
    return encoder;
  });
}

const some = rules([
  { role: 'consume', topic: 'images' },
  { role: 'produce', topicPrefix: 'log-' },
]);

for (let version = 0; version <= 13; version++) {
  const api = at(API.METADATA, version);
  const ask = (names: readonly string[] | null, create = true) =>
    requestFrame(api, {
      topics: names === null ? null : names.map((name) => ({ id: null, name })),
      allowTopicAutoCreation: create,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    });
  /** Before version 4 the broker is asked in version 4. */
  const brokerVersion = Math.max(version, 4);
  const flagged = (names: readonly string[] | null, create: boolean) =>
    requestFrame(at(API.METADATA, brokerVersion), {
      topics: names === null ? null : names.map((name) => ({ id: null, name })),
      allowTopicAutoCreation: create,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    });

  test(`Metadata ${version}: named topics that are not granted get 29 and nothing is created`, async () => {
    const rig = new Rig(some);
    rig.fromClient(ask(['images', 'secret', 'log-1']), 4);
    assert.deepEqual(rig.atBroker(), flagged(['images', 'secret', 'log-1'], false));
    rig.fromBroker(metadata(brokerVersion, ['images', 'secret', 'log-1']), 9);
    const { body } = await decode(api, rig.atClient());
    assert.deepEqual(
      body.topics.map(({ errorCode, name, partitions }) => [errorCode, name, partitions.length]),
      [
        [0, 'images', 1],
        [29, 'secret', 0],
        [0, 'log-1', 1],
      ],
    );
    if (version >= 10)
      assert.deepEqual(
        body.topics.map(({ topicId }) => topicId),
        [id, noId, id],
      );
    assert.equal(body.brokers.length, 2);
    assert.equal(rig.flows[0]?.verdict, 'DENY');
    assert.match(rig.flows[0]?.detail ?? '', /topic secret$/);
  });

  test(`Metadata ${version}: a listing of all topics leaves out what is not granted`, async () => {
    const rig = new Rig(some);
    rig.fromClient(ask(null));
    rig.fromBroker(metadata(brokerVersion, ['secret', 'images', '__consumer_offsets', 'log-']));
    const { body } = await decode(api, rig.atClient());
    assert.deepEqual(
      body.topics.map(({ name }) => name),
      ['images', 'log-'],
    );
    assert.equal(rig.flows[0]?.verdict, 'ALLOW');
  });

  test(`Metadata ${version}: creation stays on for whom may create`, () => {
    const rig = new Rig(rules([{ role: 'admin', topic: 'images' }]));
    rig.fromClient(ask(['images']));
    assert.deepEqual(rig.atBroker(), flagged(['images'], true));
    const both = new Rig(rules([{ role: 'admin', topic: 'images' }]));
    both.fromClient(ask(['images', 'secret']));
    assert.deepEqual(both.atBroker(), flagged(['images', 'secret'], false));
  });
}

test('Metadata by id: the name of a topic that is not granted stays hidden', async () => {
  const api = at(API.METADATA, 12);
  const rig = new Rig(some);
  // topics: one by id, no name; then the three flags and no tags.
  const body = new Encoder().writeUVarInt(2).writeUUID(id).writeCompactString(null).writeUVarInt(0);
  rig.fromClient(rawFrame(3, 12, body.writeBoolean(false).writeBoolean(false).writeUVarInt(0).value(), true));
  assert.ok(rig.atBroker().length > 0);
  rig.fromBroker(metadata(12, ['secret']));
  const { body: seen } = await decode(api, rig.atClient());
  assert.deepEqual(
    seen.topics.map(({ errorCode, name, topicId }) => [errorCode, name, topicId]),
    [[29, null, id]],
  );
});

test('a Metadata response of many topics is filtered as a whole', async () => {
  const names = Array.from({ length: 5000 }, (_, index) => `${index % 2 === 0 ? 'log' : 'other'}-${index}`);
  const rig = new Rig(some);
  const api = at(API.METADATA, 12);
  rig.fromClient(requestFrame(api, { topics: null, allowTopicAutoCreation: false }));
  rig.fromBroker(metadata(12, names), 64 * 1024);
  const { body } = await decode(api, rig.atClient());
  assert.equal(body.topics.length, 2500);
});

test('answers of ours wait for the broker to answer what came before', async () => {
  const api = at(API.HEARTBEAT, 4);
  const beat = (groupId: string, correlationId: number) =>
    requestFrame(api, { groupId, generationId: 1, memberId: 'm', groupInstanceId: null }, { correlationId });
  const answer = (correlationId: number) =>
    responseFrame(api, (encoder) => encoder.writeInt32(0).writeInt16(0).writeUVarInt(0), correlationId);
  const rig = new Rig(rules([{ role: 'consume', topic: 't', group: 'mine' }]));
  rig.fromClient(Buffer.concat([beat('mine', 1), beat('other', 1), beat('mine', 2), beat('other', 3)]));
  assert.deepEqual(rig.atBroker(), Buffer.concat([beat('mine', 1), beat('mine', 2)]));
  assert.equal(rig.atClient().length, 0);
  rig.fromBroker(answer(1));
  const first = rig.atClient();
  assert.deepEqual(first.subarray(0, answer(1).length), answer(1));
  const denied = await decode(api, first.subarray(answer(1).length));
  assert.deepEqual([denied.correlationId, denied.body?.errorCode], [1, 30]);
  rig.fromBroker(answer(2), 1);
  assert.equal(rig.atClient().length, 2 * answer(2).length);
});

test('fetches are taken out of sessions', () => {
  for (const version of [7, 11, 12]) {
    const api = at(API.FETCH, version);
    const fetch = (sessionId: number, sessionEpoch: number) =>
      requestFrame(api, {
        maxWaitMs: 1,
        minBytes: 1,
        maxBytes: 1,
        isolationLevel: 0,
        sessionId,
        sessionEpoch,
        topics: [{ topicName: 'images', topicId: noId, partitions: [] }],
        forgottenTopicsData: [{ topicName: 'secret', topicId: noId, partitions: [1] }],
        rackId: '',
      });
    const rig = new Rig(some);
    for (const [session, epoch] of [
      [0, 0],
      [0x7788, 5],
      [0, -1],
    ] as const) {
      rig.fromClient(fetch(session, epoch), 6);
      assert.deepEqual(rig.atBroker(), fetch(0, -1));
    }
  }
});

test('every API that is judged has a name and a range', () => {
  for (const [key, api] of apis) {
    assert.equal(api.key, key);
    assert.match(api.name, /^[a-z]+$/);
    assert.ok(api.min <= api.max);
    for (let version = api.min; version <= api.max; version++) {
      assert.ok(api.request.layout(version).min >= 0);
      assert.ok(api.response.layout(version).fields.length > 0);
    }
  }
});
