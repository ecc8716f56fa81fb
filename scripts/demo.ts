/**
 * `make demo`: an image service, a web front end and an admin, each in a network namespace of its own; the real agent
 * between them; real requests by curl. Everything that is printed was just observed, and exit code 0 means that every
 * request fared as the policy says.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { table } from '../src/cli/table.ts';
import { flowLine } from '../src/observe/line.ts';
import { Agent } from '../test/netns/agent.ts';
import { type Answer, curl } from '../test/netns/curl.ts';
import { eventually } from '../test/netns/eventually.ts';
import { Origin } from '../test/netns/origin.ts';
import { type Station, type Topology, url } from '../test/netns/topology.ts';
import { runDemo, say } from './run-demo.ts';

const policyFile = fileURLToPath(new URL('../policies/examples/image-service.yaml', import.meta.url));
const port = 80;

interface Step {
  readonly from: 'frontend' | 'admin';
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly expected: 200 | 403;
}

const steps: readonly Step[] = [
  { from: 'frontend', method: 'GET', path: '/image/42', expected: 200 },
  { from: 'frontend', method: 'GET', path: '/image/flagged', expected: 403 },
  { from: 'frontend', method: 'PUT', path: '/image/42', expected: 403 },
  { from: 'frontend', method: 'GET', path: '/image/../secret', expected: 403 },
  { from: 'admin', method: 'PUT', path: '/image/42', expected: 200 },
  { from: 'admin', method: 'GET', path: '/image/flagged', expected: 200 },
  { from: 'admin', method: 'GET', path: '/image/42', expected: 403 },
];

function heading(text: string): void {
  say(`\n── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`);
}

async function demo(topology: Topology): Promise<boolean> {
  const stations = {
    frontend: topology.routed('frontend'),
    admin: topology.bridged('admin'),
    images: topology.routed('images'),
  };
  const origin = await Origin.start(stations.images.namespace, port);
  heading('Three workloads, each in a network namespace of its own');
  for (const [role, { address }] of Object.entries(stations))
    say(`${role.padEnd(9)} ${address[4].padEnd(12)} ${address[6]}`);

  heading('The policy: policies/examples/image-service.yaml');
  const policy = readFileSync(policyFile, 'utf8');
  say(policy.trimEnd());

  const agent = await Agent.start(topology, {
    policies: { 'image-service.yaml': policy },
    workloads: Object.values(stations),
  });
  try {
    heading('The agent: sluice run, and what it says of itself');
    say(agent.log.trimEnd());
    return await request(stations, origin, agent);
  } finally {
    await agent.stop();
    await agent.dispose();
  }
}

async function request(
  { images, ...clients }: Record<Step['from'] | 'images', Station>,
  origin: Origin,
  agent: Agent,
): Promise<boolean> {
  const answers: { readonly step: Step; readonly answer: Answer }[] = [];
  for (const step of steps) {
    const upload = step.method === 'PUT' ? ['--request', 'PUT', '--data', 'a picture'] : [];
    const answer = await curl(clients[step.from].namespace, url(images.address[4], port, step.path), ...upload);
    answers.push({ step, answer });
  }
  const flows = await agent.requests(answers.length);
  const allowed = steps.filter(({ expected }) => expected === 200).length;
  await eventually('the image service has logged what it saw', () => origin.seen.length >= allowed || undefined);

  heading('Requests by curl, and what became of them');
  const rows = answers.map(({ step, answer }) => {
    const flow = flows.find(({ source }) => source.port === answer.localPort);
    const why = flow?.rule?.rule ?? flow?.detail ?? flow?.reason ?? 'no flow was recorded';
    return [step.from, `${step.method} ${step.path}`, flow?.verdict ?? '?', String(answer.status), why];
  });
  process.stdout.write(table(['FROM', 'REQUEST', 'VERDICT', 'STATUS', 'WHY'], rows));

  heading("The image service's own log: it saw the clients' addresses and ports, and no denied request");
  for (const { address, port: clientPort, method, path } of origin.seen)
    say(`${address}:${clientPort} ${method} ${path}`);

  heading(`sluice observe --last ${flows.length}`);
  for (const flow of flows) say(flowLine(flow));

  return answers.every(({ step, answer }) => step.expected === answer.status) && sawClients(origin, answers);
}

/** Exactly the allowed requests, each with the client's own port. */
function sawClients(origin: Origin, answers: readonly { step: Step; answer: Answer }[]): boolean {
  const allowed = answers.filter(({ step }) => step.expected === 200).map(({ answer }) => answer.localPort);
  return origin.seen.map((seen) => seen.port).join() === allowed.join();
}

await runDemo('demo', 'Every request', demo);
