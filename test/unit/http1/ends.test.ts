/** Half-close in every state, answers that end with the connection, servers that break off. */

import assert from 'node:assert/strict';
import { denied, get, request, response, scenario } from './scenario.ts';

scenario('a client that ends after its request gets its answer', (p) => {
  p.client(get('/ok'));
  p.relay.clientEnds();
  assert.ok(p.relay.upstream.gotEnd);
  p.server(response('200 OK', 'hello'));
  p.clientGot(response('200 OK', 'hello'));
  p.open();
  p.relay.serverEnds();
  assert.ok(p.relay.downstream.gotEnd);
  p.closed('graceful', 'client-closed');
});

scenario('so does one whose last request is denied', (p) => {
  p.client(get('/ok') + get('/no'));
  p.relay.clientEnds();
  p.server(response('200 OK', 'hello'));
  p.clientGot(response('200 OK', 'hello') + denied);
});

scenario('half a head never passes', (p) => {
  p.client(get('/ok') + get('/ok').slice(0, -2));
  p.relay.clientEnds();
  p.serverGot(get('/ok'));
  assert.ok(p.relay.upstream.gotEnd);
  assert.equal(p.relay.timerMs, undefined);
  p.server(response('200 OK', 'hello'));
  p.clientGot(response('200 OK', 'hello'));
  p.relay.serverEnds();
  p.closed('graceful', 'client-closed');
});

scenario('half a body is half a body to the server too', (p) => {
  p.client(`${request('PUT', '/ok', 'Content-Length: 10')}12345`);
  p.relay.clientEnds();
  p.serverGot(`${request('PUT', '/ok', 'Content-Length: 10')}12345`);
  assert.ok(p.relay.upstream.gotEnd);
  p.server(response('400 Bad Request', ''));
  p.clientGot(response('400 Bad Request', ''));
});

scenario('half a chunk as well', (p) => {
  p.client(`${request('PUT', '/ok', 'Transfer-Encoding: chunked')}a\r\n12345`);
  p.relay.clientEnds();
  p.serverGot(`${request('PUT', '/ok', 'Transfer-Encoding: chunked')}a\r\n12345`);
  assert.ok(p.relay.upstream.gotEnd);
});

scenario('an answer without a length ends with the connection', (p) => {
  p.client(get('/ok'));
  p.server('HTTP/1.0 200 OK\r\n\r\nhello');
  p.server(' world');
  p.clientGot('HTTP/1.0 200 OK\r\n\r\nhello world');
  p.relay.serverEnds();
  assert.ok(p.relay.downstream.gotEnd);
  p.open();
  p.relay.clientEnds();
  p.closed('graceful', 'client-closed');
});

scenario('behind it nothing can be denied, so the connection ends with it', (p) => {
  p.client(get('/ok') + get('/no'));
  p.server('HTTP/1.0 200 OK\r\n\r\nhello');
  p.client(get('/no') + get('/ok/late'));
  p.clientGot('HTTP/1.0 200 OK\r\n\r\nhello');
  p.serverGot(get('/ok'));
  p.open();
  p.relay.serverEnds();
  p.closed('graceful', 'denied');
});

scenario('an upload goes on under an answer without a length', (p) => {
  const head = request('POST', '/ok', 'Transfer-Encoding: chunked');
  p.client(`${head}3\r\nabc\r\n`);
  p.server('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc');
  p.client('3\r\ndef\r\n0\r\n\r\n');
  p.serverGot(`${head}3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n`);
  p.server('def');
  p.relay.serverEnds();
  p.clientGot('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcdef');
  assert.ok(p.relay.downstream.gotEnd);
});

scenario('an upload goes on when the server has answered and ended', (p) => {
  const head = request('POST', '/ok', 'Content-Length: 6');
  p.client(`${head}abc`);
  p.server(response('200 OK', 'early'));
  p.relay.serverEnds();
  assert.ok(p.relay.downstream.gotEnd);
  p.client('def');
  p.serverGot(`${head}abcdef`);
  p.relay.clientEnds();
  p.closed('graceful', 'client-closed');
});

scenario('after the server has ended a denial ends the connection', (p) => {
  p.relay.serverEnds();
  assert.ok(p.relay.downstream.gotEnd);
  p.open();
  p.client(get('/no'));
  p.serverGot('');
  p.closed('graceful', 'denied');
});

scenario('a server that breaks off in its answer is passed on', (p) => {
  p.client(get('/ok') + get('/no'));
  p.server('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345');
  p.relay.serverEnds();
  p.clientGot('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345');
  assert.ok(p.relay.downstream.gotEnd);
  p.relay.clientEnds();
  p.closed('graceful', 'client-closed');
});

scenario('so is one that ends in the head, or without a word', (p) => {
  p.client(get('/ok'));
  p.server('HTTP/1.1 200 OK\r\nConte');
  p.relay.serverEnds();
  p.clientGot('HTTP/1.1 200 OK\r\nConte');
  assert.ok(p.relay.downstream.gotEnd);
  p.relay.clientEnds();
  p.recorded('ALLOW GET /ok');
});

scenario('what a server says unasked passes, and no request after it', (p) => {
  const timeout = response('408 Request Timeout', '', 'Connection: close');
  p.server(timeout);
  p.clientGot(timeout);
  p.open();
  p.client(get('/ok'));
  p.serverGot('');
  p.closed('graceful', 'malformed');
});

for (const [name, head] of Object.entries({
  'no status line': 'HTTP/2 200\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
  'a length and chunks': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
  'a field without a colon': 'HTTP/1.1 200 OK\r\nfoo\r\n\r\n',
  'bare line feeds': 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
  'a protocol that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
})) {
  scenario(`an answer with ${name} resets both ends`, (p) => {
    p.client(get('/ok'));
    p.server(head);
    p.clientGot('');
    p.closed('reset', 'malformed');
  });
}

scenario('an answer whose chunks are malformed resets both ends', (p) => {
  p.client(get('/ok'));
  p.server('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc');
  p.closed('reset', 'malformed');
});

scenario('a server may send chunk extensions', (p) => {
  p.client(get('/ok') + get('/no'));
  const answer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n';
  p.server(answer);
  p.clientGot(answer + denied);
});
