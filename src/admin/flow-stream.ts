/**
 * Flows to a reader, one JSON object a line. A reader that is slower than the traffic loses flows, and is told how many
 * in a line `{"lost": N}`; it never slows the agent or fills its memory.
 */

import type { ServerResponse } from 'node:http';
import { limits } from '../limits.ts';
import type { Flow } from '../observe/flow.ts';
import type { AgentView } from './agent-view.ts';

export interface FlowQuery {
  /** How many of the past flows come first. */
  readonly last: number;
  /** Go on with those of the future. */
  readonly follow: boolean;
}

/** One line of the stream. */
export type FlowLine = Flow | { readonly lost: number };

export function streamFlows(view: AgentView, query: FlowQuery, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const past = query.last > 0 ? view.lastFlows(query.last) : [];
  for (const flow of past) response.write(line(flow));
  if (!query.follow) {
    response.end();
    return;
  }
  response.flushHeaders();

  let lost = 0;
  const stop = view.followFlows((flow) => {
    if (response.writableLength > limits.flowStreamBacklogBytes) {
      lost++;
      return;
    }
    if (lost > 0) response.write(line({ lost }));
    lost = 0;
    response.write(line(flow));
  });
  response.on('drain', () => {
    if (lost > 0) response.write(line({ lost }));
    lost = 0;
  });
  response.once('close', stop);
}

function line(value: FlowLine): string {
  return `${JSON.stringify(value)}\n`;
}
