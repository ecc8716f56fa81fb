/**
 * Fuzzes the Kafka proxy: `scripts/node test/fuzz/kafka.ts [seconds] [seed]`. Same seed, same bytes; a failure prints the
 * seed of its round.
 *
 * A round takes well-formed requests and responses (made by our own grammars, so of every API and version), damages some
 * of them, cuts the stream anywhere, and checks what must hold for any bytes at all:
 * - nothing throws, and memory held per connection stays bounded;
 * - what reaches the broker are frames of keys and versions that are judged, none of which names
 *   what the rules do not grant (read for this check by a second, plain decoder);
 * - what reaches the client is whole frames, those of intact requests in the order in which they were asked.
 */

import assert from 'node:assert/strict';
import { apis } from '../../proxy/kafka/apis.ts';
import type { Layout } from '../../proxy/kafka/layout.ts';
import type { Api } from '../../proxy/kafka/request.ts';
import { Rig, rules } from '../unit/kafka/rig.ts';
import { deniedName } from './kafka-names.ts';

const seconds = Number(process.argv[2] ?? 10);
const firstSeed = Number(process.argv[3] ?? 1);

/** mulberry32: small, seedable, good enough to choose bytes by. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % bound;
  }

  chance(one: number): boolean {
    return this.below(one) === 0;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    assert.ok(item !== undefined);
    return item;
  }
}

const words = ['granted', 'granted', 'granted-2', 'denied', '__consumer_offsets', '', 'a'.repeat(249), 'grant'];
const edges = [0, 1, -1, 2, 127, 128, 255, 32767, -32768, 65536, 0x7fffffff, -0x80000000];
const list = [...apis.values()];

function integer(value: number, size: number): Buffer {
  const bytes = Buffer.alloc(size, value < 0 ? 0xff : 0);
  for (let index = 0; index < Math.min(4, size); index++) bytes[size - 1 - index] = value >>> (8 * index);
  return bytes;
}

function uvarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value >>> 0;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

function tags(random: Random): Buffer {
  if (!random.chance(20)) return uvarint(0);
  return Buffer.concat([uvarint(1), uvarint(random.below(200)), uvarint(3), Buffer.alloc(3)]);
}

/** A value that the layout describes. */
function compose(layout: Layout, random: Random, depth = 0): Buffer {
  const parts: Buffer[] = [];
  for (const field of layout.fields) {
    const isNull = field.nullable && random.chance(6);
    if (field.kind === 'fixed') {
      parts.push(integer(field.name === 'replica_id' && !random.chance(10) ? -1 : random.pick(edges), field.size));
    } else if (field.kind === 'string' || field.kind === 'bytes') {
      const text = Buffer.from(random.pick(words));
      const size = field.kind === 'string' ? 2 : 4;
      const length = isNull ? -1 : text.length;
      parts.push(field.compact ? uvarint(length + 1) : integer(length, size));
      if (!isNull) parts.push(text);
    } else if (field.kind === 'array') {
      const count = isNull ? -1 : random.below(depth === 0 ? 5 : 3);
      parts.push(field.compact ? uvarint(count + 1) : integer(count, 4));
      for (let index = 0; index < count; index++) parts.push(compose(field.element, random, depth + 1));
    } else {
      if (field.nullable) parts.push(integer(isNull ? -1 : 1, 1));
      if (!isNull) parts.push(compose(field.element, random, depth + 1));
    }
  }
  if (layout.tagged) parts.push(tags(random));
  return Buffer.concat(parts);
}

function sized(body: Buffer): Buffer {
  return Buffer.concat([integer(body.length, 4), body]);
}

function request(api: Api, version: number, correlationId: number, random: Random): Buffer {
  const clientId = Buffer.from(random.pick(['fuzz', '', 'granted']));
  return sized(
    Buffer.concat([
      integer(api.key, 2),
      integer(version, 2),
      integer(correlationId, 4),
      random.chance(8) ? integer(-1, 2) : Buffer.concat([integer(clientId.length, 2), clientId]),
      version >= api.request.flexible ? tags(random) : Buffer.alloc(0),
      compose(api.request.layout(version), random),
    ]),
  );
}

