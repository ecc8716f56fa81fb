/**
 * Names that `apiKey` may have: those of Kafka's protocol in lower case (`clients/src/main/resources/common/message` of
 * Kafka 4.3). A test holds them against what proxy/kafka/ judges.
 */

const judged = new Set(
  `addoffsetstotxn addpartitionstotxn alterconfigs alterpartitionreassignments altersharegroupoffsets apiversions
  consumergroupdescribe consumergroupheartbeat createpartitions createtopics deletegroups deleterecords
  deletesharegroupoffsets deletetopics describeacls describecluster describeconfigs describegroups describelogdirs
  describeproducers describequorum describesharegroupoffsets describetransactions electleaders endtxn fetch
  findcoordinator heartbeat incrementalalterconfigs initproducerid joingroup leavegroup listgroups listoffsets
  listpartitionreassignments listtransactions metadata offsetcommit offsetdelete offsetfetch offsetforleaderepoch produce saslauthenticate
  saslhandshake shareacknowledge sharefetch sharegroupdescribe sharegroupheartbeat streamsgroupdescribe
  streamsgroupheartbeat syncgroup txnoffsetcommit`.split(/\s+/),
);

/** In the protocol, and refused by the proxy whatever a rule says. */
const refused = new Set(
  `leaderandisr stopreplica updatemetadata controlledshutdown writetxnmarkers createacls deleteacls alterreplicalogdirs
  createdelegationtoken renewdelegationtoken expiredelegationtoken describedelegationtoken describeclientquotas
  alterclientquotas describeuserscramcredentials alteruserscramcredentials updatefeatures unregisterbroker
  gettelemetrysubscriptions pushtelemetry listconfigresources describetopicpartitions addraftvoter
  removeraftvoter`.split(/\s+/),
);

/** @returns the protocol's name; `'refused'` for an API that no rule can allow; `undefined` when there is none of this name. */
export function kafkaApi(name: string): string | undefined {
  // Cilium's name for the API that the protocol calls ListOffsets.
  if (name === 'offsets') return 'listoffsets';
  if (refused.has(name)) return 'refused';
  return judged.has(name) ? name : undefined;
}

export const judgedKafkaApis: ReadonlySet<string> = judged;
