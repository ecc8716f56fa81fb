/** DescribeTransactions: ids that are not granted are denied, topics that are not stay out of what is said of the others. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig, rules } from './rig.ts';
import { API, at, decode, requestFrame, responseFrame } from './wire.ts';

const api = at(API.DESCRIBE_TRANSACTIONS, 0);

/** An open transaction of each id, on these topics. */
function described(ids: readonly string[], topics: readonly string[]): Buffer {
  return responseFrame(api, (encoder) => {
    encoder.writeInt32(0).writeCompactArray([...ids], (_, id) => {
      encoder.writeInt16(0).writeCompactString(id).writeCompactString('Ongoing');
      encoder.writeInt32(60_000).writeInt64(1n).writeInt64(7n).writeInt16(0);
      encoder.writeCompactArray([...topics], (_each, topic) => {
        encoder.writeCompactString(topic).writeCompactArray([0, 1], (_one, index) => encoder.writeInt32(index));
        encoder.writeUVarInt(0);
      });
      encoder.writeUVarInt(0);
    });
    return encoder.writeUVarInt(0);
  });
}

const seen = async (rig: Rig) => {
  const { body } = await decode(api, rig.atClient());
  return body.transactionStates.map(({ errorCode, transactionalId, transactionState, topics }) => [
    errorCode,
    transactionalId,
    transactionState,
    topics.map(({ topic }) => topic),
  ]);
};

test('an id that is denied is taken out of the request; hidden topics out of the response', async () => {
  const rig = new Rig(rules([{ role: 'describe', topicPrefix: 'a-', transactionalID: 'one' }]));
  rig.fromClient(requestFrame(api, { transactionalIds: ['other', 'one'] }));
  assert.deepEqual(rig.atBroker(), requestFrame(api, { transactionalIds: ['one'] }));
  rig.fromBroker(described(['one'], ['a-1', 'hidden', 'a-2']), 5);
  assert.deepEqual(await seen(rig), [
    [53, 'other', '', []],
    [0, 'one', 'Ongoing', ['a-1', 'a-2']],
  ]);
});

test('what is all denied the broker does not see', async () => {
  const rig = new Rig(rules([{ role: 'describe', topic: 'a', transactionalID: 'one' }]));
  rig.fromClient(requestFrame(api, { transactionalIds: ['other'] }));
  assert.equal(rig.atBroker().length, 0);
  assert.deepEqual(await seen(rig), [[53, 'other', '', []]]);
});

test('whoever may see every topic gets the response as it came', () => {
  const rig = new Rig(rules([{ role: 'describe' }]));
  rig.fromClient(requestFrame(api, { transactionalIds: ['one', 'two'] }));
  const frame = described(['one', 'two'], ['a', 'b']);
  rig.fromBroker(frame);
  assert.deepEqual(rig.atClient(), frame);
});

test('a response that is not what its grammar says closes the connection', () => {
  const rig = new Rig(rules([{ role: 'describe', topic: 'a', transactionalID: 'one' }]));
  rig.fromClient(requestFrame(api, { transactionalIds: ['one'] }));
  const frame = described(['one'], ['a', 'hidden']);
  frame.writeUInt8(0x7f, 13);
  rig.fromBroker(frame);
  assert.equal(rig.closed?.cause, 'malformed');
});
