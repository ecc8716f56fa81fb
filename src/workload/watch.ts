/**
 * Tells that files, or the node's network namespaces, have changed. Signs come in bursts and often before the change is
 * complete; `onChange` is called once they have settled, and again if more came meanwhile.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { limits } from '../limits.ts';

/** Does not keep the process alive. */
export interface Watcher {
  close(): void;
}

export interface PathWatcher extends Watcher {
  /** From now on these instead; tells a change if they are others, because nobody has read them under this watch. */
  watch(paths: readonly string[]): void;
}

/**
 * Files, and directories of `*.yaml` and `*.yml`; they need not exist yet. Calls when content was changed, however that is done: in
 * place, by a rename, by the exchange of a symbolic link further up (as Kubernetes does), by deletion and a new file.
 * What is written after this call is told, so call first and read then.
 */
export function watchPaths(paths: readonly string[], onChange: () => void): PathWatcher {
  let wanted = paths.map((path) => resolve(path));
  const directories = new DirectoryWatches(() => settle.touch());
  let seen = contentOf(wanted);
  let seenState = stateOf(wanted);
  const settle = new Settle(() => {
    directories.watch(directoriesOf(wanted));
    seenState = stateOf(wanted);
    const now = contentOf(wanted);
    if (now === seen) return;
    seen = now;
    onChange();
  });
  directories.watch(directoriesOf(wanted));
  const poll = setInterval(() => {
    directories.watch(directoriesOf(wanted));
    if (stateOf(wanted) !== seenState) settle.touch();
  }, limits.watchPollMs).unref();
  return {
    watch(others) {
      wanted = others.map((path) => resolve(path));
      settle.touch();
    },
    close() {
      clearInterval(poll);
      directories.close();
      settle.close();
    },
  };
}

const netnsDirectory = '/run/netns';

/**
 * Named network namespaces that come and go, and links and addresses that change in this one or in those it has an
 * interface to. Calls once soon after the start, too: what happened between an earlier look and this call is not known.
 */
export function watchNetns(onChange: () => void): Watcher {
  const settle = new Settle(onChange);
  const directories = new DirectoryWatches(() => settle.touch());
  const look = (): void => directories.watch([netnsDirectory, dirname(netnsDirectory)]);
  look();
  const poll = setInterval(look, limits.watchPollMs).unref();
  let closed = false;
  let monitor: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  const start = (): void => {
    settle.touch();
    monitor = startMonitor(
      () => settle.touch(),
      () => {
        if (!closed) restart = setTimeout(start, limits.watchPollMs).unref();
      },
    );
  };
  start();
  return {
    close() {
      closed = true;
      clearInterval(poll);
      clearTimeout(restart);
      monitor?.stdin?.destroy();
      directories.close();
      settle.close();
    },
  };
}

/**
 * The shell waits for the end of its standard input, which comes when we close it and also when we are killed, and ends
 * `ip` then. It gives up its own standard output, so the end of that tells that `ip` has ended.
 */
const monitorScript = 'ip monitor all-nsid link address & exec >&-; read -r _; kill $!; wait';

function startMonitor(onSign: () => void, onEnd: () => void): ChildProcess {
  const child = spawn('sh', ['-c', monitorScript], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', onEnd); // no shell, or no memory for one
  child.stdout.on('data', onSign).once('end', () => {
    child.stdin.destroy();
    onEnd();
  });
  child.stdin.on('error', () => undefined); // it ended by itself; the end of its output says so
  child.unref();
  for (const pipe of [child.stdin, child.stdout]) if ('unref' in pipe) (pipe as { unref(): void }).unref();
  return child;
}

/** Runs once after a burst of touches; a touch while it waits or runs is never lost, and none puts it off. */
class Settle {
  readonly #run: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(run: () => void) {
    this.#run = run;
  }

  touch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#run();
    }, limits.watchSettleMs).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

/** inotify on directories by path: a directory that was replaced is watched anew with the next call of `watch`. */
class DirectoryWatches {
  readonly #onSign: () => void;
  readonly #watches = new Map<string, { readonly watcher: FSWatcher; readonly inode: bigint }>();

  constructor(onSign: () => void) {
    this.#onSign = onSign;
  }

  watch(directories: readonly string[]): void {
    for (const path of this.#watches.keys()) if (!directories.includes(path)) this.#drop(path);
    for (const path of directories) {
      const inode = inodeOf(path);
      if (this.#watches.get(path)?.inode === inode) continue;
      this.#drop(path);
      if (inode !== undefined) this.#add(path, inode);
    }
  }

  close(): void {
    for (const path of this.#watches.keys()) this.#drop(path);
  }

  #add(path: string, inode: bigint): void {
    try {
      const watcher = watch(path, { persistent: false }, this.#onSign).on('error', () => this.#drop(path));
      this.#watches.set(path, { watcher, inode });
    } catch {
      return; // it went away meanwhile, or the host has no inotify watches left: the poll remains
    }
    this.#onSign(); // it may have been filled before the watch began
  }

  #drop(path: string): void {
    this.#watches.get(path)?.watcher.close();
    this.#watches.delete(path);
  }
}

function inodeOf(path: string): bigint | undefined {
  try {
    const found = statSync(path, { bigint: true });
    return found.isDirectory() ? found.ino : undefined;
  } catch {
    return undefined;
  }
}

/** A file is watched by its directory, because a rename puts another file in its place. */
function directoriesOf(paths: readonly string[]): string[] {
  const parents = paths.map((path) => dirname(path));
  return [...new Set([...parents, ...paths.filter((path) => inodeOf(path) !== undefined)])];
}

/** The files that count; one that is absent is among them. */
function filesOf(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    try {
      const names = readdirSync(path).filter((name) => /^[^.].*\.ya?ml$/.test(name));
      return names.toSorted().map((name) => join(path, name));
    } catch {
      return [path];
    }
  });
}

/** Cheap; equal while nothing was touched. */
function stateOf(paths: readonly string[]): string {
  return describe(paths, (file) => {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  });
}

function contentOf(paths: readonly string[]): string {
  return describe(paths, (file) => {
    // A pipe would make us wait for whoever writes it.
    if (!statSync(file).isFile()) return 'no file';
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  });
}

function describe(paths: readonly string[], describeOne: (file: string) => string): string {
  const one = (file: string): string => {
    try {
      return describeOne(file);
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    }
  };
  return JSON.stringify(filesOf(paths).map((file) => [file, one(file)]));
}
