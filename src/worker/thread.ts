/** A proxy worker: a thread that serves both directions with listeners of its own. Started by pool.ts. */

import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { CloseCause } from '../../proxy/relay.ts';
import { Server } from '../../proxy/serve.ts';
import type { Direction } from '../identity/identity.ts';
import { limits } from '../limits.ts';
import { BrokerNamings } from './broker-namings.ts';
import { KernelHome } from './give-back.ts';
import { identifyBy } from './identify.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts';
import { PolicyView } from './policy-view.ts';
import { protocols } from './protocols.ts';
import { RecordBatch } from './record-batch.ts';

const setup = workerData as WorkerSetup;
const port = parentPort;
if (!port) throw new Error('src/worker/thread.ts is the entry of a worker thread; src/worker/pool.ts starts it');

function say(message: FromWorker): void {
  port?.postMessage(message);
}

const batch = new RecordBatch((records) => say({ type: 'records', records }));
const namings = new BrokerNamings((facts, brokers) => say({ type: 'brokers', facts, brokers }));
const closed: Partial<Record<CloseCause, number>> = {};
const identify = identifyBy(setup.maps);
const home = new KernelHome(setup.home);
const policy = new PolicyView(setup.policy);
function serve(direction: Direction): Server {
  return new Server({
    direction,
    netns: setup.netns[direction],
    listeners: setup.listeners[direction],
    identify,
    protocols,
    recorder: batch,
    policy,
    onBrokers: (facts, brokers) => namings.hear(facts, brokers),
    home,
    onClosed: (cause) => {
      closed[cause] = (closed[cause] ?? 0) + 1;
    },
  });
}

const byDirection = { egress: serve('egress'), ingress: serve('ingress') };
const servers = [byDirection.egress, byDirection.ingress];

function connections(): number {
  return servers.reduce((sum, server) => sum + server.connections, 0);
}

function tellActivity(): void {
  say({ type: 'activity', activity: { connections: connections(), requests: batch.count, closed: { ...closed } } });
}

const activityTimer = setInterval(tellActivity, limits.activityIntervalMs);

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'policy': {
      const view = new PolicyView(message.policy);
      for (const server of servers) server.setPolicy(view);
      say({ type: 'policy-in-force', revision: message.policy.revision });
      break;
    }
    case 'adopt':
      byDirection[message.facts.direction].adopt(message.facts, message.downstream, message.upstream, message.progress);
      break;
    case 'release':
      void release(message.withinMs);
      break;
    case 'accept':
      for (const server of servers) {
        if (message.accepting) server.accept();
        else server.stopAccepting();
      }
      break;
    case 'drain':
      for (const server of servers) server.drain();
      void until(() => servers.every((server) => server.drained)).then(() => say({ type: 'drained' }));
      break;
    case 'finish':
      void until(() => connections() === 0).then(end);
      break;
    case 'close':
      for (const server of servers) server.close();
      end();
      break;
  }
});

async function release(withinMs: number): Promise<void> {
  const counts = await Promise.all(
    servers.map((server) => server.release(withinMs, (connection) => say({ type: 'released', connection }))),
  );
  say({ type: 'release-over', released: counts.reduce((sum, count) => sum + count, 0), left: connections() });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(limits.drainPollMs);
}

function end(): void {
  clearInterval(activityTimer);
  batch.flush();
  tellActivity();
  port?.close();
}

if (setup.accepting) for (const server of servers) server.accept();
say({ type: 'ready' });
