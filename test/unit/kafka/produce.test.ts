import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig, rules } from './rig.ts';
import { API, at, decode, type Encoder, requestFrame, responseFrame } from './wire.ts';

const versions = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

function partition(index: number, value = 'a record') {
  return {
    index,
    baseOffset: 0n,
    partitionLeaderEpoch: -1,
    attributes: 0,
    lastOffsetDelta: 0,
    baseTimestamp: 0n,
    maxTimestamp: 0n,
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    records: [{ attributes: 0, timestampDelta: 0n, offsetDelta: 0, key: null, value, headers: [] }],
  };
}

function produce(
  version: number,
  names: readonly string[],
  options: { acks?: number; transactionalId?: string | null; value?: string } = {},
): Buffer {
  return requestFrame(at(API.PRODUCE, version), {
    transactionalId: options.transactionalId ?? null,
    acks: options.acks ?? -1,
    timeoutMs: 1000,
    topicData: names.map((name) => ({
      name,
      topicId: '0'.repeat(32),
      partitionData: [partition(0, options.value), partition(3, options.value)],
    })),
  });
}

/** What a broker answers to a Produce for these topics. */
function written(version: number, names: readonly string[]): Buffer {
  const flexible = version >= 9;
  return responseFrame(at(API.PRODUCE, version), (encoder) => {
    const list = (write: (encoder: Encoder, item: number) => void, items: number[]) =>
      flexible ? encoder.writeCompactArray(items, write) : encoder.writeArray(items, write);
    list(
      (_, topic) => {
        const name = names[topic] ?? '';
        if (flexible) encoder.writeCompactString(name);
        else encoder.writeString(name);
        list(
          (_each, index) => {
            encoder.writeInt32(index).writeInt16(0).writeInt64(41n).writeInt64(-1n);
            if (version >= 5) encoder.writeInt64(0n);
            if (version >= 8) {
              list(() => {}, []);
              if (flexible) encoder.writeCompactString(null);
              else encoder.writeString(null);
            }
            if (flexible) encoder.writeUVarInt(0);
          },
          [0, 3],
        );
        if (flexible) encoder.writeUVarInt(0);
      },
      names.map((_, index) => index),
    );
    encoder.writeInt32(0);
    if (flexible) encoder.writeUVarInt(0);
    return encoder;
  });
}

/** Topic → error codes of its partitions. */
async function results(version: number, frame: Buffer): Promise<Record<string, number[]>> {
  const { body } = await decode(at(API.PRODUCE, version), frame);
  return Object.fromEntries(
    body.responses.map((topic) => [
      'name' in topic ? topic.name : topic.topicId,
      topic.partitionResponses.map(({ errorCode }) => errorCode),
    ]),
  );
}

