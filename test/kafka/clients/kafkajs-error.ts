/** Kafka's name for an error of kafkajs: the protocol's is where kafkajs gave up, or behind it. Else its message. */

import type { KafkaJSError, KafkaJSProtocolError } from 'kafkajs';

export function errorName(error: unknown): string {
  for (let one = error as (KafkaJSError & { cause?: unknown }) | undefined; one; one = one.cause as typeof one) {
    const { type } = one as KafkaJSProtocolError;
    if (type !== undefined) return type;
  }
  return String(error);
}
