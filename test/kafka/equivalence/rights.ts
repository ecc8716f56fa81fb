/**
 * The rights of the equivalence scenarios, said twice: as Kafka's ACLs and as our rules. `client` has something of
 * everything, `reader` may only read.
 */

import kafkajs, { type AclEntry, type AclOperationTypes as Operations } from 'kafkajs';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

export const topics = ['w', 'r', 'rw', 'd', 'a-1', 'hidden'] as const;

type Kind = 'TOPIC' | 'GROUP' | 'TRANSACTIONAL_ID' | 'CLUSTER';
type Operation = keyof typeof Operations;
type Right = readonly [kind: Kind, name: string, operations: readonly Operation[], pattern?: 'LITERAL' | 'PREFIXED'];

const manage: readonly Operation[] = ['CREATE', 'DELETE', 'ALTER', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'ALTER_CONFIGS'];

const rights: Readonly<Record<'client' | 'reader', readonly Right[]>> = {
  client: [
    ['TOPIC', 'w', ['WRITE']],
    ['TRANSACTIONAL_ID', 't-ok', ['WRITE']],
    ['GROUP', 'g-ok', ['READ']],
    ['GROUP', 's-ok', ['READ'], 'PREFIXED'],
    ['GROUP', 'g-eos', ['READ']],
    ['TOPIC', 'r', ['READ']],
    ['TOPIC', 'rw', ['READ', 'WRITE']],
    ['TOPIC', 'd', ['DESCRIBE', 'DESCRIBE_CONFIGS']],
    ['GROUP', 'g-d', ['DESCRIBE', 'DESCRIBE_CONFIGS']],
    ['TRANSACTIONAL_ID', 't-d', ['DESCRIBE']],
    ['TOPIC', 'a-', manage, 'PREFIXED'],
    ['GROUP', 'g-a', manage],
    ['GROUP', 's-a', manage],
    ['TRANSACTIONAL_ID', 't-d', ['DESCRIBE']],
  ],
  reader: [
    ['TOPIC', 'r', ['READ']],
    ['GROUP', 'g-ok', ['READ']],
  ],
};

/** Everyone is User:ANONYMOUS, so it is the address that tells who it is. */
export function acls(addresses: Readonly<Record<'client' | 'reader', string>>, broker: string): AclEntry[] {
  const acl = (host: string, [kind, name, operations, pattern = 'LITERAL']: Right): AclEntry[] =>
    operations.map((operation) => ({
      resourceType: AclResourceTypes[kind],
      resourceName: name,
      resourcePatternType: ResourcePatternTypes[pattern],
      principal: 'User:ANONYMOUS',
      host,
      operation: AclOperationTypes[operation],
      permissionType: AclPermissionTypes.ALLOW,
    }));
  const everything: Right[] = [
    ['CLUSTER', 'kafka-cluster', ['ALL']],
    ['TOPIC', '*', ['ALL']],
    ['GROUP', '*', ['ALL']],
    ['TRANSACTIONAL_ID', '*', ['ALL']],
  ];
  return [
    ...['127.0.0.1', broker].flatMap((host) => everything.flatMap((right) => acl(host, right))),
    ...rights.client.flatMap((right) => acl(addresses.client, right)),
    ...rights.reader.flatMap((right) => acl(addresses.reader, right)),
  ];
}

/** The same as rules, for a broker whose workload is `kafka`. */
export const policy = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: equivalence}
spec:
  endpointSelector: {matchLabels: {app: kafka}}
  ingress:
    - fromEndpoints: [{matchLabels: {app: client}}]
      toPorts:
        - ports: [{port: "9092", protocol: TCP}]
          rules:
            kafka:
              - {role: produce, topic: w, transactionalID: t-ok, group: g-eos}
              - {role: consume, topic: r, group: g-ok}
              - {role: consume, topic: r, groupPrefix: s-ok}
              - {role: produce, topic: rw}
              - {role: consume, topic: rw, group: g-ok}
              - {role: describe, topic: d, group: g-d, transactionalID: t-d}
              - {role: admin, topicPrefix: a-, group: g-a, transactionalID: t-d}
              - {role: admin, topicPrefix: a-, group: s-a, transactionalID: t-d}
    - fromEndpoints: [{matchLabels: {app: reader}}]
      toPorts:
        - ports: [{port: "9092", protocol: TCP}]
          rules:
            kafka:
              - {role: consume, topic: r, group: g-ok}
`;