function response(api: Api, version: number, correlationId: number, random: Random): Buffer {
  const tagged = version >= api.response.flexible && api.key !== 18;
  const body = compose(api.response.layout(version), random);
  return sized(Buffer.concat([integer(correlationId, 4), tagged ? tags(random) : Buffer.alloc(0), body]));
}

function damage(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(copy.length);
    switch (random.below(4)) {
      case 0:
        copy[at] = random.below(256);
        break;
      case 1:
        integer(random.pick(edges), 4).copy(copy, at);
        break;
      case 2:
        copy.fill(0xff, at, Math.min(copy.length, at + random.below(8)));
        break;
      default: {
        const shorter = Buffer.from(copy.subarray(0, Math.max(5, copy.length - 1 - random.below(12))));
        if (random.chance(2)) integer(shorter.length - 4, 4).copy(shorter);
        return shorter;
      }
    }
  }
  return copy;
}

/** Whole frames at the front of `bytes`; what is left over is a part of one. */
function* frames(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readInt32BE(at);
    if (end > bytes.length) return;
    yield bytes.subarray(at, end);
    at = end;
  }
}

const ruleSets = [
  rules([
    { role: 'produce', topicPrefix: 'granted', transactionalID: 'granted', group: 'granted' },
    { role: 'consume', topicPrefix: 'granted', groupPrefix: 'granted' },
    { role: 'admin', topic: 'granted' },
  ]),
  rules([{}]),
  rules([{ role: 'describe', topic: 'granted-2', clientID: 'granted' }]),
];

function round(seed: number): void {
  const random = new Random(seed);
  const strict = random.below(ruleSets.length);
  const rig = new Rig(ruleSets[strict] ?? rules([]));
  let sent = Buffer.alloc(0);
  let answers = 0;
  /** The client's bytes stay as they were made. */
  const intact = random.chance(2);
  for (let step = 0; step < 12 && rig.closed === undefined; step++) {
    const api = random.pick(list);
    const version = api.min + random.below(api.max - api.min + 1);
    const whole = request(api, version, step, random);
    const bytes = !intact && random.chance(3) ? damage(whole, random) : whole;
    rig.fromClient(bytes, 1 + random.below(bytes.length + 20));
    sent = Buffer.concat([sent, rig.atBroker()]);
    for (const frame of frames(sent)) {
      if (strict === 0) {
        const name = deniedName(frame);
        assert.equal(name, undefined, `the broker got ${name}: ${frame.toString('hex')}`);
      }
      sent = Buffer.from(sent.subarray(frame.length));
      const asked = apis.get(frame.readInt16BE(4));
      assert.ok(asked !== undefined);
      const reply = response(asked, frame.readInt16BE(6), frame.readInt32BE(8), random);
      const given = random.chance(12) ? damage(reply, random) : reply;
      if (asked.name !== 'produce' || rig.flows.length === 0) rig.fromBroker(given, 1 + random.below(given.length));
      answers++;
      if (rig.closed !== undefined) break;
    }
  }
  let previous = -1;
  for (const frame of frames(rig.atClient())) {
    assert.ok(frame.length >= 8);
    const correlationId = frame.readInt32BE(4);
    if (intact) assert.ok(correlationId > previous, 'answers out of order');
    previous = correlationId;
  }
  assert.ok(rig.flows.length <= 24 + answers);
  if (rig.closed === undefined) rig.clientEnds();
}

const until = Date.now() + seconds * 1000;
let seed = firstSeed;
try {
  for (; Date.now() < until; seed++) round(seed);
} catch (error) {
  console.error(`kafka fuzz: failed with seed ${seed}`);
  throw error;
}
console.log(`kafka fuzz: ${seed - firstSeed} rounds, seeds ${firstSeed} to ${seed - 1}`);
