/** Error codes of Kafka that we give; https://kafka.apache.org/protocol#protocol_error_codes */
export const errorCode = {
  notLeaderOrFollower: 6,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  unsupportedVersion: 35,
  invalidRequest: 42,
  transactionalIdAuthorizationFailed: 53,
  operationNotAttempted: 55,
  unknownTopicId: 100,
  shareSessionNotFound: 122,
  streamsInvalidTopology: 130,
} as const;

/** Kafka's own words for them (org.apache.kafka.common.protocol.Errors), where it sends any with a denial. */
const words: ReadonlyMap<number, string> = new Map([
  [errorCode.topicAuthorizationFailed, 'Topic authorization failed.'],
  [errorCode.groupAuthorizationFailed, 'Group authorization failed.'],
  [errorCode.clusterAuthorizationFailed, 'Cluster authorization failed.'],
  [errorCode.transactionalIdAuthorizationFailed, 'Transactional Id authorization failed.'],
]);

export function wordsFor(error: number): string {
  return words.get(error) ?? '';
}
