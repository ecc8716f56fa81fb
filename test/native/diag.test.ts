/** Connections of a namespace, asked for by their four numbers. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeFd, connectionInfo, listenTransparent, pauseSocket, resumeSocket, tcpInfo } from '../../native/index.ts';
import { families } from '../netns/topology.ts';
import { failing } from './failing.ts';
import { openDescriptors } from './scratch.ts';
import { receives, Scene, send } from './takeover-scene.ts';

const scene = new Scene();
after(() => scene.close());

for (const family of families) {
  test(`IPv${family}: the same facts as the socket's own`, async (t) => {
    const { client, server, addresses } = await scene.connect(t, family);
    send(client, 'hello');
    await receives(server, 'hello');
    send(server, 'unread');
    const query = { netns: scene.netns.client, local: addresses.client, remote: addresses.server };
    const found = connectionInfo(query);
    const { options, sndMss } = tcpInfo(client);
    assert.ok(found);
    assert.equal(found.sndMss, sndMss);
    assert.equal(found.timestamps, options.timestamps);
    assert.equal(found.sackPermitted, options.sack);
    assert.equal(found.unread, 6);
    assert.equal(found.bytesReceived, 6);
    assert.equal(found.layered, false);

    await receives(client, 'unread');
    const own = pauseSocket(client);
    resumeSocket(client);
    const idle = connectionInfo(query);
    assert.deepEqual([idle?.scale, idle?.peerWindow], [own.scale, own.peerWindow]);
    // As announced; until it acknowledges what it read, that is a used part of it.
    const used = (idle?.ownWindow ?? own.ownWindow) - own.ownWindow;
    assert.ok(used === 0 || used === 6, String(used));
    // A dual-stack listener accepted it: its socket is of the other family, and still found.
    const accepted = connectionInfo({ netns: scene.netns.server, local: addresses.server, remote: addresses.client });
    assert.equal(accepted?.sndMss, tcpInfo(server).sndMss);
    closeFd(client);
    closeFd(server);
    assert.equal(connectionInfo(query), undefined, 'ended');
  });
}

test('a listener is no connection; mistakes are refused; nothing is kept', (t) => {
  const { client, server } = scene.addresses(4);
  const netns = scene.netns.server;
  const listener = listenTransparent({ netns, port: server.port, backlog: 1 });
  t.after(() => closeFd(listener));
  const before = openDescriptors();
  for (let i = 0; i < 1000; i++) assert.equal(connectionInfo({ netns, local: server, remote: client }), undefined);
  const remote = { address: 'fd00::1', port: 1 };
  assert.throws(() => connectionInfo({ netns, local: server, remote }), failing('ARGUMENT'));
  assert.throws(() => connectionInfo({ netns: 0, local: server, remote: client }), failing('NETNS'));
  assert.ok(openDescriptors() <= before);
});
