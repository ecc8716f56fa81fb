/** Which rule set judges the next head: policy changes, exchanged tables, tables of every size, none at all. */

import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { doubt, stream_mode } from '../../src/datapath/abi.generated.ts';
import type { JudgeTable } from '../../src/judge/table.ts';
import { TABLE_CELLS } from '../../src/judge/table.ts';
import type { DirectionPolicy, PortVerdict } from '../../src/policy/resolved.ts';
import { enforced, ids } from './bench-tap.ts';
import { get, judgeBench, post, ref, ruleSet, rules, tableOf, under } from './judge-bench.ts';
import { JudgedConnection } from './judged-connection.ts';
import { icmpError, protocols } from './packet.ts';

const bench = judgeBench();
after(() => bench[Symbol.dispose]());

const passed = 'pass judged';
const held = 'drop held';
const ok = get('/ok');
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const other = ruleSet(6, { method: 'GET', path: '/no' });

beforeEach(() => {
  bench.apply(under(rules), under(rules));
  bench.putTable(rules.id, tableOf(rules));
  bench.putTable(other.id);
  bench.switchJudge(true);
});

function opened(): JudgedConnection {
  const connection = new JudgedConnection(bench);
  assert.deepEqual(connection.open(), [passed, passed, passed]);
  return connection;
}

function egress(verdict: PortVerdict): DirectionPolicy {
  return enforced([ids.peer, [{ protocol: protocols.tcp, first: 80, last: 80, verdict }]]);
}

test('without the setting, or without a table, a connection is diverted from its SYN on', () => {
  bench.switchJudge(false);
  assert.equal(new JudgedConnection(bench).client({ flags: 'S', at: -1 }), 'redirect diverted');
  bench.switchJudge(true);
  bench.putTable(rules.id);
  assert.equal(new JudgedConnection(bench).client({ flags: 'S', at: -1 }), 'redirect diverted');
});

test('a diverted connection stays diverted when judging begins', () => {
  bench.switchJudge(false);
  const connection = new JudgedConnection(bench);
  connection.client({ flags: 'S', at: -1 });
  bench.switchJudge(true);
  assert.equal(connection.client({ payload: ok }), 'redirect diverted');
});

test('the next head is judged by the table of that moment', () => {
  const connection = opened();
  assert.equal(connection.client({ payload: ok }), passed);
  connection.server({ payload: answer, ack: ok.length });
  bench.putTable(rules.id, tableOf(other));
  const no = get('/no');
  assert.equal(connection.client({ at: ok.length, payload: no }), passed);
  connection.server({ at: answer.length, payload: answer, ack: ok.length + no.length });
  assert.equal(connection.client({ at: ok.length + no.length, payload: ok }), held);
});

test('the next head is judged by the rule set of a new policy', () => {
  const connection = opened();
  bench.putTable(other.id, tableOf(other));
  bench.apply(under(other), under(other));
  assert.equal(connection.client({ payload: ok }), held);
  const second = opened();
  assert.equal(second.client({ payload: get('/no') }), passed);
});

test('a body under way goes on under a new table', () => {
  const connection = opened();
  const head = post(20);
  assert.equal(connection.client({ payload: head }), passed);
  bench.putTable(rules.id, tableOf(other));
  assert.equal(connection.client({ at: head.length, payload: 'a'.repeat(20) }), passed);
});

test('when the table goes or judging ends, the next head is held', () => {
  const first = opened();
  const second = opened();
  bench.putTable(rules.id);
  assert.equal(first.client({ payload: ok }), held);
  assert.equal(first.doubt, doubt.no_table);
  bench.putTable(rules.id, tableOf(rules));
  bench.switchJudge(false);
  assert.equal(second.client({ payload: ok }), held);
  assert.equal(second.doubt, doubt.no_table);
});

test('a revocation stops the next packet, in either direction', () => {
  const connection = opened();
  bench.apply(under(rules), egress({ verdict: 'deny', ref, audit: false }));
  assert.equal(connection.client({ payload: ok }), 'drop revoked');
  assert.equal(connection.server({ payload: 'x' }), 'drop revoked');
  bench.apply(under(rules), under(rules));
  assert.equal(connection.client({ payload: ok }), passed, 'nothing passed meanwhile, so nothing was missed');
});

test('without the L7 rule the connection passes unwatched, and is as an older one afterwards', () => {
  const connection = opened();
  bench.apply(under(rules), egress({ verdict: 'allow', ref }));
  assert.equal(connection.client({ payload: get('/no') }), 'pass allowed');
  assert.equal(connection.stream, undefined);
  bench.apply(under(rules), under(rules));
  assert.equal(connection.client({ payload: ok }), 'drop held');
});

for (const [index, cells] of TABLE_CELLS.entries()) {
  test(`a table of ${cells} cells judges`, () => {
    const table = tableOf(rules);
    const grown: JudgeTable = { ...table, cells: new Uint32Array(Math.max(cells, table.cells.length)) };
    grown.cells.set(table.cells);
    bench.putTable(rules.id, grown);
    const connection = opened();
    assert.equal(connection.client({ payload: ok }), passed, `size ${index}`);
    connection.server({ payload: answer, ack: ok.length });
    assert.equal(connection.client({ at: ok.length, payload: get('/no') }), held);
  });
}

test('heads up to a segment are judged, longer ones held', () => {
  const base = get('/ok', 'X-Pad: ').length;
  for (const [length, outcome] of [
    [1448, passed],
    [1449, held],
    [1537, held],
    [3000, held], // a test run's packet has to fit into a page
  ] as const) {
    const connection = opened();
    const head = get('/ok', `X-Pad: ${'a'.repeat(length - base)}`);
    assert.equal(head.length, length);
    assert.equal(connection.client({ payload: head }), outcome, `${length} bytes`);
  }
});

test('a head with its body in one large segment passes', () => {
  const connection = opened();
  const head = post(3000);
  assert.equal(connection.client({ payload: head + 'a'.repeat(2000) }), passed);
  assert.equal(connection.bodyLeft, 1000n);
  assert.equal(connection.client({ at: head.length + 2000, payload: 'a'.repeat(1000) }), passed);
});

test('what no table accepts is held: framing that servers read differently', () => {
  for (const head of [
    get('/ok', 'Transfer-Encoding: chunked'),
    get('/ok', 'Upgrade: h2c'),
    get('/ok', 'Expect: 100-continue'),
    get('/ok', 'Content-Length: 0', 'Content-Length: 5'),
    get('/ok', 'Host: other'),
    get('/ok').replaceAll('\r\n', '\n'),
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'GET http://origin/ok HTTP/1.1\r\nHost: origin\r\n\r\n',
    'GET /ok HTTP/1.0\r\nHost: origin\r\n\r\n',
    'GET /ok HTTP/1.1\r\n\r\n',
  ]) {
    const connection = opened();
    assert.equal(connection.client({ payload: head }), held, head);
  }
});

test('an ICMP error about a judged connection passes', () => {
  const connection = opened();
  const about = {
    source: '10.0.0.2',
    destination: '10.0.0.3',
    sourcePort: connection.port,
    destinationPort: 80,
    payload: ok,
  };
  const { action, reasons } = bench.toEndpoint(icmpError('10.0.0.3', '10.0.0.2', about));
  assert.deepEqual([action, ...reasons], ['pass', 'judged']);
  assert.equal(connection.mode, stream_mode.judged);
});
