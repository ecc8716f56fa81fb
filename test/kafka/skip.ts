/** Without Maven Central there is no Apache Kafka. A machine that says it is CI has to have it. */

import { missingBroker } from './real-broker.ts';

/** For `skip` of a test: false, or why. @throws {Error} with CI=true. */
export function skipWithoutBroker(): string | false {
  const missing = missingBroker();
  if (missing === undefined) return false;
  if (process.env.CI === 'true') throw new Error(`CI needs Apache Kafka: ${missing}`);
  return `registry not reached: ${missing}`;
}
