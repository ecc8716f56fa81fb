/**
 * `make demo-kafka`: an uploader, an image processor and a newcomer share one Kafka broker, each in a network namespace
 * of its own; the real agent between them; real requests by kcat, which knows nothing of it. The broker is librdkafka's
 * mock cluster, with KAFKA=real Apache Kafka. Exit code 0 means that everything fared as the policy says.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { table } from '../src/cli/table.ts';
import type { Flow } from '../src/observe/flow.ts';
import { flowLine } from '../src/observe/line.ts';
import { type KcatEnd, kcat } from '../test/kafka/kcat.ts';
import { startMockBroker } from '../test/kafka/mock-broker.ts';
import { kafkaVersion, missingBroker, startRealBroker } from '../test/kafka/real-broker.ts';
import type { Broker } from '../test/kafka/station.ts';
import { Agent } from '../test/netns/agent.ts';
import { eventually } from '../test/netns/eventually.ts';
import type { Station, Topology } from '../test/netns/topology.ts';
import { runDemo, say } from './run-demo.ts';

const policyFile = fileURLToPath(new URL('../policies/examples/kafka-images.yaml', import.meta.url));
const topics = ['images', 'orders'];
const record = 'a picture';

interface Step {
  readonly from: 'uploader' | 'processor' | 'newcomer';
  readonly request: string;
  readonly args: readonly string[];
  readonly input?: string;
  readonly verdict: 'ALLOW' | 'DENY';
  /** The API whose flow tells what became of it. */
  readonly api: string;
  /** What kcat has to say, word for word. */
  readonly says: string;
}

const read = (topic: string): string[] => ['-C', '-t', topic, '-o', 'beginning', '-e', '-q'];
const readAs = (group: string, topic: string): string[] => [
  '-G',
  group,
  '-X',
  'auto.offset.reset=earliest',
  '-c',
  '1',
  '-q',
  topic,
];
const topicDenied = 'Broker: Topic authorization failed';
const groupDenied = 'FindCoordinator response error: Group authorization failed';

const steps: readonly Step[] = [
  {
    from: 'uploader',
    request: 'write images',
    args: ['-P', '-t', 'images'],
    input: record,
    verdict: 'ALLOW',
    api: 'produce',
    says: '',
  },
  {
    from: 'uploader',
    request: 'write orders',
    args: ['-P', '-t', 'orders'],
    input: record,
    verdict: 'DENY',
    api: 'metadata',
    says: topicDenied,
  },
  { from: 'uploader', request: 'read images', args: read('images'), verdict: 'DENY', api: 'fetch', says: topicDenied },
  {
    from: 'processor',
    request: 'read images as group processor',
    args: readAs('processor', 'images'),
    verdict: 'ALLOW',
    api: 'fetch',
    says: record,
  },
  {
    from: 'processor',
    request: 'read images as group billing',
    args: readAs('billing', 'images'),
    verdict: 'DENY',
    api: 'findcoordinator',
    says: groupDenied,
  },
  {
    from: 'processor',
    request: 'write images',
    args: ['-P', '-t', 'images'],
    input: record,
    verdict: 'DENY',
    api: 'produce',
    says: topicDenied,
  },
  {
    from: 'newcomer',
    request: 'list all topics',
    args: ['-L'],
    verdict: 'ALLOW',
    api: 'metadata',
    says: '1 topics: "orders"',
  },
  {
    from: 'newcomer',
    request: 'read images',
    args: read('images'),
    verdict: 'DENY',
    api: 'metadata',
    says: topicDenied,
  },
  { from: 'newcomer', request: 'read orders', args: read('orders'), verdict: 'ALLOW', api: 'fetch', says: '' },
];

type Clients = Readonly<Record<Step['from'], Station>>;

function heading(text: string): void {
  say(`\n── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`);
}

