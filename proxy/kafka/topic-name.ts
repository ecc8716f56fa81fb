/**
 * What Kafka accepts as a topic name (org.apache.kafka.common.internals.Topic): 1 to 249 of `a-zA-Z0-9._-`, neither
 * `.` nor `..`. Names are compared as bytes; since a legal name is ASCII there is one spelling of it only.
 */

const legal = new Uint8Array(256);
for (const byte of Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-')) legal[byte] = 1;

const dot = 0x2e;
const underscore = 0x5f;

export function isTopicName(bytes: Uint8Array, start: number, length: number): boolean {
  if (length < 1 || length > 249) return false;
  for (let index = start; index < start + length; index++) if (legal[bytes[index] ?? 0] === 0) return false;
  return !(length <= 2 && bytes[start] === dot && bytes[start + length - 1] === dot);
}

/** `__consumer_offsets`, `__transaction_state` and whatever else the broker keeps for itself. */
export function isInternalTopic(bytes: Uint8Array, start: number, length: number): boolean {
  return length > 2 && bytes[start] === underscore && bytes[start + 1] === underscore;
}
