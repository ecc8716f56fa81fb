import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder } from '../../../proxy/http2/hpack/decoder.ts';
import { encodeBlock } from '../../../proxy/http2/hpack/encoder.ts';
import { codeLengths } from '../../../proxy/http2/hpack/huffman-code.ts';
import { AnyEncoder, Chance, requestFields } from '../../fuzz/hpack-blocks.ts';

const limits = { listBytes: 4096, fields: 64 };

function fieldsOf(decoder: HpackDecoder): string[] {
  return decoder.names.slice(0, decoder.count).map((name, at) => `${name}: ${decoder.values[at]}`);
}

function decode(decoder: HpackDecoder, hex: string) {
  const block = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return decoder.decode(block, 0, block.length);
}

/** RFC 7541 appendix C: [blocks in hex, fields after each, table octets after each]. */
const request1 = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
const request2 = [...request1, 'cache-control: no-cache'];
const request3 = [
  ':method: GET',
  ':scheme: https',
  ':path: /index.html',
  ':authority: www.example.com',
  'custom-key: custom-value',
];
const response1 = [
  ':status: 302',
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:21 GMT',
  'location: https://www.example.com',
];
const response2 = [':status: 307', ...response1.slice(1)];
const response3 = [
  ':status: 200',
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:22 GMT',
  'location: https://www.example.com',
  'content-encoding: gzip',
  'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
];

const sequences: readonly { name: string; capacity?: number; blocks: readonly [string, string[], number][] }[] = [
  {
    name: 'C.2.1 literal with indexing',
    blocks: [['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', ['custom-key: custom-header'], 55]],
  },
  {
    name: 'C.2.2 literal without indexing',
    blocks: [['040c 2f73 616d 706c 652f 7061 7468', [':path: /sample/path'], 0]],
  },
  { name: 'C.2.3 never indexed', blocks: [['1008 7061 7373 776f 7264 0673 6563 7265 74', ['password: secret'], 0]] },
  { name: 'C.2.4 indexed', blocks: [['82', [':method: GET'], 0]] },
  {
    name: 'C.3 requests without Huffman',
    blocks: [
      ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', request1, 57],
      ['8286 84be 5808 6e6f 2d63 6163 6865', request2, 110],
      ['8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65', request3, 164],
    ],
  },
  {
    name: 'C.4 requests with Huffman',
    blocks: [
      ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', request1, 57],
      ['8286 84be 5886 a8eb 1064 9cbf', request2, 110],
      ['8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf', request3, 164],
    ],
  },
  {
    name: 'C.6 responses with Huffman and eviction',
    capacity: 256,
    blocks: [
      [
        '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        response1,
        222,
      ],
      ['4883 640e ffc1 c0bf', response2, 222],
      [
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
        response3,
        215,
      ],
    ],
  },
];

for (const { name, capacity, blocks } of sequences) {
  test(`RFC 7541 ${name}`, () => {
    const decoder = new HpackDecoder(limits);
    if (capacity !== undefined) assert.equal(decode(decoder, '3fe101'), undefined);
    for (const [hex, fields, bytes] of blocks) {
      assert.equal(decode(decoder, hex), undefined);
      assert.deepEqual(fieldsOf(decoder), fields);
      assert.equal(decoder.tableBytes, bytes);
    }
  });
}

test('the Huffman code is complete', () => {
  assert.equal(
    codeLengths.reduce((sum, length) => sum + 2 ** (30 - length), 0),
    2 ** 30,
  );
});

const malformed: readonly [string, string][] = [
  ['index 0', '80'],
  ['an index beyond the table', 'be'],
  ['a name index beyond the table', '7f00 01'],
  ['a truncated integer', 'ff'],
  ['an integer that does not end', 'ffff ffff ffff ffff ff7f'],
  ['a truncated string', '4005 6162'],
  ['a missing value', '4001 61'],
  ['a missing name', '40'],
  ['EOS in a Huffman string', '0085 ffff ffff fc01 61'],
  ['eight bits of padding', '0082 1fff 0161'],
  ['padding that is not ones', '0081 1801 61'],
  ['a size update above what is allowed', '3fe2 1f'],
  ['a size update after a field', '8220'],
];
for (const [name, hex] of malformed) {
  test(`rejects ${name}`, () => {
    assert.equal(decode(new HpackDecoder(limits), hex), 'malformed');
  });
}

test('small blocks that decode to too much are stopped', () => {
  const decoder = new HpackDecoder(limits);
  const big = encodeBlock([['x', 'v'.repeat(2000)]]);
  big[0] = 0x40;
  assert.equal(decoder.decode(Buffer.concat([big, Buffer.from([0xbe, 0xbe])]), 0, big.length + 2), 'limit');
  assert.equal(decode(new HpackDecoder(limits), '82'.repeat(65)), 'limit');
});

test('what the encoder writes decodes to the same and changes no table', () => {
  const octets = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
  fc.assert(
    fc.property(fc.array(fc.tuple(octets, octets), { maxLength: 20 }), (pairs) => {
      const decoder = new HpackDecoder({ listBytes: 65_536, fields: 64 });
      const block = encodeBlock(pairs);
      assert.equal(decoder.decode(block, 0, block.length), undefined);
      assert.deepEqual(
        decoder.names.slice(0, decoder.count).map((name, at) => [name, decoder.values[at]]),
        pairs,
      );
      assert.equal(decoder.tableBytes, 0);
    }),
  );
});

test('no block, however broken, makes the decoder throw or keep more than its table', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
      const decoder = new HpackDecoder(limits);
      for (const block of blocks) {
        if (decoder.decode(Buffer.from(block), 0, block.length) !== undefined) return;
        assert.ok(decoder.tableBytes <= 4096);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a block that comes again means what the table makes of it then', () => {
  const anything = Buffer.from([0x82]);
  let repeated = 0;
  for (let seed = 0; seed < 500; seed++) {
    const chance = new Chance(seed);
    const encoder = new AnyEncoder(chance, 4096);
    const [remembering, forgetful] = [new HpackDecoder(limits), new HpackDecoder(limits)];
    const blocks = Array.from({ length: 6 }, () => encoder.encode(requestFields(chance, '/')));
    // Without names that are put into the table.
    blocks.push(Buffer.from([0x82, 0x86, 0x84, 0x00, 0x01, 0x61, 0x01, 0x62]), Buffer.from([0xbe]));
    for (let count = 0; count < 30; count++) {
      const block = blocks[chance.once(2) ? blocks.length - 2 : chance.below(blocks.length)] ?? anything;
      const before = fieldsOf(remembering);
      const error = remembering.decode(block, 0, block.length);
      forgetful.decode(anything, 0, anything.length);
      assert.equal(error, forgetful.decode(block, 0, block.length));
      if (error !== undefined) break;
      assert.deepEqual(fieldsOf(remembering), fieldsOf(forgetful));
      assert.equal(remembering.tableBytes, forgetful.tableBytes);
      if (!remembering.repeated) continue;
      repeated++;
      assert.deepEqual(fieldsOf(remembering), before);
    }
  }
  assert.ok(repeated > 500, `${repeated} were known again`);
});
