/** The short way of plain segments (bpf/plain.h): what opens it, and that nothing it leaves out can have changed. */

import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { conn, conn_state, prefix_key, stream } from '../../src/datapath/abi.generated.ts';
import { writeAddress } from '../../src/datapath/address-bytes.ts';
import { u32 } from '../../src/datapath/kernel-maps.ts';
import { addresses, enforced, ids } from './bench-tap.ts';
import { get, judgeBench, ruleSet, rules, tableOf, under } from './judge-bench.ts';
import { ipv4, ipv4Server, ipv6, JudgedConnection } from './judged-connection.ts';

const bench = judgeBench();
after(() => bench[Symbol.dispose]());

const passed = 'pass judged';
const ok = get('/ok');
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const other = ruleSet(6, { method: 'GET', path: '/no' });
const families = [
  ['IPv4, at the client', ipv4],
  ['IPv4, at the server', ipv4Server],
  ['IPv6, at the client', ipv6],
] as const;

beforeEach(() => bench.apply(under(rules), under(rules)));

/** CLOCK_MONOTONIC of the connection's last packet that went the whole way. */
function lastWhole(connection: JudgedConnection): bigint {
  const value = bench.map('connections').get(connection.key);
  assert.ok(value);
  return value.readBigUInt64LE(conn.last_seen.offset);
}

function settled(connection: JudgedConnection): boolean {
  return connection.stream?.readBigUInt64LE(stream.settled.offset) !== 0n;
}

function mapAddress(address: string, identity: number): void {
  const key = Buffer.alloc(prefix_key.size);
  key.writeUInt32LE(128, prefix_key.prefixlen.offset);
  writeAddress(address, key, prefix_key.address.offset);
  bench.map('identities').put(key, u32(identity));
}

for (const [name, family] of families) {
  const atClient = family.direction === 'egress';
  test(`${name}: a segment of the endpoint opens it, one to the endpoint does not`, () => {
    const connection = new JudgedConnection(bench, { family });
    connection.client({ flags: 'S', at: -1 });
    connection.server({ flags: 'SA', at: -1 });
    assert.equal(settled(connection), false, 'handshakes do not');
    connection.client({});
    assert.equal(settled(connection), atClient);
    assert.equal(connection.client({ payload: ok }), passed);
    assert.equal(connection.server({ payload: answer, ack: ok.length }), passed);
    assert.equal(settled(connection), true);
    const whole = lastWhole(connection);
    assert.equal(connection.client({ at: ok.length, ack: answer.length, payload: ok }), passed);
    assert.equal(connection.server({ at: answer.length, ack: 2 * ok.length, payload: answer }), passed);
    assert.equal(lastWhole(connection), whole, 'neither went the whole way');
    assert.equal(connection.client({ at: 2 * ok.length, ack: 2 * answer.length, flags: 'FA' }), passed);
    assert.ok(lastWhole(connection) > whole, 'a FIN does');
  });

  test(`${name}: it ends with the policy`, () => {
    const connection = new JudgedConnection(bench, { family });
    connection.open();
    assert.equal(connection.client({ payload: ok }), passed);
    assert.equal(connection.server({ payload: answer, ack: ok.length }), passed);
    bench.putTable(other.id, tableOf(other));
    bench.apply(under(other), under(other));
    const [first, second] = [get('/no/1'), get('/no')];
    assert.equal(connection.client({ at: ok.length, ack: answer.length, payload: second }), passed, 'the new rules');
    const at = ok.length + second.length;
    assert.equal(connection.server({ at: answer.length, ack: at, payload: answer }), passed);
    assert.equal(connection.client({ at, ack: 2 * answer.length, payload: first }), 'drop held');
    bench.apply(enforced(), enforced());
    assert.equal(connection.server({ at: 2 * answer.length, ack: at }), 'drop revoked');
    assert.equal(connection.client({ at, ack: 2 * answer.length }), 'drop revoked');
  });
}

test('an address that is not the endpoint’s any more sends nothing, though packets to it came first', () => {
  const answered = (family: typeof ipv4): JudgedConnection => {
    const connection = new JudgedConnection(bench, { family });
    connection.open();
    assert.equal(connection.client({ payload: ok }), passed);
    assert.equal(connection.server({ payload: answer, ack: ok.length }), passed);
    return connection;
  };
  const [asServer, asClient] = [answered(ipv4Server), answered(ipv4)];
  bench.apply(under(rules), under(rules));
  mapAddress(addresses.self, ids.world);
  assert.equal(asServer.client({ at: ok.length, ack: answer.length, payload: ok }), passed);
  assert.equal(asServer.server({ at: answer.length, ack: 2 * ok.length, payload: answer }), 'drop spoofed');
  assert.equal(asClient.server({ at: answer.length, ack: ok.length }), 'drop spoofed');
  assert.equal(asClient.client({ at: ok.length, ack: answer.length, payload: ok }), 'drop spoofed');
});

test('IP options and fragments do not go it', () => {
  const connection = new JudgedConnection(bench);
  connection.open();
  assert.equal(connection.client({ payload: ok }), passed);
  assert.equal(connection.client({ at: ok.length, options: true }), 'drop ip-options');
  assert.equal(connection.client({ at: ok.length, fragment: { offset: 0, more: true, id: 1 } }), 'drop fragment');
});

test('a connection that goes it is not forgotten', () => {
  const connection = new JudgedConnection(bench);
  connection.open();
  connection.client({});
  const silent = (): void => {
    const value = bench.map('connections').get(connection.key);
    assert.ok(value);
    value.writeUInt8(conn_state.closed, conn.state.offset); // which is forgotten after the shortest time
    value.writeBigUInt64LE(process.hrtime.bigint() - 6_000_000_000n, conn.last_seen.offset);
    bench.map('connections').put(connection.key, value);
  };
  silent();
  bench.expire();
  assert.ok(connection.stream, 'plain segments came since');
  bench.expire();
  assert.ok(connection.stream, 'it has its time once more');
  silent();
  bench.expire();
  assert.equal(connection.stream, undefined);
});
