import type { Peer } from '../peer.ts';
import { originPort } from '../scene.ts';

/** No tap, no proxy: what the machine can do. */
export const direct: Peer = {
  name: 'direct',
  start: ({ server }) =>
    Promise.resolve({ base: `http://${server.address[4]}:${originPort}`, stop: () => Promise.resolve() }),
};
