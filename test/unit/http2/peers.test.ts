/** Node's HTTP/2 client and server with the relay between them. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { frameHeadBytes, frameType, payloadLength } from '../../../proxy/http2/frames.ts';
import { until } from '../node-relay/wiring.ts';
import { ask, connect, join, startOrigin } from './joined.ts';
import { auditNothing } from './rules.ts';
import { get, headers, hello } from './wire.ts';

const post = (path: string) => ({ ':method': 'POST', ':path': path });

for (const chunk of [undefined, 1, 7]) {
  const timing = chunk === undefined ? 'as it arrives' : `${chunk} octets at a time`;

  test(`requests pass and denials do not disturb the others, ${timing}`, async () => {
    await using origin = await startOrigin((stream, headers) => {
      stream.respond({ ':status': 200, 'x-echo': headers['x-echo'] ?? '', etag: '"v"' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'done' }));
      stream.pipe(stream);
    });
    await using joined = await join(origin.port, chunk === undefined ? {} : { chunk });
    const session = await connect(joined.port);
    try {
      for (let round = 0; round < 20; round++) {
        const echo = `value-${round}`;
        const path = round % 3 === 1 ? `/deny/${round}` : `/${round}`;
        const answer = await ask(session, { ...post(path), 'x-echo': echo, 'x-same': 'every time' }, `body ${round}`);
        if (path.startsWith('/deny')) {
          assert.equal(answer.status, 403);
          assert.equal(answer.body.toString(), 'Access denied\r\n');
        } else {
          assert.equal(answer.status, 200);
          assert.equal(answer.headers['x-echo'], echo);
          assert.equal(answer.body.toString(), `body ${round}`);
          assert.equal(answer.trailers['x-sum'], 'done');
        }
      }
      assert.equal(origin.requests.filter((path) => path.includes('deny')).length, 0);
      assert.equal(origin.requests.length, 13);
      assert.deepEqual(origin.sessionErrors, []);
      const flows = joined.flows;
      assert.equal(flows.length, 20);
      assert.deepEqual(flows.map((flow) => flow.verdict).filter((verdict) => verdict === 'DENY').length, 7);
      assert.deepEqual(flows[0]?.l7, {
        protocol: 'http',
        version: 'HTTP/2',
        method: 'POST',
        target: '/0',
        host: `127.0.0.1:${joined.port}`,
      });
      assert.equal(flows[0]?.status, 200);
      assert.equal(flows[1]?.status, 403);
    } finally {
      session.destroy();
    }
  });
}

test('200 streams at once, a part of them denied, and 10 MiB both ways', async () => {
  await using origin = await startOrigin((stream) => {
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
  });
  await using joined = await join(origin.port);
  const session = await connect(joined.port);
  try {
    const body = Buffer.alloc(10 * 1024 * 1024, 'sluice');
    const big = ask(session, post('/big'), body);
    const paths = Array.from({ length: 200 }, (_, index) => (index % 4 === 0 ? `/deny/${index}` : `/${index}`));
    const answers = await Promise.all(paths.map((path) => ask(session, post(path), path)));
    for (const [index, { status, body: got }] of answers.entries()) {
      const denied = index % 4 === 0;
      assert.equal(status, denied ? 403 : 200);
      assert.equal(got.toString(), denied ? 'Access denied\r\n' : paths[index]);
    }
    assert.ok((await big).body.equals(body));
    assert.deepEqual(origin.sessionErrors, []);
  } finally {
    session.destroy();
  }
});

test('a denied upload does not eat the window of the connection', async () => {
  await using origin = await startOrigin((stream) => {
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
  });
  await using joined = await join(origin.port);
  const session = await connect(joined.port);
  try {
    // Far more than the 64 KiB that a connection starts with.
    for (let round = 0; round < 20; round++) {
      assert.equal((await ask(session, post('/deny'), Buffer.alloc(60_000))).status, 403);
    }
    const body = Buffer.alloc(200_000, 'x');
    assert.ok((await ask(session, post('/ok'), body)).body.equals(body));
  } finally {
    session.destroy();
  }
});

test('bodies of our own do not overdraw the window of the client', async () => {
  await using origin = await startOrigin((stream) => {
    stream.respond({ ':status': 200 });
    stream.end(Buffer.alloc(300_000, 'y'));
  });
  await using joined = await join(origin.port);
  const session = await connect(joined.port);
  try {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => ask(session, { ':path': index % 2 === 0 ? '/deny' : '/y' })),
    );
    for (const [index, answer] of answers.entries()) {
      assert.equal(answer.status, index % 2 === 0 ? 403 : 200);
      assert.equal(answer.body.length, index % 2 === 0 ? 15 : 300_000);
    }
  } finally {
    session.destroy();
  }
});

test('HEAD, informational answers, large heads and cancelled streams', async () => {
  await using origin = await startOrigin((stream, headers) => {
    if (headers[':path'] === '/cancel') return;
    stream.additionalHeaders({ ':status': 103, link: '</style.css>' });
    stream.respond({ ':status': 200, 'x-large': headers['x-large'] ?? '' });
    stream.end(headers[':method'] === 'HEAD' ? undefined : 'ok');
  });
  await using joined = await join(origin.port);
  const session = await connect(joined.port);
  try {
    const head = await ask(session, { ':method': 'HEAD', ':path': '/deny' });
    assert.equal(head.status, 403);
    assert.equal(head.body.length, 0);
    const large = 'l'.repeat(28_000);
    assert.equal((await ask(session, { ':path': '/', 'x-large': large })).headers['x-large'], large);
    const stream = session.request({ ':path': '/cancel' });
    stream.on('error', () => {});
    await until(() => origin.requests.includes('/cancel'));
    stream.close(8);
    await once(stream, 'close');
    assert.equal((await ask(session, { ':path': '/after' })).body.toString(), 'ok');
    const flow = joined.flows.find(({ l7 }) => l7?.protocol === 'http' && l7.target === '/cancel');
    assert.equal(flow?.verdict, 'ALLOW');
    assert.equal(flow?.status, undefined);
  } finally {
    session.destroy();
  }
});

test('WebSocket by extended CONNECT passes when its path is allowed', async () => {
  await using origin = await startOrigin(
    (stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    },
    { enableConnectProtocol: true },
  );
  await using joined = await join(origin.port);
  const session = await connect(joined.port);
  try {
    if (!session.remoteSettings.enableConnectProtocol) await once(session, 'remoteSettings');
    const socket = (path: string) => ({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': path,
      ':scheme': 'http',
    });
    const stream = session.request(socket('/chat'), { endStream: false });
    stream.write('ping');
    const [chunk] = (await once(stream, 'data')) as [Buffer];
    assert.equal(chunk.toString(), 'ping');
    stream.close();
    assert.equal((await ask(session, socket('/deny'), '')).status, 403);
    const tunnel = await ask(session, { ':method': 'CONNECT', ':authority': 'elsewhere:80' }, '');
    assert.equal(tunnel.status, 403);
    assert.deepEqual(origin.requests, ['/chat']);
    assert.equal(joined.flows.at(-1)?.reason, 'unsupported');
  } finally {
    session.destroy();
  }
});

test('edits of rules reach the server; audit mode forwards', async () => {
  await using origin = await startOrigin((stream, headers) => {
    stream.respond({ ':status': 200 });
    stream.end(JSON.stringify([headers['x-added'], headers['x-removed'], headers['x-replaced']]));
  });
  await using joined = await join(origin.port);
  await using audited = await join(origin.port, { ruleSet: auditNothing });
  const session = await connect(joined.port);
  const other = await connect(audited.port);
  try {
    const headers = { 'x-removed': 'secret', 'x-replaced': 'old' };
    for (let round = 0; round < 3; round++) {
      const edited = await ask(session, { ':path': '/edit', ...headers });
      assert.deepEqual(JSON.parse(edited.body.toString()), ['by-rule', null, 'new']);
      const plain = await ask(session, { ':path': '/plain', ...headers });
      assert.deepEqual(JSON.parse(plain.body.toString()), [null, 'secret', 'old']);
    }
    assert.equal((await ask(other, { ':path': '/' })).status, 200);
    assert.equal(audited.flows[0]?.verdict, 'AUDIT');
    assert.equal(audited.flows[0]?.reason, 'no-rule');
  } finally {
    session.destroy();
    other.destroy();
  }
});

test('draining finishes what is under way, and the client ends the connection as it was told', async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await using origin = await startOrigin((stream) => {
    void released.then(() => {
      stream.respond({ ':status': 200 });
      stream.end('late');
    });
  });
  await using joined = await join(origin.port);
  const session = await connect(joined.port);
  const answer = ask(session, { ':path': '/slow' });
  await until(() => origin.requests.length !== 0);
  const goAway = once(session, 'goaway');
  joined.stop();
  await goAway;
  release();
  assert.equal((await answer).body.toString(), 'late');
  if (!session.destroyed) await once(session, 'close');
  await until(() => joined.closed.length > 0);
  assert.deepEqual(joined.closed, ['client-closed']);
});

test('a client that asks 100,000 times before it reads gets every answer', async () => {
  await using origin = await startOrigin((stream) => stream.end());
  await using joined = await join(origin.port);
  const count = 100_000;
  const client = net.connect({ port: joined.port, host: '127.0.0.1' });
  client.pause();
  client.write(hello);
  for (let at = 0; at < count; at++) client.write(headers(at * 2 + 1, get('/deny')));
  // Nothing moves any more: the answers fill every buffer on their way.
  let before = -1;
  await until(() => {
    const still = joined.flows.length === before && before > 0;
    before = joined.flows.length;
    return still;
  });
  let got: Buffer = Buffer.alloc(0);
  let answers = 0;
  client.on('data', (bytes) => {
    got = Buffer.concat([got, bytes]);
    while (got.length >= frameHeadBytes && got.length >= frameHeadBytes + payloadLength(got, 0)) {
      if (got[3] === frameType.headers) answers += 1;
      got = got.subarray(frameHeadBytes + payloadLength(got, 0));
    }
  });
  client.resume();
  await until(() => answers === count);
  client.destroy();
  assert.equal(joined.flows.length, count);
  assert.deepEqual(origin.requests, []);
});
