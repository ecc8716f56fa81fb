/** Every API whose elements are granted or denied one by one, in every version, against kafka-ts's codecs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apis } from '../../../proxy/kafka/apis.ts';
import { Rig, rules } from './rig.ts';
import { API, at, decode, type Message, requestFrame } from './wire.ts';

const noId = '0'.repeat(32);
const allow = rules([
  { role: 'produce', topic: 'images', transactionalID: 'tx', group: 'workers' },
  { role: 'consume', topicPrefix: 'images', group: 'workers' },
  { role: 'admin', topic: 'images', group: 'workers' },
  { role: 'admin', topic: 'images-2', group: 'workers-2' },
  { role: 'produce', topic: 'images-2' },
]);
const nothing = rules([{ role: 'describe', topic: 'unrelated', group: 'unrelated' }]);

interface Case<Request> {
  readonly name: string;
  readonly api: Message<Request, unknown>;
  readonly versions: readonly [number, number];
  /** The request for these topics or groups. */
  readonly request: (names: readonly string[]) => Request;
  readonly granted: readonly [string, string];
  readonly error: number;
  /** What every element carries when all is denied by the group or transactional id before topics are looked at. */
  readonly allDenied?: number;
  /** Error of the granted elements when another is denied. */
  readonly others?: number;
}

function define<Request, Response>(
  one: Omit<Case<Request>, 'api'> & { api: Message<Request, Response> },
): Case<unknown> {
  return one as unknown as Case<unknown>;
}

const topics: readonly [string, string] = ['images', 'images-2'];
const groups: readonly [string, string] = ['workers', 'workers-2'];

const cases: readonly Case<unknown>[] = [
  define({
    name: 'fetch',
    api: API.FETCH,
    versions: [4, 12],
    granted: topics,
    error: 29,
    request: (names) => ({
      maxWaitMs: 100,
      minBytes: 1,
      maxBytes: 1000,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: names.map((topicName) => ({
        topicName,
        topicId: noId,
        partitions: [0, 5].map((partition) => ({
          partition,
          currentLeaderEpoch: -1,
          fetchOffset: 12n,
          lastFetchedEpoch: -1,
          logStartOffset: -1n,
          partitionMaxBytes: 100,
        })),
      })),
      forgottenTopicsData: [],
      rackId: 'rack',
    }),
  }),
  define({
    name: 'listoffsets',
    api: API.LIST_OFFSETS,
    versions: [1, 11],
    granted: topics,
    error: 29,
    request: (names) => ({
      replicaId: -1,
      isolationLevel: 0,
      timeoutMs: 10,
      topics: names.map((name) => ({
        name,
        partitions: [{ partitionIndex: 3, currentLeaderEpoch: -1, timestamp: -1n }],
      })),
    }),
  }),
  define({
    name: 'offsetcommit',
    api: API.OFFSET_COMMIT,
    versions: [2, 9],
    granted: topics,
    error: 29,
    allDenied: 30,
    request: (names) => ({
      groupId: 'workers',
      generationIdOrMemberEpoch: 1,
      memberId: 'me',
      groupInstanceId: null,
      topics: names.map((name) => ({
        name,
        topicId: noId,
        partitions: [{ partitionIndex: 2, committedOffset: 5n, committedLeaderEpoch: -1, committedMetadata: null }],
      })),
    }),
  }),
  define({
    name: 'describegroups',
    api: API.DESCRIBE_GROUPS,
    versions: [0, 6],
    granted: groups,
    error: 30,
    request: (names) => ({ groups: [...names], includeAuthorizedOperations: false }),
  }),
  define({
    name: 'createtopics',
    api: API.CREATE_TOPICS,
    versions: [2, 7],
    granted: topics,
    error: 29,
    request: (names) => ({ topics: names.map((name) => ({ name, numPartitions: 1, replicationFactor: 1 })) }),
  }),
  define({
    name: 'deletetopics',
    api: API.DELETE_TOPICS,
    versions: [1, 5],
    granted: topics,
    error: 29,
    request: (names) => ({ topics: names.map((name) => ({ name, topicId: null })), timeoutMs: 10 }),
  }),
  define({
    name: 'deleterecords',
    api: API.DELETE_RECORDS,
    versions: [0, 2],
    granted: topics,
    error: 29,
    request: (names) => ({
      topics: names.map((name) => ({ name, partitions: [{ partitionIndex: 0, offset: 4n }] })),
      timeoutMs: 10,
    }),
  }),
  define({
    name: 'createpartitions',
    api: API.CREATE_PARTITIONS,
    versions: [0, 3],
    granted: topics,
    error: 29,
    request: (names) => ({
      topics: names.map((name) => ({ name, count: 4, assignments: null })),
      timeoutMs: 10,
      validateOnly: true,
    }),
  }),
  define({
    name: 'offsetforleaderepoch',
    api: API.OFFSET_FOR_LEADER_EPOCH,
    versions: [2, 4],
    granted: topics,
    error: 29,
    request: (names) => ({
      replicaId: -1,
      topics: names.map((topic) => ({ topic, partitions: [{ partition: 1, currentLeaderEpoch: -1, leaderEpoch: 3 }] })),
    }),
  }),
  define({
    name: 'addpartitionstotxn',
    api: API.ADD_PARTITIONS_TO_TXN,
    versions: [0, 3],
    granted: topics,
    error: 29,
    allDenied: 53,
    others: 55,
    request: (names) => ({
      v3AndBelowTransactionalId: 'tx',
      v3AndBelowProducerId: 1n,
      v3AndBelowProducerEpoch: 0,
      v3AndBelowTopics: names.map((name) => ({ name, partitions: [0, 1] })),
    }),
  }),
  define({
    name: 'txnoffsetcommit',
    api: API.TXN_OFFSET_COMMIT,
    versions: [0, 5],
    granted: topics,
    error: 29,
    allDenied: 53,
    request: (names) => ({
      transactionalId: 'tx',
      groupId: 'workers',
      producerId: 1n,
      producerEpoch: 0,
      generationId: 1,
      memberId: 'me',
      groupInstanceId: null,
      topics: names.map((name) => ({
        name,
        partitions: [{ partitionIndex: 2, committedOffset: 5n, committedLeaderEpoch: -1, committedMetadata: null }],
      })),
    }),
  }),
  define({
    name: 'deletegroups',
    api: API.DELETE_GROUPS,
    versions: [0, 2],
    granted: groups,
    error: 30,
    request: (names) => ({ groupsNames: [...names] }),
  }),
  define({
    name: 'describeproducers',
    api: API.DESCRIBE_PRODUCERS,
    versions: [0, 0],
    granted: topics,
    error: 29,
    request: (names) => ({ topics: names.map((name) => ({ name, partitionIndexes: [0, 7] })) }),
  }),
];