for (const version of versions) {
  test(`Produce ${version}: granted topics pass as they came, byte by byte`, () => {
    for (const chunk of [1, 7, 100_000]) {
      const rig = new Rig(
        rules([
          { role: 'produce', topic: 'images' },
          { role: 'produce', topicPrefix: 'log-' },
        ]),
      );
      const request = produce(version, ['images', 'log-1', 'images']);
      rig.fromClient(request, chunk);
      assert.deepEqual(rig.atBroker(), request);
      const response = written(version, ['images', 'log-1', 'images']);
      rig.fromBroker(response, chunk);
      assert.deepEqual(rig.atClient(), response);
      assert.equal(rig.flows.length, 1);
      assert.equal(rig.flows[0]?.verdict, 'ALLOW');
      assert.equal(rig.flows[0]?.rule?.policy, 'test/kafka');
      assert.deepEqual(rig.flows[0]?.l7, {
        protocol: 'kafka',
        api: 'produce',
        version,
        clientId: 'client',
        correlationId: 7,
        topics: ['images', 'log-1', 'images'],
      });
    }
  });

  test(`Produce ${version}: a denied topic is answered with 29 and reaches no broker`, async () => {
    const rig = new Rig(rules([{ role: 'produce', topic: 'images' }]));
    rig.fromClient(produce(version, ['secret', 'image']), 5);
    assert.equal(rig.atBroker().length, 0);
    assert.deepEqual(await results(version, rig.atClient()), { secret: [29, 29], image: [29, 29] });
    assert.equal(rig.flows[0]?.verdict, 'DENY');
    assert.equal(rig.flows[0]?.reason, 'no-rule');
    assert.match(rig.flows[0]?.detail ?? '', /topic secret, topic image/);
  });

  test(`Produce ${version}: of several topics the granted ones are written, the others get 29`, async () => {
    const rig = new Rig(
      rules([
        { role: 'produce', topic: 'images' },
        { role: 'produce', topic: 'b' },
      ]),
    );
    rig.fromClient(produce(version, ['secret', 'images', 'x', 'b', 'secret']), 11);
    assert.deepEqual(rig.atBroker(), produce(version, ['images', 'b']));
    rig.fromBroker(written(version, ['images', 'b']), 3);
    assert.deepEqual(await results(version, rig.atClient()), {
      secret: [29, 29],
      x: [29, 29],
      images: [0, 0],
      b: [0, 0],
    });
    assert.equal(rig.closed, undefined);
  });

  test(`Produce ${version}: a transactional id needs a rule that names it`, async () => {
    const rig = new Rig(
      rules([
        { role: 'produce', topic: 'images' },
        { role: 'produce', topic: 'images', transactionalIDPrefix: 'mine-' },
      ]),
    );
    rig.fromClient(produce(version, ['images'], { transactionalId: 'mine-1' }));
    assert.ok(rig.atBroker().length > 0);
    rig.fromClient(produce(version, ['images'], { transactionalId: 'other' }));
    assert.equal(rig.atBroker().length, 0);
    rig.fromBroker(written(version, ['images']));
    const both = rig.atClient();
    const first = 4 + both.readInt32BE(0);
    assert.deepEqual(await results(version, both.subarray(first)), { images: [53, 53] });
  });

  test(`Produce ${version}: with acks=0 nothing is answered, a denial closes`, () => {
    const rig = new Rig(rules([{ role: 'produce', topic: 'images' }]));
    rig.fromClient(produce(version, ['images'], { acks: 0 }));
    rig.fromClient(produce(version, ['images', 'images'], { acks: 0 }));
    assert.equal(rig.flows.length, 2);
    rig.atBroker();
    rig.fromClient(produce(version, ['secret', 'images'], { acks: 0 }));
    assert.deepEqual(rig.atBroker(), produce(version, ['images'], { acks: 0 }));
    assert.deepEqual(rig.closed, { how: 'graceful', cause: 'denied' });

    const all = new Rig(rules([{ role: 'produce', topic: 'images' }]));
    all.fromClient(produce(version, ['secret'], { acks: 0 }));
    assert.equal(all.atBroker().length, 0);
    assert.equal(all.atClient().length, 0);
    assert.deepEqual(all.closed, { how: 'graceful', cause: 'denied' });
  });
}

test('a Produce for one topic streams: it is not held', () => {
  const rig = new Rig(rules([{ role: 'produce', topic: 'images' }]));
  const request = produce(9, ['images'], { value: 'x'.repeat(6 * 1024 * 1024) });
  rig.fromClient(request.subarray(0, 200));
  assert.deepEqual(rig.atBroker(), request.subarray(0, 200));
  rig.fromClient(request.subarray(200), 64 * 1024);
  assert.equal(rig.atBroker().length, request.length - 200);
  assert.equal(rig.closed, undefined);
});

test('a large Produce for several topics is held, stripped and passed on', async () => {
  const rig = new Rig(rules([{ role: 'produce', topic: 'images' }]));
  const value = 'x'.repeat(300 * 1024);
  rig.fromClient(produce(9, ['images', 'secret'], { value }), 64 * 1024);
  assert.deepEqual(rig.atBroker(), produce(9, ['images'], { value }));
  rig.fromBroker(written(9, ['images']));
  assert.deepEqual(await results(9, rig.atClient()), { secret: [29, 29], images: [0, 0] });
});

