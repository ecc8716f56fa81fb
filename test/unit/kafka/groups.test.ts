/** What is judged as a whole, or by the group: coordinators, membership, offsets, producers, configurations. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KafkaRule } from '../../../src/policy/resolved.ts';
import { Rig, rules } from './rig.ts';
import { API, at, decode, type Encoder, type Message, requestFrame, responseFrame } from './wire.ts';

type Given = Omit<KafkaRule, 'ref'>;

async function ask<Request, Response>(
  api: Message<Request, Response>,
  data: Request,
  given: readonly Given[],
): Promise<{ passed: boolean; body: Response | undefined; rig: Rig }> {
  const rig = new Rig(rules(given));
  const frame = requestFrame(api, data);
  rig.fromClient(frame, 3);
  assert.equal(rig.closed, undefined, JSON.stringify(rig.flows));
  const sent = rig.atBroker();
  if (sent.length === 0) return { passed: false, body: (await decode(api, rig.atClient())).body, rig };
  assert.deepEqual(sent, frame);
  return { passed: true, body: undefined, rig };
}

const versions = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const consumer: readonly Given[] = [{ role: 'consume', topic: 'images', group: 'workers' }];
const transactional: readonly Given[] = [
  { role: 'produce', topic: 'images', transactionalIDPrefix: 'tx-', group: 'workers' },
];

test('a member of a group needs READ on it', async () => {
  const member = { generationId: 1, memberId: 'm', groupInstanceId: null };
  for (const groupId of ['workers', 'others']) {
    const granted = groupId === 'workers';
    const check = async <Request, Response extends { errorCode: number }>(
      api: Message<Request, Response>,
      from: number,
      to: number,
      data: Request,
    ) => {
      for (const version of versions(from, to)) {
        const { passed, body } = await ask(at(api, version), data, consumer);
        assert.equal(passed, granted, `API ${api.apiKey} version ${version}`);
        if (!granted) assert.equal(body?.errorCode, 30);
      }
    };
    await check(API.JOIN_GROUP, 0, 9, {
      ...member,
      groupId,
      sessionTimeoutMs: 1,
      rebalanceTimeoutMs: 1,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: { version: 0, topics: ['secret'] } }],
      reason: null,
    });
    await check(API.HEARTBEAT, 0, 4, { ...member, groupId });
    await check(API.LEAVE_GROUP, 0, 5, { groupId, members: [{ memberId: 'm', groupInstanceId: null, reason: null }] });
    await check(API.SYNC_GROUP, 0, 5, {
      ...member,
      groupId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
    });
  }
});

test('coordinators are found for what may be described', async () => {
  for (const version of versions(0, 6)) {
    const api = at(API.FIND_COORDINATOR, version);
    const group = await ask(api, { keyType: 0, keys: ['workers'] }, consumer);
    assert.ok(group.passed);
    for (const [keyType, key, given, error] of [
      [0, 'others', consumer, 30],
      [1, 'workers', consumer, 53],
      [1, 'other', transactional, 53],
      [2, 'workers:x:0', consumer, 31],
      [7, 'workers', consumer, 31],
    ] as const) {
      if (version === 0 && keyType !== 0) continue;
      const { passed, body } = await ask(api, { keyType, keys: [key] }, given);
      assert.equal(passed, false);
      assert.match(JSON.stringify(body), new RegExp(`"errorCode":${error}\\b`));
    }
    if (version > 0) assert.ok((await ask(api, { keyType: 1, keys: ['tx-1'] }, transactional)).passed);
  }
  const rig = new Rig(rules(consumer));
  const api = at(API.FIND_COORDINATOR, 4);
  rig.fromClient(requestFrame(api, { keyType: 0, keys: ['others', 'workers'] }));
  assert.deepEqual(rig.atBroker(), requestFrame(api, { keyType: 0, keys: ['workers'] }));
});

test('producers: idempotent ones need any topic, transactional ones their id', async () => {
  for (const version of versions(0, 5)) {
    const api = at(API.INIT_PRODUCER_ID, version);
    const init = (transactionalId: string | null) => ({
      transactionalId,
      transactionTimeoutMs: 1,
      producerId: -1n,
      producerEpoch: -1,
    });
    assert.ok((await ask(api, init(null), transactional)).passed);
    assert.equal((await ask(api, init(null), consumer)).body?.errorCode, 31);
    assert.ok((await ask(api, init('tx-1'), transactional)).passed);
    assert.equal((await ask(api, init('x'), transactional)).body?.errorCode, 53);
    assert.equal((await ask(api, init('tx-1'), [{ role: 'produce' }])).body?.errorCode, 53);
  }
  for (const version of versions(0, 4)) {
    const api = at(API.ADD_OFFSETS_TO_TXN, version);
    const add = (transactionalId: string, groupId: string) => ({
      transactionalId,
      producerId: 1n,
      producerEpoch: 1,
      groupId,
    });
    assert.ok((await ask(api, add('tx-1', 'workers'), transactional)).passed);
    assert.equal((await ask(api, add('x', 'workers'), transactional)).body?.errorCode, 53);
    assert.equal((await ask(api, add('tx-1', 'x'), transactional)).body?.errorCode, 30);
  }
  for (const version of versions(0, 5)) {
    const api = at(API.END_TXN, version);
    const end = (transactionalId: string) => ({ transactionalId, producerId: 1n, producerEpoch: 1, committed: true });
    assert.ok((await ask(api, end('tx-1'), transactional)).passed);
    assert.equal((await ask(api, end('x'), transactional)).body?.errorCode, 53);
  }
});

test('the consumer protocol: group, names and pattern', async () => {
  for (const version of [0, 1]) {
    const api = at(API.CONSUMER_GROUP_HEARTBEAT, version);
    const beat = (groupId: string, names: string[] | null, pattern: string | null = null) => ({
      groupId,
      memberId: 'm',
      memberEpoch: 0,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: 1,
      subscribedTopicNames: names,
      subscribedTopicRegex: pattern,
      serverAssignor: null,
      topicPartitions: null,
    });
    assert.ok((await ask(api, beat('workers', ['images']), consumer)).passed);
    assert.ok((await ask(api, beat('workers', null), consumer)).passed);
    assert.equal((await ask(api, beat('x', ['images']), consumer)).body?.errorCode, 30);
    assert.equal((await ask(api, beat('workers', ['images', 'secret']), consumer)).body?.errorCode, 29);
    if (version === 0) continue;
    assert.equal((await ask(api, beat('workers', null, '.*'), consumer)).body?.errorCode, 29);
    assert.ok((await ask(api, beat('workers', null, ''), consumer)).passed);
    assert.ok((await ask(api, beat('workers', null, '.*'), [{ role: 'consume', group: 'workers' }])).passed);
  }
});

test('configurations: topics, groups and the cluster each by their own right', async () => {
  const given: readonly Given[] = [{ role: 'describe', topic: 'images', group: 'workers' }];
  for (const version of versions(1, 4)) {
    const api = at(API.DESCRIBE_CONFIGS, version);
    const describe = (resourceType: number, resourceName: string) => ({
      resources: [{ resourceType, resourceName, configurationKeys: null }],
      includeSynonyms: false,
      includeDocumentation: false,
    });
    assert.ok((await ask(api, describe(2, 'images'), given)).passed);
    assert.ok((await ask(api, describe(32, 'workers'), given)).passed);
    assert.ok((await ask(api, describe(4, '1'), [{ role: 'describe' }])).passed);
    for (const [type, name, error] of [
      [2, 'secret', 29],
      [32, 'others', 30],
      [4, '1', 31],
      [16, 'metrics', 31],
      [99, 'images', 31],
    ] as const) {
      const { body } = await ask(api, describe(type, name), given);
      assert.deepEqual(
        body?.results.map((one) => [one.errorCode, one.resourceName]),
        [[error, name]],
      );
    }
  }
});

/** OffsetFetch response: topic → offset for each group. */
function offsets(version: number, groups: readonly (readonly [string, readonly string[]])[]): Buffer {
  const api = at(API.OFFSET_FETCH, version);
  const flexible = version >= 6;
  return responseFrame(api, (encoder) => {
    const list = <T>(items: readonly T[], write: (_: Encoder, item: T) => void) =>
      flexible ? encoder.writeCompactArray([...items], write) : encoder.writeArray([...items], write);
    const string = (value: string) => (flexible ? encoder.writeCompactString(value) : encoder.writeString(value));
    const topics = (names: readonly string[]) =>
      list(names, (_, name) => {
        string(name);
        list([0, 1], (_each, index) => {
          encoder.writeInt32(index).writeInt64(42n);
          if (version >= 5) encoder.writeInt32(6);
          string('why');
          encoder.writeInt16(0);
          if (flexible) encoder.writeUVarInt(0);
        });
        if (flexible) encoder.writeUVarInt(0);
      });
    if (version >= 3) encoder.writeInt32(0);
    if (version < 8) {
      topics(groups[0]?.[1] ?? []);
      if (version >= 2) encoder.writeInt16(0);
    } else {
      list(groups, (_, [group, names]) => {
        string(group);
        topics(names);
        encoder.writeInt16(0).writeUVarInt(0);
      });
    }
    if (flexible) encoder.writeUVarInt(0);
    return encoder;
  });
}

