/** The real `bin/sluice run` in a topology's host. */

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentStatus } from '../../src/admin/agent-view.ts';
import { AdminClient } from '../../src/admin/client.ts';
import type { Flow } from '../../src/observe/flow.ts';
import { eventually } from './eventually.ts';
import { removeInstance, runName } from './namespace.ts';
import type { Station, Topology } from './topology.ts';

export const sluice = fileURLToPath(new URL('../../bin/sluice', import.meta.url));

export interface AgentSetup {
  /** File name → text. */
  readonly policies: Readonly<Record<string, string>>;
  /** Workloads of this node; labelled `app: <name>`. */
  readonly workloads: readonly Station[];
  /** Known by address only. */
  readonly remote?: readonly Station[];
  /** Further arguments of `sluice run`. */
  readonly args?: readonly string[];
}

/** How long a start may take, beside a load that leaves it little of the machine. */
const startMs = 120_000;
let started = 0;
const running = new Set<Agent>();
// A test run that is interrupted never comes to `dispose`.
process.on('exit', () => {
  for (const agent of running) agent.abandon();
});

export class Agent {
  readonly instance: string;
  readonly client: AdminClient;
  readonly #topology: Topology;
  readonly #directory = mkdtempSync(join(tmpdir(), 'sluice-agent-'));
  readonly #args: string[];
  #child: ChildProcess | undefined;
  #log = '';

  private constructor(topology: Topology, setup: AgentSetup) {
    this.#topology = topology;
    // The process id tells whose it is; the letter tells several agents of one test file apart.
    this.instance = `${runName()}${String.fromCharCode(97 + (started++ % 26))}`;
    this.client = AdminClient.of(this.instance);
    running.add(this);
    mkdirSync(this.#path('policies'));
    for (const [name, text] of Object.entries(setup.policies)) this.writePolicy(name, text);
    writeFileSync(this.#path('workloads.yaml'), workloadsFile(setup));
    const [policies, workloads] = [this.#path('policies'), this.#path('workloads.yaml')];
    this.#args = ['run', '--instance', this.instance, '--policies', policies, '--workloads', workloads];
    if (setup.args) this.#args.push(...setup.args);
  }

  /** Resolves when the agent says that it is ready. @throws {Error} with its log when it ends instead. */
  static async start(topology: Topology, setup: AgentSetup): Promise<Agent> {
    const agent = new Agent(topology, setup);
    await agent.start();
    return agent;
  }

  /** Again, after `stop` or `kill`. @param args after those of the setup, which they overrule */
  async start(...args: string[]): Promise<void> {
    const child = this.#spawn(args);
    this.#child = child;
    try {
      await eventually(
        'the agent is ready',
        async () => {
          if (child.exitCode !== null || child.signalCode !== null) throw new Error('the agent ended');
          const status = await this.client.status().catch(() => undefined);
          // After a kill the old socket is still there, but only the new process answers.
          return status?.ready && status.pid === child.pid ? true : undefined;
        },
        startMs,
      );
    } catch (error) {
      await this.kill();
      throw new Error(`${error instanceof Error ? error.message : String(error)}; its log:\n${this.#log}`);
    }
  }

  /**
   * Starts another process and waits until it has taken over, and this one has ended.
   * @returns the exit code of the one before
   */
  async handOver(...args: string[]): Promise<number | null> {
    const before = this.#child;
    if (!before) throw new Error('no agent runs');
    const ended = new Promise<number | null>((resolve) => before.once('exit', resolve));
    await this.start(...args);
    const timer = setTimeout(() => before.kill('SIGKILL'), 30_000);
    const code = await ended;
    clearTimeout(timer);
    return code;
  }

  /**
   * Another process that is to take over.
   * @param killAt it is killed once this is in its log @returns its exit code, null when it was killed, and its log
   */
  async rival(killAt?: string): Promise<{ readonly code: number | null; readonly log: string }> {
    const from = this.#log.length;
    const child = this.#spawn([]);
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    if (killAt !== undefined) {
      await eventually(`the new agent says ${killAt}`, () => this.#log.includes(killAt, from) || undefined, startMs);
      child.kill('SIGKILL');
    }
    return { code: await ended, log: this.#log.slice(from) };
  }

  /** Starts another process, and kills the one before once this is in the new one's log. */
  async startAndKillBefore(killAt: string): Promise<void> {
    const [before, from] = [this.#child, this.#log.length];
    const ready = this.start();
    await eventually(`the new agent says ${killAt}`, () => this.#log.includes(killAt, from) || undefined, startMs);
    before?.kill('SIGKILL');
    await ready;
  }

  /** The process that this is about, once it is known which one that is. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get log(): string {
    return this.#log;
  }

  get policyDirectory(): string {
    return this.#path('policies');
  }

  async status(): Promise<AgentStatus> {
    return this.client.status();
  }

  /** One counter of `sluice status`; 0 while it has not counted. */
  async counter(name: string): Promise<number> {
    return (await this.status()).counters[name] ?? 0;
  }

  async flows(): Promise<Flow[]> {
    const flows: Flow[] = [];
    for await (const line of this.client.flows({ last: 4096, follow: false })) if (!('lost' in line)) flows.push(line);
    return flows;
  }

  /** The flows of requests, once there are as many: they are recorded beside the traffic, a moment after it. */
  async requests(count: number): Promise<Flow[]> {
    return eventually(`${count} requests are recorded`, async () => {
      const requests = (await this.flows()).filter(({ l7 }) => l7 !== undefined);
      return requests.length >= count ? requests : undefined;
    });
  }

  writePolicy(name: string, text: string): void {
    writeFileSync(join(this.#path('policies'), name), text);
  }

  /** Writes the file and waits until the watcher has put it in force. */
  async changePolicy(name: string, text: string): Promise<void> {
    const { revision } = await this.status();
    this.writePolicy(name, text);
    await eventually('the changed policy is in force', async () =>
      (await this.status()).revision > revision ? true : undefined,
    );
  }

  /** Resident memory of the agent's process, bytes. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** SIGTERM, then waits for the end. @returns the exit code, or null when it had to be killed after 30 s. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM', 30_000);
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL', 5_000);
  }

  /** Ends it however it stands and removes all that it could leave behind. */
  async dispose(): Promise<void> {
    await this.kill();
    this.abandon();
  }

  /** As `dispose`, but without waiting for the end. */
  abandon(): void {
    running.delete(this);
    this.#child?.kill('SIGKILL');
    removeInstance(this.instance);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #spawn(args: readonly string[]): ChildProcess {
    const child = this.#topology.host.spawn(sluice, [...this.#args, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (text: Buffer): void => {
      this.#log += text.toString();
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    return child;
  }

  async #end(signal: NodeJS.Signals, deadlineMs: number): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    const code = await ended;
    clearTimeout(timer);
    return code;
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

function workloadsFile({ workloads, remote = [] }: AgentSetup): string {
  const entry = ({ name }: Station, where: string): string =>
    `  - name: ${name}\n    labels: {app: ${name}}\n    ${where}\n`;
  return [
    'workloads:\n',
    ...workloads.map((one) => entry(one, `netns: ${one.namespace.name}`)),
    ...remote.map((one) => entry(one, `addresses: ["${one.address[4]}", "${one.address[6]}"]`)),
  ].join('');
}
