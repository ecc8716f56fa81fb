/** What no client sends: each is refused or bounded, nothing of it reaches the broker. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../../src/limits.ts';
import { Rig, rules } from './rig.ts';
import { API, at, Encoder, rawFrame, requestFrame, responseFrame } from './wire.ts';

const allow = rules([{}]);

function size(value: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32BE(value);
  return bytes;
}

function refused(bytes: Uint8Array, reason: string, chunk?: number): void {
  const rig = new Rig(allow);
  rig.fromClient(bytes, chunk);
  assert.equal(rig.atBroker().length, 0);
  assert.equal(rig.atClient().length, 0);
  assert.notEqual(rig.closed, undefined, 'still open');
  assert.equal(rig.flows[0]?.verdict, 'DENY');
  assert.equal(rig.flows[0]?.reason, reason);
}

test('frame sizes that are none', () => {
  for (const value of [-1, -0x80000000, 0, 7, 9]) refused(size(value), 'malformed');
  refused(size(limits.kafkaFrameBytes + 1), 'limit');
  refused(size(0x7fffffff), 'limit');
});

test('other protocols', () => {
  refused(Buffer.from('16030100c8010000c40303', 'hex'), 'tls');
  refused(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'limit');
  refused(Buffer.from('SSH-2.0-OpenSSH_9.2p1 Debian\r\n'), 'limit');
});

test('keys and versions that are not judged close the connection after what came before', () => {
  const unknown = [
    [4, 0],
    [58, 0],
    [71, 0],
    [72, 0],
    [83, 0],
    [10_000, 0],
    [-1, 0],
    [0, 13],
    [0, 2],
    [0, -1],
    [1, 13],
    [3, 14],
    [8, 10],
    [17, 0],
    [20, 6],
    [24, 4],
  ] as const;
  for (const [key, version] of unknown) {
    refused(rawFrame(key, version, Buffer.alloc(8)), 'unknown-api');
    const rig = new Rig(allow);
    const before = requestFrame(at(API.HEARTBEAT, 4), {
      groupId: 'g',
      generationId: 1,
      memberId: 'm',
      groupInstanceId: null,
    });
    rig.fromClient(Buffer.concat([before, rawFrame(key, version, Buffer.alloc(8)), before]));
    assert.deepEqual(rig.atBroker(), before);
    assert.equal(rig.closed, undefined);
    const response = responseFrame(at(API.HEARTBEAT, 4), (encoder) =>
      encoder.writeInt32(0).writeInt16(0).writeUVarInt(0),
    );
    rig.fromBroker(response);
    assert.deepEqual(rig.atClient(), response);
    assert.deepEqual(rig.closed, { how: 'graceful', cause: 'denied' });
  }
});

test('a bare GSSAPI token is no request', () => {
  const token = Buffer.concat([
    size(200).subarray(0, 4),
    Buffer.from('6082020a06092a864886f712', 'hex'),
    Buffer.alloc(188),
  ]);
  refused(token, 'unknown-api');
});

test('counts that promise more than there is', () => {
  for (const count of [0x7fffffff, 1_000_000, -2, -0x80000000]) {
    // ListOffsets 1: replica id, topics.
    refused(rawFrame(2, 1, new Encoder().writeInt32(-1).writeInt32(count).value()), 'malformed');
    // One topic with that many partitions.
    const topic = new Encoder().writeInt32(-1).writeInt32(1).writeString('t').writeInt32(count);
    refused(rawFrame(2, 1, topic.value()), 'malformed');
  }
  const compact = new Encoder().writeInt32(-1).writeInt8(0).writeUVarInt(0x7fffffff);
  refused(rawFrame(2, 6, compact.value(), true), 'malformed');
});

test('more topics than are looked at', () => {
  const encoder = new Encoder().writeInt32(limits.kafkaEntries + 1);
  for (let index = 0; index <= limits.kafkaEntries; index++) encoder.writeString('');
  refused(rawFrame(20, 1, encoder.writeInt32(0).value()), 'malformed');
});

test('tagged fields without end, out of order, twice, too many', () => {
  const heartbeat = (tags: Buffer): Buffer =>
    new Encoder()
      .writeCompactString('g')
      .writeInt32(1)
      .writeCompactString('m')
      .writeCompactString(null)
      .write(tags)
      .value();
  const tags = (list: readonly (readonly [number, number])[], count = list.length): Buffer => {
    const encoder = new Encoder().writeUVarInt(count);
    for (const [tag, length] of list) encoder.writeUVarInt(tag).writeUVarInt(length).write(Buffer.alloc(length));
    return encoder.value();
  };
  const rig = new Rig(allow);
  const good = rawFrame(
    12,
    4,
    heartbeat(
      tags([
        [0, 1],
        [7, 300],
      ]),
    ),
    true,
  );
  rig.fromClient(good, 3);
  assert.deepEqual(rig.atBroker(), good);

  const many = Array.from({ length: limits.kafkaTaggedFields + 1 }, (_, tag) => [tag, 0] as const);
  for (const bad of [
    tags([
      [3, 1],
      [3, 1],
    ]),
    tags([
      [3, 1],
      [2, 1],
    ]),
    tags(many),
    tags([[0, 1]], 2),
    tags([], 20_000_000),
    Buffer.from('ffffffffff', 'hex'),
    Buffer.from('ffffffff08', 'hex'),
    Buffer.from('0100ffffffff07', 'hex'),
  ]) {
    refused(rawFrame(12, 4, heartbeat(bad), true), 'malformed');
    // In the header (CVE-2026-111115).
    const body = new Encoder()
      .write(bad)
      .write(heartbeat(tags([])))
      .value();
    refused(rawFrame(12, 4, body, false), 'malformed');
  }
});

test('a header that does not end', () => {
  const frame = Buffer.concat([
    new Encoder().writeInt32(90_000_000).writeInt16(12).writeInt16(4).writeInt32(1).writeInt16(0x7fff).value(),
    Buffer.alloc(limits.kafkaHeaderBytes),
  ]);
  refused(frame, 'malformed', 100);
});

test('a large request of another API is not held without end', () => {
  const frame = Buffer.alloc(70_000);
  requestFrame(at(API.HEARTBEAT, 1), { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }).copy(
    frame,
  );
  frame.writeInt32BE(limits.kafkaHeldRequestBytes);
  refused(frame, 'limit', 65_536);
});

test('follower fetches are denied', () => {
  const body = new Encoder().writeInt32(1).writeInt32(100).writeInt32(1).writeInt32(100).writeInt8(0);
  body.writeInt32(1).writeString('images').writeInt32(1).writeInt32(0).writeInt64(0n).writeInt32(100);
  const rig = new Rig(allow);
  rig.fromClient(rawFrame(1, 4, body.value()));
  assert.equal(rig.atBroker().length, 0);
  assert.equal(rig.flows[0]?.verdict, 'DENY');
  assert.match(rig.flows[0]?.detail ?? '', /replica 1/);
});

test('internal topics take a rule that names them', () => {
  const write = (topic: string) =>
    requestFrame(
      at(API.PRODUCE, 9),
      {
        transactionalId: null,
        acks: 1,
        timeoutMs: 1,
        topicData: [{ name: topic, topicId: '', partitionData: [] }],
      },
      { clientId: '__admin_client' },
    );
  for (const [rule, open] of [
    [{ role: 'produce' }, false],
    [{ role: 'produce', topicPrefix: '_' }, false],
    [{ role: 'produce', topicPrefix: '__consumer' }, true],
    [{ role: 'produce', topic: '__consumer_offsets' }, true],
    [{}, true],
  ] as const) {
    const rig = new Rig(rules([rule]));
    rig.fromClient(write('__consumer_offsets'));
    assert.equal(rig.atBroker().length > 0, open, JSON.stringify(rule));
  }
});

test('names that are no topic names match no rule that names topics', () => {
  for (const name of [
    'images\0',
    'images ',
    'Images',
    'imageſ',
    'ima/ges',
    '.',
    '..',
    '',
    'a'.repeat(250),
    'images\n',
  ]) {
    const rig = new Rig(
      rules([
        { role: 'produce', topic: 'images' },
        { role: 'produce', topicPrefix: 'ima/' },
      ]),
    );
    rig.fromClient(
      requestFrame(at(API.PRODUCE, 9), {
        transactionalId: null,
        acks: 1,
        timeoutMs: 1,
        topicData: [{ name, topicId: '', partitionData: [] }],
      }),
    );
    assert.equal(rig.atBroker().length, 0, JSON.stringify(name));
  }
});

test('a flood of requests waits, and goes on as answers come', () => {
  const rig = new Rig(allow);
  const api = at(API.HEARTBEAT, 4);
  const data = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null };
  const count = limits.kafkaPipelinedRequests + 50;
  const frames = Array.from({ length: count }, (_, index) => requestFrame(api, data, { correlationId: index % 3 }));
  rig.fromClient(Buffer.concat(frames));
  assert.equal(rig.atBroker().length, (frames[0]?.length ?? 0) * limits.kafkaPipelinedRequests);
  for (let index = 0; index < count; index++) {
    rig.fromBroker(responseFrame(api, (encoder) => encoder.writeInt32(0).writeInt16(0).writeUVarInt(0), index % 3));
  }
  assert.equal(rig.closed, undefined);
  assert.equal(rig.flows.length, count);
  assert.equal(rig.atBroker().length, (frames[0]?.length ?? 0) * 50);
});

test('denials that wait behind a slow answer are not piled up', () => {
  const rig = new Rig(rules([{ role: 'consume', topic: 'images', group: 'g' }]));
  const api = at(API.HEARTBEAT, 4);
  const beat = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null };
  const names = Array.from({ length: 5000 }, (_, index) => ({ name: `secret-${index}`, topicId: null }));
  const remove = requestFrame(at(API.DELETE_TOPICS, 4), { topics: names });
  rig.fromClient(requestFrame(api, beat));
  for (let count = 0; count < 20; count++) rig.fromClient(remove);
  assert.ok(rig.downstream.arrived().length > 10 * remove.length);
  assert.equal(rig.atClient().length, 0);
  rig.fromBroker(responseFrame(api, (encoder) => encoder.writeInt32(0).writeInt16(0).writeUVarInt(0)));
  assert.equal(rig.downstream.arrived().length, 0);
  assert.equal(rig.flows.length, 21);
});

test('requests that are held: all connections together have a bound, and give back what they held', () => {
  const frame = Buffer.alloc(100_000);
  requestFrame(at(API.HEARTBEAT, 1), { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }).copy(
    frame,
  );
  frame.writeInt32BE(limits.kafkaHeldRequestBytes - 4);
  const most = limits.kafkaHeldTotalBytes / limits.kafkaHeldRequestBytes;
  for (let times = 0; times < 2; times++) {
    const rigs = Array.from({ length: most + 5 }, () => new Rig(allow));
    // A size alone takes nothing from others.
    for (const rig of rigs) rig.fromClient(frame, 65_000);
    assert.ok(rigs.every(({ closed }) => closed === undefined));
    for (const rig of rigs) rig.fromClient(Buffer.alloc(limits.kafkaHeldRequestBytes - frame.length - 1), 1_000_000);
    const refusals = rigs.filter(({ closed }) => closed !== undefined);
    assert.ok(refusals.length >= 5 && refusals.length < most);
    assert.ok(refusals.every(({ flows }) => flows[0]?.reason === 'limit'));
    for (const rig of rigs) rig.clientEnds();
  }
});

test('a client that does not read its denials is not answered for ever', () => {
  const rig = new Rig(rules([{ role: 'produce', topic: 'images' }]));
  const frame = requestFrame(at(API.HEARTBEAT, 4), {
    groupId: 'g',
    generationId: 1,
    memberId: 'm',
    groupInstanceId: null,
  });
  rig.downstream.backlog = limits.relayBacklogHighBytes + 1;
  rig.fromClient(frame);
  assert.equal(rig.atClient().length, 0);
  rig.downstream.backlog = 0;
  rig.protocol.onDrain();
  assert.ok(rig.atClient().length > 0);
});

test('a request that does not become complete in time', () => {
  const rig = new Rig(allow);
  const frame = requestFrame(at(API.HEARTBEAT, 4), {
    groupId: 'g',
    generationId: 1,
    memberId: 'm',
    groupInstanceId: null,
  });
  rig.fromClient(frame.subarray(0, 20), 1);
  assert.equal(rig.timed, limits.kafkaFrameTimeoutMs);
  rig.tick();
  assert.deepEqual(rig.closed, { how: 'reset', cause: 'head-timeout' });

  const slow = new Rig(allow);
  slow.fromClient(frame, 1);
  assert.equal(slow.timed, undefined);
  assert.deepEqual(slow.atBroker(), frame);
});

test('a broker that answers what nobody asked, or out of order', () => {
  const heartbeat = (correlationId: number) =>
    responseFrame(
      at(API.HEARTBEAT, 4),
      (encoder) => encoder.writeInt32(0).writeInt16(0).writeUVarInt(0),
      correlationId,
    );
  const unasked = new Rig(allow);
  unasked.fromBroker(heartbeat(1));
  assert.equal(unasked.closed?.cause, 'malformed');

  const other = new Rig(allow);
  other.fromClient(
    requestFrame(at(API.HEARTBEAT, 4), { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }),
  );
  other.fromBroker(heartbeat(8));
  assert.equal(other.atClient().length, 0);
  assert.equal(other.closed?.cause, 'malformed');
});

test('ends of connections', () => {
  const frame = requestFrame(at(API.HEARTBEAT, 4), {
    groupId: 'g',
    generationId: 1,
    memberId: 'm',
    groupInstanceId: null,
  });
  const answer = responseFrame(at(API.HEARTBEAT, 4), (encoder) => encoder.writeInt32(0).writeInt16(0).writeUVarInt(0));

  const idle = new Rig(allow);
  idle.clientEnds();
  assert.deepEqual(idle.closed, { how: 'graceful', cause: 'client-closed' });

  const within = new Rig(allow);
  within.fromClient(frame.subarray(0, 10));
  within.clientEnds();
  assert.equal(within.closed?.cause, 'client-closed');

  const waiting = new Rig(allow);
  waiting.fromClient(frame);
  waiting.clientEnds();
  assert.equal(waiting.closed, undefined);
  waiting.fromBroker(answer);
  assert.deepEqual(waiting.atClient(), answer);
  assert.deepEqual(waiting.closed, { how: 'graceful', cause: 'client-closed' });

  const broker = new Rig(allow);
  broker.fromClient(frame);
  broker.brokerEnds();
  assert.equal(broker.closed?.cause, 'server-closed');

  const drained = new Rig(allow);
  drained.fromClient(frame);
  drained.protocol.onStop();
  assert.equal(drained.closed, undefined);
  drained.fromClient(frame);
  drained.fromBroker(answer);
  assert.deepEqual(drained.atBroker(), frame);
  assert.deepEqual(drained.closed, { how: 'graceful', cause: 'drain' });
});