for (const version of versions(1, 9)) {
  test(`OffsetFetch ${version}: denied topics come back with 29, denied groups with 30`, async () => {
    const api = at(API.OFFSET_FETCH, version);
    const fetch = (groups: readonly (readonly [string, readonly string[]])[]) => ({
      groups: groups.map(([groupId, names]) => ({
        groupId,
        memberId: null,
        memberEpoch: -1,
        topics: names.map((name) => ({ name, topicId: '', partitionIndexes: [0, 1] })),
      })),
      requireStable: false,
    });
    const asked = [['workers', ['images', 'secret']] as const];
    const rig = new Rig(rules(consumer));
    rig.fromClient(requestFrame(api, fetch(asked)), 5);
    assert.deepEqual(rig.atBroker(), requestFrame(api, fetch(asked)));
    rig.fromBroker(offsets(version, asked), 7);
    const { body } = await decode(api, rig.atClient());
    const seen = body.groups[0]?.topics.map((topic) => [
      'name' in topic ? topic.name : '',
      topic.partitions.map((one) => [one.partitionIndex, one.committedOffset, one.errorCode]),
    ]);
    assert.deepEqual(seen, [
      [
        'images',
        [
          [0, 42n, 0],
          [1, 42n, 0],
        ],
      ],
      [
        'secret',
        [
          [0, -1n, 29],
          [1, -1n, 29],
        ],
      ],
    ]);

    const other = new Rig(rules(consumer));
    const others = [['others', ['images']] as const];
    other.fromClient(requestFrame(api, fetch(others)));
    if (version === 1 || version >= 8) other.fromBroker(offsets(version, others));
    const denied = (await decode(api, other.atClient())).body;
    assert.match(
      JSON.stringify(denied, (_, value) => (typeof value === 'bigint' ? Number(value) : value)),
      /"errorCode":30/,
    );
    assert.doesNotMatch(
      JSON.stringify(denied, (_, value) => (typeof value === 'bigint' ? Number(value) : value)),
      /42/,
    );

    if (version < 8) return;
    const both = [['others', ['images']] as const, ['workers', ['secret', 'images']] as const];
    const many = new Rig(rules(consumer));
    many.fromClient(requestFrame(api, fetch(both)));
    many.fromBroker(offsets(version, both), 1);
    const result = (await decode(api, many.atClient())).body;
    assert.deepEqual(
      result.groups.map(({ groupId, errorCode, topics }) => [groupId, errorCode, topics.length]),
      [
        ['others', 30, 0],
        ['workers', 0, 2],
      ],
    );
  });
}

