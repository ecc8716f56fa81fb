/** Reads policies beside the agent's main thread, once. Started by src/policy/policy-reader.ts. */

import { parentPort, workerData } from 'node:worker_threads';
import { loadPolicies } from './load.ts';
import { withoutPlaces } from './policy-reader.ts';

parentPort?.postMessage(withoutPlaces(loadPolicies(workerData as readonly string[])));
