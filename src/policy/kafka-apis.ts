/**
 * Names that `apiKey` may have: those of Kafka's protocol in lower case, without what only brokers ask of each other.
 * The way to check: `clients/src/main/resources/common/message` of Kafka 4.3.
 */

const names = new Set(
  `produce fetch listoffsets metadata offsetcommit offsetfetch findcoordinator joingroup heartbeat leavegroup syncgroup
  describegroups listgroups saslhandshake apiversions createtopics deletetopics deleterecords initproducerid
  offsetforleaderepoch addpartitionstotxn addoffsetstotxn endtxn txnoffsetcommit describeacls createacls deleteacls
  describeconfigs alterconfigs alterreplicalogdirs describelogdirs saslauthenticate createpartitions
  createdelegationtoken renewdelegationtoken expiredelegationtoken describedelegationtoken deletegroups electleaders
  incrementalalterconfigs alterpartitionreassignments listpartitionreassignments offsetdelete describeclientquotas
  alterclientquotas describeuserscramcredentials alteruserscramcredentials describequorum updatefeatures
  describecluster describeproducers unregisterbroker describetransactions listtransactions consumergroupheartbeat
  consumergroupdescribe gettelemetrysubscriptions pushtelemetry listconfigresources describetopicpartitions
  sharegroupheartbeat sharegroupdescribe sharefetch shareacknowledge addraftvoter removeraftvoter
  streamsgroupheartbeat streamsgroupdescribe describesharegroupoffsets altersharegroupoffsets
  deletesharegroupoffsets`.split(/\s+/),
);

/** @returns the protocol's name, or `undefined` when there is no such API. */
export function kafkaApi(name: string): string | undefined {
  // Cilium's name for the API that the protocol calls ListOffsets.
  if (name === 'offsets') return 'listoffsets';
  return names.has(name) ? name : undefined;
}