/** All values of `key`, in order, at any depth. */
function collect(value: unknown, keys: readonly string[], found: unknown[] = []): unknown[] {
  if (Array.isArray(value)) for (const item of value) collect(item, keys, found);
  else if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value)) {
    for (const [name, inner] of Object.entries(value)) {
      if (keys.includes(name) && typeof inner !== 'object') found.push(inner);
      else collect(inner, keys, found);
    }
  }
  return found;
}

const errors = (body: unknown): unknown[] => {
  const { errorCode: _, ...rest } = body as { errorCode?: number };
  return collect(rest, ['errorCode', 'partitionErrorCode']);
};
const names = (body: unknown): unknown[] => collect(body, ['name', 'topic', 'topicName', 'groupId', 'group']);

for (const one of cases) {
  const [first, second] = one.granted;
  for (let version = one.versions[0]; version <= one.versions[1]; version++) {
    const api = at(one.api, version);
    const frame = (list: readonly string[]) => requestFrame(api, one.request(list));

    test(`${one.name} ${version}: granted elements pass as they came`, () => {
      for (const chunk of [1, 1000]) {
        const rig = new Rig(allow);
        rig.fromClient(frame([first, second, first]), chunk);
        assert.deepEqual(rig.atBroker(), frame([first, second, first]));
        assert.equal(rig.closed, undefined);
      }
    });

    test(`${one.name} ${version}: all denied`, async () => {
      const rig = new Rig(nothing);
      rig.fromClient(frame([first, 'secret']));
      assert.equal(rig.atBroker().length, 0);
      const { body, correlationId } = await decode(api, rig.atClient());
      assert.equal(correlationId, 7);
      const seen = errors(body);
      assert.ok(seen.length > 0);
      assert.ok(
        seen.every((error) => error === (one.allDenied ?? one.error)),
        String(seen),
      );
      assert.deepEqual(names(body), [first, 'secret']);
      assert.equal(rig.flows.length, 1);
      assert.equal(rig.flows[0]?.verdict, 'DENY');
    });

    test(`${one.name} ${version}: one of three denied`, async () => {
      const rig = new Rig(allow);
      rig.fromClient(frame([first, 'secret', second]), 13);
      if (one.others !== undefined) {
        assert.equal(rig.atBroker().length, 0);
        const { body } = await decode(api, rig.atClient());
        assert.deepEqual(new Set(errors(body)), new Set([one.error, one.others]));
        assert.deepEqual(names(body), [first, 'secret', second]);
        return;
      }
      assert.deepEqual(rig.atBroker(), frame([first, second]));
      // Any response for the two that were granted will do: the one of a proxy that denies them.
      const broker = new Rig(nothing);
      broker.fromClient(frame([first, second]));
      rig.fromBroker(broker.atClient(), 5);
      const { body } = await decode(api, rig.atClient());
      assert.deepEqual(names(body), ['secret', first, second]);
      assert.equal(errors(body)[0], one.error);
      assert.equal(rig.closed, undefined);
    });

    test(`${one.name} ${version}: every shorter frame and every wrong count is refused`, () => {
      const whole = frame([first, second]);
      const head = 8 + 4 + 2 + 'client'.length;
      for (let length = head; length < whole.length; length++) {
        const cut = Buffer.from(whole.subarray(0, length));
        cut.writeInt32BE(length - 4);
        const rig = new Rig(allow);
        rig.fromClient(cut);
        assert.equal(rig.atBroker().length, 0, `cut to ${length}`);
        assert.equal(rig.closed?.cause, 'malformed');
      }
      const longer = Buffer.concat([whole, Buffer.from([0])]);
      longer.writeInt32BE(longer.length - 4);
      const rig = new Rig(allow);
      rig.fromClient(longer);
      assert.equal(rig.closed?.cause, 'malformed');
    });
  }
}

test('the table covers each such API in all versions that are let through', () => {
  for (const { api, versions, name } of cases) {
    const enforced = apis.get(at(api, versions[1]).apiKey);
    assert.equal(enforced?.name, name);
    assert.deepEqual([enforced?.min, enforced?.max], versions);
  }
});
