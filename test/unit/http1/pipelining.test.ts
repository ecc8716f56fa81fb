/** Answers come in the order of the requests, whoever gives them, and nothing that waits is without bound. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../../src/limits.ts';
import { denied, get, onlyOk, Play, request, response, scenario } from './scenario.ts';

scenario('an allowed request passes as it came', (p) => {
  const odd = 'GET /ok?a=%20 HTTP/1.1\r\nhOsT:h\r\nX-Odd:\t \x80value  \r\n\r\n';
  p.client(odd);
  p.serverGot(odd);
  p.server(response('200 OK', 'hello'));
  p.clientGot(response('200 OK', 'hello'));
  p.recorded('ALLOW GET /ok?a=%20 200');
  p.open();
});

scenario('a denied request never reaches the server and leaves the connection usable', (p) => {
  p.client(get('/no'));
  p.clientGot(denied);
  p.serverGot('');
  p.client(get('/ok'));
  p.serverGot(get('/ok'));
  p.server(response('204 No Content', ''));
  p.recorded('DENY no-rule GET /no 403', 'ALLOW GET /ok 204');
  p.open();
});

scenario('a denial waits for the answers before it', (p) => {
  p.client(get('/ok/1') + get('/no/2') + get('/ok/3') + get('/no/4'));
  p.serverGot(get('/ok/1') + get('/ok/3'));
  p.clientGot('');
  p.server(response('200 OK', 'one'));
  p.clientGot(response('200 OK', 'one') + denied);
  p.server(response('200 OK', 'three'));
  p.clientGot(response('200 OK', 'three') + denied);
  p.open();
});

scenario('a denial waits for the end of a body that is under way', (p) => {
  p.client(get('/ok'));
  p.server('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345');
  p.client(get('/no'));
  p.server('67890');
  p.clientGot(`HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234567890${denied}`);
  p.open();
});

scenario('a denial that was asked for before the body came follows it at once', (p) => {
  p.client(get('/ok') + get('/no'));
  p.server('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345');
  p.server('67890');
  p.clientGot(`HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234567890${denied}`);
});

scenario('a denial that closes waits for the whole answer before it', (p) => {
  p.client(get('/ok') + get('/no', 'Connection: close'));
  p.server('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
  p.open();
  p.server('cd');
  p.clientGot(
    `HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd${denied.replace('\r\n\r\nA', '\r\nconnection: close\r\n\r\nA')}`,
  );
  p.closed('graceful', 'denied');
});

scenario('a denial follows a chunked answer', (p) => {
  p.client(get('/ok') + get('/no'));
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n';
  p.server(chunked);
  p.clientGot(chunked + denied);
});

scenario('interim answers are no answers', (p) => {
  p.client(get('/ok') + get('/no'));
  const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
  p.server(interim + interim);
  p.clientGot(interim + interim);
  p.server(response('200 OK', 'x'));
  p.clientGot(response('200 OK', 'x') + denied);
  p.recorded('DENY no-rule GET /no 403', 'ALLOW GET /ok 200');
});

scenario('HEAD, 204 and 304 have no body whatever they say', (p) => {
  p.client(request('HEAD', '/ok/h') + get('/ok/204') + get('/ok/304') + get('/no'));
  const answers = [
    'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n',
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n',
  ].join('');
  p.server(answers);
  p.clientGot(answers + denied);
});

scenario('HEAD is denied without a body', (p) => {
  p.client(request('HEAD', '/no'));
  p.clientGot(denied.slice(0, -'Access denied\r\n'.length));
  p.open();
});

scenario('an answer may come before the request is whole', (p) => {
  p.client(`${request('POST', '/ok', 'Content-Length: 6')}abc`);
  p.server(response('413 Content Too Large', 'no'));
  p.clientGot(response('413 Content Too Large', 'no'));
  p.client(`def${get('/no')}`);
  p.serverGot(`${request('POST', '/ok', 'Content-Length: 6')}abcdef`);
  p.clientGot(denied);
});

test('a client that never reads is not answered without end', () => {
  const play = new Play(onlyOk, false);
  play.relay.downstream.slow = true;
  const many = get('/no').repeat(1000);
  for (let i = 0; i < 100; i++) play.client(many);
  const answered = play.flows.length;
  assert.ok(play.relay.downstream.mostBacklog <= limits.relayBacklogHighBytes + denied.length);
  play.client(many);
  assert.equal(play.flows.length, answered, 'what is not answered is not judged either');
  play.relay.clientReads();
  assert.ok(play.flows.length > answered);
});

test('requests that wait for their answers are not without end', () => {
  const play = new Play(onlyOk, false);
  play.client(get('/ok').repeat(1000));
  play.serverGot(get('/ok').repeat(limits.httpPipelinedRequests));
  play.server(response('200 OK', 'x'));
  play.serverGot(get('/ok'));
  play.client(get('/no').repeat(1000));
  for (let i = 1; i < 1000; i++) play.server(response('200 OK', 'x'));
  play.clientGot(response('200 OK', 'x').repeat(1000) + denied.repeat(1000));
});

test('nor are the bytes of their heads', () => {
  const play = new Play(onlyOk, false);
  const large = get('/ok', `X: ${'x'.repeat(30_000)}`);
  for (let i = 0; i < 20; i++) play.client(large);
  play.serverGot(large.repeat(Math.ceil(limits.httpPipelinedBytes / large.length)));
});
