/** A connection that has a new owner all the time, in the middle of its streams: neither peer notices. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handedOn } from './handed-on.ts';
import { ask, connect, join, startOrigin } from './joined.ts';

const post = (path: string) => ({ ':method': 'POST', ':path': path });

for (const chunk of [undefined, 61]) {
  test(`many streams at once, denials among them: ${chunk ?? 'all that arrives'}`, async (t) => {
    await using origin = await startOrigin((stream, headers) => {
      stream.respond({ ':status': 200, 'x-echo': headers['x-echo'] ?? '' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': String(headers['x-echo']) }));
      stream.pipe(stream);
    });
    const { factory, owners } = handedOn();
    await using joined = await join(origin.port, { factory, ...(chunk !== undefined && { chunk }) });
    const session = await connect(joined.port);
    try {
      const body = Buffer.alloc(chunk === undefined ? 3 << 20 : 20_000, 'sluice');
      for (let round = 0; round < 3; round++) {
        const big = ask(session, post('/big'), body);
        const paths = Array.from({ length: 40 }, (_, at) => (round > 0 && at % 4 === 0 ? `/deny/${at}` : `/${at}`));
        const asked = paths.map((path) => ask(session, { ...post(path), 'x-echo': `${round} of ${path}` }, path));
        for (const [at, { status, headers, trailers, body: got }] of (await Promise.all(asked)).entries()) {
          const path = paths[at] ?? '';
          const denied = path.startsWith('/deny');
          assert.equal(status, denied ? 403 : 200);
          assert.equal(got.toString(), denied ? 'Access denied\r\n' : path);
          assert.equal(headers['x-echo'], denied ? undefined : `${round} of ${path}`);
          assert.equal(trailers['x-sum'], denied ? undefined : `${round} of ${path}`);
        }
        assert.ok((await big).body.equals(body));
      }
      assert.deepEqual(origin.sessionErrors, []);
      assert.ok(!origin.requests.some((path) => path.startsWith('/deny')));
      assert.equal(joined.flows.length, 3 * 41, 'each request is recorded once');
      t.diagnostic(`${owners()} owners`);
      assert.ok(owners() > 100);
    } finally {
      session.destroy();
    }
  });
}
