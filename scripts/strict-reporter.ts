/**
 * The `spec` report, but a skipped or to-do test fails the run: in a security product "was not tested" reads as
 * "works". The excuses are a kernel that cannot do it, said as `kernel feature missing: …`, and Apache Kafka's jars that
 * cannot be fetched, said as `registry not reached: …`; on CI the latter is a failure (test/kafka/skip.ts).
 */

import { Transform } from 'node:stream';
import type { TestEvent } from 'node:test/reporters';
import { spec } from 'node:test/reporters';

const excuses = ['kernel feature missing: ', 'registry not reached: '];

function notRun(event: TestEvent): string | undefined {
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return undefined;
  const { skip, todo, name } = event.data;
  const mark = skip ?? todo;
  if (mark === undefined || mark === false) return undefined;
  const reason = typeof mark === 'string' ? mark : 'no reason given';
  return skip !== undefined && excuses.some((excuse) => reason.startsWith(excuse)) ? undefined : `${name}: ${reason}`;
}

export default class StrictReporter extends Transform {
  readonly #spec = new spec();
  readonly #skipped: string[] = [];

  constructor() {
    super({ writableObjectMode: true });
    this.#spec.on('data', (chunk: Buffer | string) => this.push(chunk));
  }

  override _transform(event: TestEvent, _encoding: BufferEncoding, done: () => void): void {
    const skipped = notRun(event);
    if (skipped !== undefined) this.#skipped.push(skipped);
    this.#spec.write(event, () => done());
  }

  override _flush(done: () => void): void {
    this.#spec.once('end', () => {
      for (const skipped of this.#skipped) this.push(`skipped tests fail the run: ${skipped}\n`);
      if (this.#skipped.length > 0) process.exitCode = 1;
      done();
    });
    this.#spec.end();
  }
}
