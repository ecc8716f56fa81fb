/** Which brokers a response names, in every version that does. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apis } from '../../../proxy/kafka/apis.ts';
import { brokersIn } from '../../../proxy/kafka/brokers.ts';
import { Rig, rules } from './rig.ts';
import { API, at, Encoder, rawFrame, requestFrame, responseFrame } from './wire.ts';

const brokers = [
  { host: '10.0.0.7', port: 9092 },
  { host: 'fd00::7', port: 19_092 },
  { host: 'kafka-3.example', port: 65_535 },
];
const everything = [{ role: 'admin' as const }, { role: 'produce' as const }, { role: 'consume' as const }];
const some = [{ role: 'produce' as const, topic: 't' }];

function writer(encoder: Encoder, flexible: boolean) {
  return {
    string: (value: string | null) => (flexible ? encoder.writeCompactString(value) : encoder.writeString(value)),
    list: <T>(items: readonly T[], write: (_: Encoder, item: T) => void) =>
      flexible ? encoder.writeCompactArray([...items], write) : encoder.writeArray([...items], write),
    tags: () => (flexible ? encoder.writeUVarInt(0) : encoder),
  };
}

for (const [granted, name] of [
  [everything, 'passed on'],
  [some, 'filtered'],
] as const) {
  for (let version = 1; version <= 13; version++) {
    test(`Metadata ${version}, ${name}`, () => {
      const rig = new Rig(rules(granted));
      rig.fromClient(
        requestFrame(at(API.METADATA, version), {
          topics: null,
          allowTopicAutoCreation: false,
          includeClusterAuthorizedOperations: false,
          includeTopicAuthorizedOperations: false,
        }),
      );
      // Before version 4 the broker is asked in version 4.
      const asked = Math.max(version, 4);
      const frame = responseFrame(at(API.METADATA, asked), (encoder) => {
        const { string, list, tags } = writer(encoder, asked >= 9);
        encoder.writeInt32(0);
        list([...brokers, { host: '', port: -1 }], (_, { host, port }) => {
          encoder.writeInt32(1);
          string(host);
          encoder.writeInt32(port);
          string('rack');
          tags();
        });
        string('a-cluster');
        encoder.writeInt32(1);
        list([], () => {});
        if (asked >= 8 && asked <= 10) encoder.writeInt32(5);
        if (asked >= 13) encoder.writeInt16(0);
        tags();
        return encoder;
      });
      rig.fromBroker(frame, 7);
      assert.deepEqual(rig.brokers, brokers);
      assert.equal(rig.closed, undefined);
      assert.ok(rig.atClient().length > 0);
    });
  }
}

test('Metadata: brokers are read once as many bytes are there as are ever waited for', () => {
  const rig = new Rig(rules(everything));
  rig.fromClient(
    requestFrame(at(API.METADATA, 12), {
      topics: null,
      allowTopicAutoCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    }),
  );
  const frame = responseFrame(at(API.METADATA, 12), (encoder) => {
    encoder.writeInt32(0);
    encoder.writeCompactArray(Array.from({ length: 5000 }), () => {
      encoder.writeInt32(1).writeCompactString('broker').writeInt32(9092).writeCompactString(null).writeUVarInt(0);
    });
    return encoder
      .writeCompactString('c')
      .writeInt32(1)
      .writeCompactArray([], () => {})
      .writeUVarInt(0);
  });
  rig.fromBroker(frame, 1000);
  assert.deepEqual(rig.atClient(), frame);
  assert.ok(rig.brokers.length > 500 && rig.brokers.length <= 1024, String(rig.brokers.length));
});

for (let version = 0; version <= 6; version++) {
  const api = at(API.FIND_COORDINATOR, Math.min(version, 4));
  test(`FindCoordinator ${version}`, () => {
    const rig = new Rig(rules(everything));
    const flexible = version >= 3;
    const key = new Encoder();
    const { string } = writer(key, flexible);
    if (version >= 4) key.writeInt8(0).writeCompactArray(['g', 'h'], (_, one) => key.writeCompactString(one));
    else string('g');
    if (version >= 1 && version < 4) key.writeInt8(0);
    if (flexible) key.writeUVarInt(0);
    rig.fromClient(rawFrame(10, version, key.value(), flexible));
    rig.fromBroker(
      responseFrame(api, (encoder) => {
        const write = writer(encoder, flexible);
        const one = ({ host, port }: { host: string; port: number }) => {
          encoder.writeInt32(3);
          write.string(host);
          encoder.writeInt32(port);
        };
        if (version >= 1) encoder.writeInt32(0);
        if (version < 4) {
          encoder.writeInt16(0);
          if (version >= 1) write.string(null);
          one({ host: 'fd00::9', port: 9094 });
        } else {
          write.list(
            [
              { host: 'fd00::9', port: 9094 },
              { host: '', port: -1 },
            ],
            (_, end) => {
              write.string('g');
              one(end);
              encoder.writeInt16(0);
              write.string(null);
              write.tags();
            },
          );
        }
        write.tags();
        return encoder;
      }),
    );
    assert.equal(rig.closed, undefined);
    assert.deepEqual(rig.brokers, [{ host: 'fd00::9', port: 9094 }]);
  });
}

for (const version of [0, 1, 2]) {
  test(`DescribeCluster ${version}`, () => {
    const rig = new Rig(rules(some));
    const ask = new Encoder().writeBoolean(false);
    if (version >= 1) ask.writeInt8(1);
    if (version >= 2) ask.writeBoolean(false);
    rig.fromClient(rawFrame(60, version, ask.writeUVarInt(0).value(), true));
    rig.fromBroker(
      responseFrame({ responseHeaderVersion: 1 }, (encoder) => {
        encoder.writeInt32(0).writeInt16(0).writeCompactString(null);
        if (version >= 1) encoder.writeInt8(1);
        encoder.writeCompactString('a-cluster').writeInt32(1);
        encoder.writeCompactArray(brokers, (_, { host, port }) => {
          encoder.writeInt32(1).writeCompactString(host).writeInt32(port).writeCompactString(null);
          if (version >= 2) encoder.writeBoolean(false);
          encoder.writeUVarInt(0);
        });
        return encoder.writeInt32(0).writeUVarInt(0);
      }),
    );
    assert.deepEqual(rig.brokers, brokers);
  });
}

for (const [key, name] of [
  [78, 'ShareFetch'],
  [79, 'ShareAcknowledge'],
] as const) {
  test(`${name}: the new leaders' addresses, as far as a response is read at once`, () => {
    const api = apis.get(key);
    assert.ok(api);
    const frame = responseFrame({ responseHeaderVersion: 1 }, (encoder) => {
      // No error, a lock time-out, no topics.
      encoder.writeInt32(0).writeInt16(0).writeCompactString(null).writeInt32(30_000).writeUVarInt(1);
      return encoder.write(nodeEndpoints(brokers)).writeUVarInt(0);
    });
    assert.deepEqual(brokersIn(frame, api, api.max), brokers);
    assert.deepEqual(brokersIn(frame.subarray(0, 40), api, api.max), brokers.slice(0, 1));
  });
}

/** A Produce response with `tags` at its end. */
function written(version: number, tags: (encoder: Encoder) => Encoder): Buffer {
  return responseFrame(at(API.PRODUCE, version), (encoder) => {
    encoder.writeCompactArray(['t'], (_, name) => {
      encoder.writeCompactString(name).writeCompactArray([0], () => {
        encoder.writeInt32(0).writeInt16(6).writeInt64(-1n).writeInt64(-1n).writeInt64(-1n);
        encoder.writeCompactArray([], () => {}).writeCompactString(null);
        // CurrentLeader, tagged field 0 of a partition.
        encoder.writeUVarInt(1).writeUVarInt(0).writeUVarInt(9).writeInt32(3).writeInt32(8).writeUVarInt(0);
      });
      encoder.writeUVarInt(0);
    });
    return tags(encoder.writeInt32(0));
  });
}

