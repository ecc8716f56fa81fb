/** ShareFetch and ShareAcknowledge: topics by ids that the broker is asked for, and sessions that outlive a request. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig, rules } from './rig.ts';
import { API, at, decode, type Message, requestFrame, responseFrame } from './wire.ts';

const names = ['images', 'secret', 'later'];
const idOf = (name: string): string => String(1 + names.indexOf(name)).repeat(32);
const reads = (...topics: string[]) => rules(topics.map((topic) => ({ role: 'consume' as const, topic, group: 'g' })));

const fetchApi = at(API.SHARE_FETCH, 1);
const acknowledgeApi = at(API.SHARE_ACKNOWLEDGE, 2);
const metadata = at(API.METADATA, 12);
const [shareFetchKey, metadataKey] = [78, 3];

interface Asked {
  readonly topics?: readonly string[];
  readonly forgotten?: readonly string[];
  readonly acknowledges?: boolean;
}

const batches = (wanted: boolean) => (wanted ? [{ firstOffset: 0n, lastOffset: 2n, acknowledgeTypes: [1] }] : []);
const listed = (topics: readonly string[], acknowledges: boolean) =>
  topics.map((name) => ({
    topicId: idOf(name),
    partitions: [0, 3].map((partitionIndex) => ({ partitionIndex, acknowledgementBatches: batches(acknowledges) })),
  }));

function fetch(shareSessionEpoch: number, { topics = [], forgotten = [], acknowledges = false }: Asked = {}): Buffer {
  return requestFrame(fetchApi, {
    groupId: 'g',
    memberId: 'm',
    shareSessionEpoch,
    maxWaitMs: 100,
    minBytes: 1,
    maxBytes: 1000,
    maxRecords: 10,
    batchSize: 10,
    topics: listed(topics, acknowledges),
    forgottenTopicsData: forgotten.map((name) => ({ topicId: idOf(name), partitions: [0, 3] })),
  });
}

/** The broker's answer to a question for ids, which knows `topics` alone. */
function topicsAre(topics: readonly string[]): Buffer {
  return responseFrame(metadata, (encoder) => {
    encoder
      .writeInt32(0)
      .writeUVarInt(1)
      .writeCompactString(null)
      .writeInt32(0)
      .writeUVarInt(names.length + 1);
    for (const name of names) {
      const known = topics.includes(name);
      encoder
        .writeInt16(known ? 0 : 100)
        .writeCompactString(known ? name : null)
        .writeUUID(idOf(name));
      encoder.writeBoolean(false).writeUVarInt(1).writeInt32(0).writeTagBuffer();
    }
    return encoder.writeTagBuffer();
  });
}

/** A response without topics. */
const nothing = (error = 0) =>
  responseFrame(fetchApi, (encoder) =>
    encoder
      .writeInt32(0)
      .writeInt16(error)
      .writeCompactString(null)
      .writeInt32(0)
      .writeUVarInt(1)
      .writeUVarInt(1)
      .writeTagBuffer(),
  );

const nothingAcknowledged = responseFrame(acknowledgeApi, (encoder) =>
  encoder
    .writeInt32(0)
    .writeInt16(0)
    .writeCompactString(null)
    .writeInt32(0)
    .writeUVarInt(1)
    .writeUVarInt(1)
    .writeTagBuffer(),
);

interface Denied {
  readonly errorCode: number;
  readonly responses: readonly {
    readonly topicId: string;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly errorCode: number;
      readonly acknowledgeErrorCode?: number;
    }[];
  }[];
}

/** What the client is told: the error of the whole, then `topic partition error acknowledgement's error`. */
async function told(rig: Rig, api: Message<never, unknown> = fetchApi): Promise<(number | string)[]> {
  const { errorCode, responses } = (await decode(api, rig.atClient())).body as Denied;
  const lines = responses.flatMap(({ topicId, partitions }) =>
    partitions.map((one) => {
      const name = names.find((topic) => idOf(topic) === topicId.replaceAll('-', ''));
      return [name, one.partitionIndex, one.errorCode, one.acknowledgeErrorCode]
        .filter((part) => part !== undefined)
        .join(' ');
    }),
  );
  return [errorCode, ...lines];
}

/** Opens a session of images and secret, of which secret is denied. */
async function open(): Promise<Rig> {
  const rig = new Rig(reads('images'));
  rig.fromClient(fetch(0, { topics: ['images', 'secret'] }));
  assert.equal(rig.atBroker().readInt16BE(4), metadataKey);
  rig.fromBroker(topicsAre(names), 5);
  assert.equal(rig.atClient().length, 0);
  assert.deepEqual(rig.atBroker(), fetch(0, { topics: ['images'] }));
  rig.fromBroker(nothing());
  assert.deepEqual(await told(rig), [0, 'secret 0 29 0', 'secret 3 29 0']);
  return rig;
}