test('a change of the rules holds for the next request of an open connection', async () => {
  const rig = new Rig(rules([{ role: 'produce', topic: 'images' }]));
  rig.fromClient(produce(9, ['images']));
  rig.fromBroker(written(9, ['images']));
  rig.atClient();
  rig.ruleSet = rules([{ role: 'consume', topic: 'images' }]);
  rig.protocol.onPolicy();
  rig.fromClient(produce(9, ['images']));
  assert.deepEqual(await results(9, rig.atClient()), { images: [29, 29] });
});

test('in audit mode everything passes and is recorded', () => {
  const rig = new Rig(rules([{ role: 'produce', topic: 'images' }], true));
  const request = produce(9, ['images', 'secret']);
  rig.fromClient(request);
  assert.deepEqual(rig.atBroker(), request);
  rig.fromBroker(written(9, ['images', 'secret']));
  assert.equal(rig.flows[0]?.verdict, 'AUDIT');
  assert.equal(rig.flows[0]?.reason, 'no-rule');
});

for (const version of [8, 12]) {
  const big = { value: 'x'.repeat(3 * 1024 * 1024) };
  const grantImages = rules([{ role: 'produce', topicPrefix: 'images' }]);

  test(`Produce ${version} too large to be held: granted topics pass as they come`, () => {
    for (const chunk of [64 * 1024, 1024 * 1024]) {
      const rig = new Rig(grantImages);
      const request = produce(version, ['images', 'images-2'], big);
      rig.fromClient(request, chunk);
      assert.ok(rig.atBroker().equals(request));
      const response = written(version, ['images', 'images-2']);
      rig.fromBroker(response);
      assert.deepEqual(rig.atClient(), response);
      rig.fromClient(produce(version, ['images']));
      assert.equal(rig.closed, undefined);
      assert.deepEqual(rig.atBroker(), produce(version, ['images']));
    }
  });

  test(`Produce ${version} too large to be held: a first topic denied costs only that request`, async () => {
    for (const names of [['secret'], ['secret', 'images']]) {
      const rig = new Rig(grantImages);
      rig.fromClient(produce(version, names, big), 64 * 1024);
      assert.equal(rig.atBroker().length, 0);
      assert.deepEqual(await results(version, rig.atClient()), {
        secret: [29, 29],
        ...(names.length > 1 ? { images: [6, 6] } : {}),
      });
      assert.equal(rig.closed, undefined);
      rig.fromClient(produce(version, ['images']));
      assert.deepEqual(rig.atBroker(), produce(version, ['images']));
    }
  });

  test(`Produce ${version} too large to be held: a later topic denied ends the connection after the answer`, async () => {
    const rig = new Rig(grantImages);
    rig.fromClient(produce(version, ['images']));
    const first = rig.atBroker();
    const request = produce(version, ['images', 'secret'], big);
    rig.fromClient(request, 64 * 1024);
    assert.ok(rig.atBroker().length < request.length - 2 * big.value.length);
    assert.equal(rig.closed, undefined);
    assert.ok(first.length > 0);
    const response = written(version, ['images']);
    rig.fromBroker(response);
    const answered = rig.atClient();
    assert.deepEqual(answered.subarray(0, response.length), response);
    assert.deepEqual(await results(version, answered.subarray(response.length)), { images: [6, 6], secret: [29, 29] });
    assert.deepEqual(rig.closed, { how: 'graceful', cause: 'denied' });
    assert.equal(rig.flows.at(-1)?.verdict, 'DENY');
  });
}

test('draining waits for a request that is passing, then ends the connection', () => {
  const rig = new Rig(rules([{ role: 'produce', topic: 'images' }]));
  const request = produce(8, ['images'], { acks: 0, value: 'x'.repeat(1000) });
  rig.fromClient(request.subarray(0, 1500));
  rig.protocol.onStop();
  rig.tick();
  assert.equal(rig.closed, undefined);
  rig.fromClient(request.subarray(1500));
  rig.tick();
  assert.deepEqual(rig.atBroker(), request);
  assert.deepEqual(rig.closed, { how: 'graceful', cause: 'drain' });
});
