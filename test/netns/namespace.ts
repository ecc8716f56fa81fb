/**
 * Named network namespaces of this test process and what runs in them. Names carry the process id, so two runs never
 * meet and what a killed run left behind can be told from what is in use.
 */

import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';

/** What everything of a run is named by: eight characters, so that a letter more is still an instance name. */
export function runName(pid: number = process.pid): string {
  return `slt${pid.toString(36).padStart(5, '0')}`;
}

const owned = /^slt([0-9a-z]{5})[a-z]?(?:-|$)/;
const namespaces = new Set<Namespace>();

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Namespace {
  readonly name: string;
  readonly #children = new Set<ChildProcess>();

  private constructor(name: string) {
    this.name = name;
  }

  static create(role: string): Namespace {
    const namespace = new Namespace(`${runName()}-${role}`);
    ip('netns', 'add', namespace.name);
    namespaces.add(namespace);
    namespace.ip('link', 'set', 'lo', 'up');
    // A fresh IPv6 address would be tentative for a second; there is nobody to collide with.
    namespace.sysctl('net.ipv6.conf.default.accept_dad', '0');
    namespace.sysctl('net.ipv6.conf.all.accept_dad', '0');
    return namespace;
  }

  /** `ip` inside the namespace. @returns its standard output. */
  ip(...args: string[]): string {
    return ip('-n', this.name, ...args);
  }

  sysctl(key: string, value: string): void {
    this.runSync('sysctl', '-qw', `${key}=${value}`);
  }

  /** @throws {Error} with standard error when the command fails. */
  runSync(command: string, ...args: string[]): string {
    return execFileSync('nsenter', [`--net=/run/netns/${this.name}`, '--', command, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    });
  }

  /** Runs to the end, which may be a failure. */
  async run(command: string, ...args: string[]): Promise<Finished> {
    const child = this.spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    return { code, stdout, stderr };
  }

  /** nsenter replaces itself by the command, so the child's pid is the command's. It ends with the namespace. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn('nsenter', [`--net=/run/netns/${this.name}`, '--', command, ...args], options);
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  delete(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    if (namespaces.delete(this)) ip('netns', 'delete', this.name);
  }
}

export function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Removes what an agent of a test may leave behind: its pins and its namespaces. */
export function removeInstance(instance: string): void {
  rmSync(`/sys/fs/bpf/${instance}`, { recursive: true, force: true });
  rmSync(`/run/${instance}`, { recursive: true, force: true });
  for (const name of [`${instance}-egress`, `${instance}-ingress`]) {
    if (existsSync(`/run/netns/${name}`)) ip('netns', 'delete', name);
  }
}

/** What runs that were killed could not remove themselves. */
function removeLeftovers(): void {
  const names = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : []);
  for (const name of names('/run/netns')) {
    if (isLeftover(name)) ip('netns', 'delete', name);
  }
  for (const directory of ['/sys/fs/bpf', '/run']) {
    for (const name of names(directory)) {
      if (isLeftover(name)) rmSync(`${directory}/${name}`, { recursive: true, force: true });
    }
  }
}

function isLeftover(name: string): boolean {
  const pid = owned.exec(name)?.[1];
  return pid !== undefined && !existsSync(`/proc/${Number.parseInt(pid, 36)}`);
}

function deleteAll(): void {
  for (const namespace of namespaces) namespace.delete();
}

removeLeftovers();
process.on('exit', deleteAll);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    deleteAll();
    process.exit(1);
  });
}