test('a denied topic is kept out of the session and told of in every response, until it is forgotten', async () => {
  const rig = await open();
  rig.fromClient(fetch(1));
  assert.deepEqual(rig.atBroker(), fetch(1), 'what is known is not asked for again');
  rig.fromBroker(nothing());
  assert.deepEqual(await told(rig), [0, 'secret 0 29 0', 'secret 3 29 0']);
  rig.fromClient(fetch(2, { forgotten: ['secret'] }));
  rig.fromBroker(nothing());
  assert.deepEqual(await told(rig), [0]);
});

test('an answer that fails as a whole lists nothing', async () => {
  const rig = await open();
  rig.fromClient(fetch(9));
  rig.fromBroker(nothing(123));
  assert.deepEqual(await told(rig), [123]);
});

test('a topic that the broker does not know is told of, and asked for again', async () => {
  const rig = new Rig(reads('images'));
  rig.fromClient(fetch(0, { topics: ['later'] }));
  rig.atBroker();
  rig.fromBroker(topicsAre(['images']));
  assert.deepEqual(rig.atBroker(), fetch(0));
  rig.fromBroker(nothing());
  assert.deepEqual(await told(rig), [0, 'later 0 100 0', 'later 3 100 0']);
  rig.fromClient(fetch(1));
  assert.equal(rig.atBroker().readInt16BE(4), metadataKey);
});

test('a session that another connection opened is not known', async () => {
  for (const epoch of [1, -1]) {
    const rig = new Rig(reads('images'));
    rig.fromClient(fetch(epoch));
    assert.equal(rig.atBroker().length, 0);
    assert.deepEqual(await told(rig), [122]);
  }
});

test('when a topic of the session is not granted any more, the connection ends before anything is read', async () => {
  const rig = await open();
  rig.ruleSet = reads('secret');
  rig.fromClient(fetch(1));
  assert.equal(rig.atBroker().length, 0);
  assert.equal(rig.closed?.cause, 'denied');
  assert.equal(rig.flows.at(-1)?.verdict, 'DENY');
});

test('a request that the broker may refuse does not take a topic out of what is judged', async () => {
  const rig = new Rig(reads('images', 'secret'));
  rig.fromClient(fetch(0, { topics: ['images', 'secret'] }));
  rig.fromBroker(topicsAre(names));
  rig.fromBroker(nothing());
  rig.ruleSet = reads('images');
  // Acknowledgements in a first fetch: the broker refuses it and keeps the session that it has.
  rig.fromClient(fetch(0, { topics: ['images'], acknowledges: true }));
  assert.equal(rig.closed?.cause, 'denied');
});

test('when a denied topic is granted, the client is made to open a new session', async () => {
  const rig = await open();
  rig.ruleSet = reads('images', 'secret');
  rig.fromClient(fetch(1));
  assert.deepEqual(await told(rig), [122]);
  rig.atBroker();
  rig.fromClient(fetch(0, { topics: ['images', 'secret'] }));
  assert.deepEqual(rig.atBroker(), fetch(0, { topics: ['images', 'secret'] }));
});

test('acknowledgements of denied topics are refused, at the end of a session too', async () => {
  const rig = await open();
  rig.fromClient(fetch(1, { topics: ['secret'], acknowledges: true }));
  assert.deepEqual(rig.atBroker(), fetch(1));
  rig.fromBroker(nothing());
  assert.deepEqual(await told(rig), [0, 'secret 0 29 29', 'secret 3 29 29']);
  rig.fromClient(fetch(-1, { topics: ['secret'], acknowledges: true }));
  assert.deepEqual(rig.atBroker(), fetch(-1));
  rig.fromBroker(nothing());
  assert.deepEqual(await told(rig), [0, 'secret 0 0 29', 'secret 3 0 29']);

  const acknowledge = (topics: readonly string[]) =>
    requestFrame(acknowledgeApi, {
      groupId: 'g',
      memberId: 'm',
      shareSessionEpoch: 2,
      isRenewAck: false,
      topics: listed(topics, true),
    });
  rig.fromClient(acknowledge(['secret']));
  assert.deepEqual(rig.atBroker(), acknowledge([]), 'the broker counts the epoch');
  rig.fromBroker(nothingAcknowledged);
  assert.deepEqual(await told(rig, acknowledgeApi), [0, 'secret 0 29', 'secret 3 29']);
});

test('sessions of one connection are bounded', () => {
  const rig = new Rig(reads('images'));
  for (let member = 0; member <= 16 && rig.closed === undefined; member++) {
    rig.fromClient(
      requestFrame(fetchApi, {
        groupId: 'g',
        memberId: `m${member}`,
        shareSessionEpoch: 0,
        maxWaitMs: 0,
        minBytes: 0,
        maxBytes: 0,
        maxRecords: 0,
        batchSize: 0,
        topics: [],
        forgottenTopicsData: [],
      }),
    );
    if (member < 16) assert.equal(rig.atBroker().readInt16BE(4), shareFetchKey);
    rig.fromBroker(nothing());
  }
  assert.equal(rig.flows.at(-1)?.reason, 'limit');
});
