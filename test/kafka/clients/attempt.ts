/** One thing that a client tries, and what its user would see: `ok …`, its own error, or that it hangs. */

const deadlineMs = 15_000;

export async function attempt(what: () => Promise<string>, errorName: (error: unknown) => string): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('hangs'), deadlineMs);
  });
  const done = what().then(
    (result) => `ok ${result}`,
    (error: unknown) => errorName(error),
  );
  const result = await Promise.race([done, hung]);
  clearTimeout(timer);
  return result;
}

/** What every client of clients.test.ts tries, in this order. */
export interface Outcomes {
  readonly produce: string;
  readonly produceDenied: string;
  readonly produceAfterwards: string;
  readonly consume: string;
  readonly consumeDeniedTopic: string;
  readonly consumeDeniedGroup: string;
  readonly transaction: string;
  readonly transactionDenied: string;
}

/** Prints what was seen and ends, whatever the client still has open. */
export function report(outcomes: Partial<Outcomes>): void {
  process.stdout.write(JSON.stringify(outcomes), () => process.exit(0));
}