for (const version of versions(0, 5)) {
  test(`ListGroups ${version}: groups that may not be described are left out`, async () => {
    const api = at(API.LIST_GROUPS, version);
    const rig = new Rig(rules(consumer));
    rig.fromClient(requestFrame(api, { statesFilter: [], typesFilter: [] }));
    assert.ok(rig.atBroker().length > 0);
    rig.fromBroker(
      responseFrame(api, (encoder) => {
        if (version >= 1) encoder.writeInt32(0);
        encoder.writeInt16(0);
        const string = (value: string) =>
          version >= 3 ? encoder.writeCompactString(value) : encoder.writeString(value);
        const each = (_: Encoder, group: string) => {
          string(group);
          string('consumer');
          if (version >= 4) string('Stable');
          if (version >= 5) string('classic');
          if (version >= 3) encoder.writeUVarInt(0);
        };
        const groups = ['others', 'workers', 'workers-2'];
        if (version >= 3) encoder.writeCompactArray(groups, each).writeUVarInt(0);
        else encoder.writeArray(groups, each);
        return encoder;
      }),
      2,
    );
    const { body } = await decode(api, rig.atClient());
    assert.deepEqual(
      body.groups.map(({ groupId }) => groupId),
      ['workers'],
    );
  });
}

test('ConsumerGroupDescribe: a group that has to do with a hidden topic comes back with 29', async () => {
  const api = at(API.CONSUMER_GROUP_DESCRIBE, 1);
  const rig = new Rig(rules([{ role: 'consume', topic: 'images', groupPrefix: 'g' }]));
  const request = (groupIds: string[]) => requestFrame(api, { groupIds, includeAuthorizedOperations: false });
  rig.fromClient(request(['g1', 'others', 'g2']));
  assert.deepEqual(rig.atBroker(), request(['g1', 'g2']));
  const assignment = (encoder: Encoder, topic: string) =>
    encoder
      .writeCompactArray([topic], (_, name) => {
        encoder.writeUUID('0'.repeat(32)).writeCompactString(name);
        encoder.writeCompactArray([0], (_each, index) => void encoder.writeInt32(index)).writeUVarInt(0);
      })
      .writeUVarInt(0);
  rig.fromBroker(
    responseFrame(api, (encoder) =>
      encoder
        .writeInt32(0)
        .writeCompactArray(['g1', 'g2'], (_, group) => {
          encoder.writeInt16(0).writeCompactString(null).writeCompactString(group).writeCompactString('Stable');
          encoder.writeInt32(1).writeInt32(1).writeCompactString('uniform');
          encoder.writeCompactArray(['m'], (_each, member) => {
            encoder.writeCompactString(member).writeCompactString(null).writeCompactString(null).writeInt32(1);
            encoder.writeCompactString('client').writeCompactString('/10.0.0.1');
            encoder.writeCompactArray(['images'], (_name, name) => void encoder.writeCompactString(name));
            encoder.writeCompactString(null);
            assignment(encoder, group === 'g1' ? 'images' : 'secret');
            assignment(encoder, 'images');
            encoder.writeInt8(0).writeUVarInt(0);
          });
          encoder.writeInt32(-2147483648).writeUVarInt(0);
        })
        .writeUVarInt(0),
    ),
    11,
  );
  const { body } = await decode(api, rig.atClient());
  assert.deepEqual(
    body.groups.map(({ groupId, errorCode, members }) => [groupId, errorCode, members.length]),
    [
      ['others', 30, 0],
      ['g1', 0, 1],
      ['g2', 29, 0],
    ],
  );
});
