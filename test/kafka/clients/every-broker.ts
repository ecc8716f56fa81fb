/**
 * `every-broker.ts ADDRESS:PORT…`: asks each broker for itself, as a client would that does not care who leads. Prints
 * the error codes of a Produce to `w` and `hidden` and of a Fetch of `r` and `hidden`, a list for each broker.
 */

import { API } from '../../unit/kafka/wire.ts';
import { ask } from '../equivalence/ask.ts';
import { fetch, produce } from '../equivalence/records.ts';

type Answer = {
  readonly responses: readonly {
    readonly name?: string;
    readonly topicName?: string;
    readonly partitionResponses?: readonly { readonly errorCode: number }[];
    readonly partitions?: readonly { readonly errorCode: number }[];
  }[];
};

async function errors(broker: string, api: typeof API.PRODUCE | typeof API.FETCH, version: number, request: unknown) {
  const seen = await ask(broker, api, version, request);
  if (!('body' in seen)) return JSON.stringify(seen);
  const { responses } = seen.body as Answer;
  return Object.fromEntries(
    responses.map(({ name, topicName, partitionResponses, partitions }) => [
      name ?? topicName,
      (partitionResponses ?? partitions)?.[0]?.errorCode,
    ]),
  );
}

const seen = [];
for (const broker of process.argv.slice(2)) {
  seen.push({
    produce: await errors(broker, API.PRODUCE, 10, produce(['w', 'hidden'])),
    fetch: await errors(broker, API.FETCH, 12, fetch(['r', 'hidden'])),
  });
}
process.stdout.write(JSON.stringify(seen));