const nodeEndpoints = (list: readonly { host: string; port: number }[]): Buffer => {
  const encoder = new Encoder();
  encoder.writeCompactArray([...list], (_, { host, port }) => {
    encoder.writeInt32(3).writeCompactString(host).writeInt32(port).writeCompactString(null).writeUVarInt(0);
  });
  return encoder.value();
};

for (const version of [10, 11, 12]) {
  for (const topics of [['t'], ['t', 'denied']]) {
    test(`Produce ${version}, ${topics.length} topics: the new leader's address`, () => {
      const rig = new Rig(rules(some));
      rig.fromClient(
        requestFrame(at(API.PRODUCE, version), {
          transactionalId: null,
          acks: -1,
          timeoutMs: 1000,
          topicData: topics.map((name) => ({ name, topicId: '0'.repeat(32), partitionData: [] })),
        }),
      );
      const field = nodeEndpoints(brokers);
      rig.fromBroker(
        written(version, (encoder) => encoder.writeUVarInt(1).writeUVarInt(0).writeUVarInt(field.length).write(field)),
      );
      assert.deepEqual(rig.brokers, brokers);
      assert.equal(rig.closed, undefined);
    });
  }
}

test('Produce: other tags, no tags, and lists that end too early name nobody', () => {
  const field = nodeEndpoints(brokers);
  for (const tags of [
    (encoder: Encoder) => encoder.writeUVarInt(0),
    (encoder: Encoder) => encoder.writeUVarInt(1).writeUVarInt(1).writeUVarInt(field.length).write(field),
    (encoder: Encoder) => encoder.writeUVarInt(1).writeUVarInt(0).writeUVarInt(3).writeUVarInt(0xff_ffff),
  ]) {
    const rig = new Rig(rules(some));
    rig.fromClient(
      requestFrame(at(API.PRODUCE, 12), {
        transactionalId: null,
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: 't', topicId: '0'.repeat(32), partitionData: [] }],
      }),
    );
    const frame = written(12, tags);
    rig.fromBroker(frame);
    assert.deepEqual(rig.brokers, []);
    assert.deepEqual(rig.atClient(), frame, 'what the broker said passes all the same');
  }
});