async function demo(topology: Topology): Promise<boolean> {
  const clients: Clients = {
    uploader: topology.routed('uploader'),
    processor: topology.routed('processor'),
    newcomer: topology.bridged('newcomer'),
  };
  const kafka = topology.routed('kafka');
  heading('Four workloads, each in a network namespace of its own');
  for (const { name, address } of [...Object.values(clients), kafka]) say(`${name.padEnd(9)} ${address[4]}`);
  const broker = await startBroker(kafka);

  heading('The policy: policies/examples/kafka-images.yaml');
  const policy = readFileSync(policyFile, 'utf8');
  say(policy.trimEnd());

  const agent = await Agent.start(topology, {
    policies: { 'kafka-images.yaml': policy },
    workloads: [...Object.values(clients), kafka],
  });
  try {
    heading('The agent: sluice run, and what it says of itself');
    say(agent.log.trimEnd());
    return await request(clients, broker, agent);
  } finally {
    await agent.stop();
    await agent.dispose();
  }
}

async function startBroker(kafka: Station): Promise<Broker> {
  if (process.env.KAFKA !== 'real') {
    say("the broker is librdkafka's mock cluster; KAFKA=real makes it Apache Kafka");
    return startMockBroker(kafka, topics);
  }
  const missing = missingBroker();
  if (missing !== undefined) throw new Error(missing);
  say(`the broker is Apache Kafka ${kafkaVersion}`);
  return startRealBroker(kafka, { topics });
}

async function request(clients: Clients, broker: Broker, agent: Agent): Promise<boolean> {
  const done: { readonly step: Step; readonly says: string; readonly flow: Flow }[] = [];
  for (const [index, step] of steps.entries()) {
    const name = `${step.from}-${index + 1}`;
    const { namespace } = clients[step.from];
    const end = await kcat(namespace, broker.bootstrap, name, step.args, step.input);
    const flows = await flowsOf(agent, name, step);
    const flow = flows.find(({ verdict }) => verdict === 'DENY') ?? flows.find((one) => isOf(one, step.api));
    if (flow === undefined) throw new Error(`no flow was recorded of ${name}`);
    done.push({ step, says: summary(step, end), flow });
  }

  heading('Requests by kcat, and what became of them');
  const rows = done.map(({ step, says, flow }) => [
    step.from,
    step.request,
    flow.verdict,
    flow.rule?.rule ?? flow.detail ?? 'only what a rule allows is listed',
    says || 'done',
  ]);
  process.stdout.write(table(['FROM', 'REQUEST', 'VERDICT', 'WHY', 'KCAT SAYS'], rows));

  heading('sluice observe: the flows that decided');
  for (const { flow } of done) say(flowLine(flow));

  return done.every(({ step, says, flow }) => says === step.says && flow.verdict === step.verdict);
}

/** Of one client, once the one of the step's own API is there: they are recorded beside the traffic. */
async function flowsOf(agent: Agent, name: string, { api }: Step): Promise<readonly Flow[]> {
  return eventually(`the ${api} of ${name} is recorded`, async () => {
    const flows = (await agent.flows()).filter(({ l7 }) => l7?.protocol === 'kafka' && l7.clientId === name);
    return flows.some((flow) => isOf(flow, api)) ? flows : undefined;
  });
}

function isOf({ l7 }: Flow, api: string): boolean {
  return l7?.protocol === 'kafka' && l7.api === api;
}

/** What kcat says in the end: its error, the records that it read, or the topics that it lists. */
function summary({ args }: Step, { code, stdout, stderr }: KcatEnd): string {
  if (code === null) return 'it hung';
  const error = /(?:Broker|FindCoordinator response error): [A-Za-z ]+/.exec(stderr)?.[0];
  if (error !== undefined) return error;
  if (code !== 0) return stderr.trim();
  if (!args.includes('-L')) return stdout.trim();
  const names = [...stdout.matchAll(/^ {2}topic ("[^"]*")/gm)].map((match) => match[1]);
  return `${names.length} topics: ${names.join(' ')}`;
}

await runDemo('demo-kafka', 'Everything', demo);
