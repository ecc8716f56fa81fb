/** Upgrade, edits, changes of policy, draining, time. */

import assert from 'node:assert/strict';
import { limits } from '../../../src/limits.ts';
import { denied, deniedAndClosed, get, onlyOk, request, response, ruleSet, scenario } from './scenario.ts';

const upgrade = get('/ok', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13');
const switched = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';

scenario('a WebSocket is a tunnel after the 101', (p) => {
  p.client(`${upgrade}early`);
  p.serverGot(upgrade);
  p.server(`${switched}hello`);
  p.clientGot(`${switched}hello`);
  p.serverGot('early');
  p.client(get('/no'));
  p.serverGot(get('/no'));
  p.recorded('ALLOW GET /ok 101');
  p.relay.clientEnds();
  assert.ok(p.relay.upstream.gotEnd);
  p.relay.serverEnds();
  p.closed('graceful', 'client-closed');
});

scenario('bytes behind an Upgrade wait for the 101, the end as well', (p) => {
  p.client(`${upgrade}early`);
  p.relay.clientEnds();
  p.serverGot(upgrade);
  assert.equal(p.relay.upstream.gotEnd, false);
  p.server(switched);
  p.serverGot('early');
  assert.ok(p.relay.upstream.gotEnd);
});

scenario('an Upgrade that the server declines leaves HTTP', (p) => {
  p.client(upgrade + get('/no') + get('/ok/2'));
  p.serverGot(upgrade);
  p.server(response('426 Upgrade Required', 'no'));
  p.clientGot(response('426 Upgrade Required', 'no') + denied);
  p.serverGot(get('/ok/2'));
});

scenario('a tunnel waits for the answers before it', (p) => {
  p.client(get('/ok/1') + upgrade);
  p.server(response('200 OK', 'one'));
  p.server(`${switched}x`);
  p.clientGot(`${response('200 OK', 'one') + switched}x`);
});

scenario('a 101 for a request before the Upgrade is no tunnel', (p) => {
  p.client(get('/ok/1') + upgrade);
  p.server(switched);
  p.closed('reset', 'malformed');
});

scenario('a WebSocket that no rule allows is denied', (p) => {
  p.client(upgrade.replace('/ok', '/no'));
  p.serverGot('');
  p.clientGot(denied);
});

scenario('another protocol is denied whatever the rules', (p) => {
  p.client(get('/ok', 'Connection: upgrade', 'Upgrade: TLS/1.2'));
  p.serverGot('');
  p.clientGot(denied);
  p.recorded('DENY unsupported GET /ok 403');
});

scenario('the server is not asked for h2c', (p) => {
  p.client(
    get('/ok', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__', 'X: 1'),
  );
  p.serverGot(get('/ok', 'X: 1'));
  p.client(get('/ok', 'connection: keep-alive, upgrade', 'upgrade: H2C'));
  p.serverGot(get('/ok', 'connection: keep-alive'));
});

scenario('an Upgrade with a body is refused', (p) => {
  p.client(request('POST', '/ok', 'Connection: upgrade', 'Upgrade: websocket', 'Content-Length: 1'));
  p.serverGot('');
  p.closed('graceful', 'malformed');
});

const header = (mismatch: 'ADD' | 'DELETE' | 'REPLACE' | 'LOG') =>
  ruleSet([{ path: '/ok', headerMatches: [{ name: 'X-Token', value: 'right', mismatch }] }]);

const withToken = (...fields: string[]): string =>
  `${request('POST', '/ok', 'Content-Length: 3', 'A: 1', ...fields)}abc`;

scenario(
  'ADD puts the field behind the others',
  (p) => {
    p.client(withToken('x-token: wrong') + withToken('X-TOKEN: right'));
    p.serverGot(withToken('x-token: wrong', 'X-Token: right') + withToken('X-TOKEN: right'));
  },
  header('ADD'),
);

scenario(
  'DELETE takes all of them away',
  (p) => {
    p.client(withToken('x-token: wrong', 'X-Token: right', 'X-Token2: x', 'X_Token: right'));
    p.serverGot(withToken('X-Token2: x'));
  },
  header('DELETE'),
);

scenario(
  'REPLACE leaves the one that is right',
  (p) => {
    p.client(withToken('x-token: wrong', 'x-TOKEN: wrong') + withToken());
    p.serverGot(withToken('X-Token: right') + withToken('X-Token: right'));
  },
  header('REPLACE'),
);

scenario(
  'LOG leaves the request as it is',
  (p) => {
    p.client(withToken('x-token: wrong'));
    p.serverGot(withToken('x-token: wrong'));
  },
  header('LOG'),
);

scenario(
  'audit forwards what it would deny',
  (p) => {
    p.client(get('/no'));
    p.serverGot(get('/no'));
    p.server(response('200 OK', 'x'));
    p.recorded('AUDIT no-rule GET /no 200');
  },
  ruleSet([{ path: '/ok' }], true),
);

scenario('a change of policy holds from the next request on', (p) => {
  p.client(get('/ok'));
  p.rules = ruleSet([{ path: '/no' }]);
  p.relay.policyChanges();
  p.client(get('/ok') + get('/no'));
  p.serverGot(get('/ok') + get('/no'));
  p.server(response('200 OK', 'x'));
  p.clientGot(response('200 OK', 'x') + denied);
  p.rules = onlyOk;
});

scenario('a head that was half there is judged by what holds when it is whole', (p) => {
  p.client(get('/ok').slice(0, -1));
  p.rules = ruleSet([{ path: '/other' }]);
  p.relay.policyChanges();
  p.client('\n');
  p.serverGot('');
  p.clientGot(denied);
});

scenario('a change of policy ends a tunnel that it does not allow', (p) => {
  p.client(upgrade);
  p.server(switched);
  p.rules = ruleSet([{ path: '/ok' }, { path: '/more' }]);
  p.relay.policyChanges();
  p.open();
  p.rules = ruleSet([{ path: '/other' }]);
  p.relay.policyChanges();
  p.closed('reset', 'policy-revoked');
  p.recorded('ALLOW GET /ok 101', 'DENY revoked GET /ok');
});

scenario('nor does it become one when the policy changed while it was asked for', (p) => {
  p.client(upgrade);
  p.rules = ruleSet([{ path: '/other' }]);
  p.relay.policyChanges();
  p.server(switched);
  p.clientGot('');
  p.closed('reset', 'policy-revoked');
});

scenario('draining ends an idle connection at once', (p) => {
  p.relay.stop();
  p.closed('graceful', 'drain');
});

scenario('draining waits for the answers that are due', (p) => {
  p.client(get('/ok') + get('/no'));
  p.relay.stop();
  p.open();
  p.server('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
  p.open();
  p.server('cd');
  p.clientGot(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd${denied}`);
  p.closed('graceful', 'drain');
});

scenario('draining waits for the rest of an answer', (p) => {
  p.client(get('/ok'));
  p.server('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab');
  p.relay.stop();
  p.open();
  p.server('c\r\n0\r\n\r\n');
  p.clientGot('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
  p.closed('graceful', 'drain');
});

scenario('draining ends a tunnel', (p) => {
  p.client(upgrade);
  p.server(switched);
  p.relay.stop();
  p.closed('graceful', 'drain');
});

scenario('a head has to come to its end in time', (p) => {
  p.client('GET /ok');
  assert.equal(p.relay.timerMs, limits.httpHeadTimeoutMs);
  p.client(' HTTP/1.1\r\nHost: h\r\n\r\n');
  assert.equal(p.relay.timerMs, undefined);
  p.client('GET /ok');
  p.relay.timeOut();
  p.closed('graceful', 'head-timeout');
  p.recorded('DENY limit 400', 'ALLOW GET /ok');
});

scenario('time between requests is no one’s concern', (p) => {
  p.client(get('/no', 'Connection: close'));
  assert.equal(p.relay.timerMs, undefined);
  p.clientGot(deniedAndClosed);
});
