/** Reads policies beside the agent's main thread, once. Started by src/policy/policy-reader.ts. */

import { parentPort, workerData } from 'node:worker_threads';
import { parseFiles } from './load.ts';
import type { PolicyFiles } from './policy-files.ts';
import { withoutPlaces } from './policy-reader.ts';

parentPort?.postMessage(withoutPlaces(parseFiles(workerData as PolicyFiles)));
