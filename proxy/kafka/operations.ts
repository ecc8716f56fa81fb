/**
 * What can be done to a resource, in the words of Kafka's own ACLs, and what each role of a rule grants.
 * docs/KAFKA.md explains the table to users.
 */

import type { KafkaRule } from '../../src/policy/resolved.ts';

/** Bits; a question may ask for any of several. */
export const op = {
  read: 1,
  write: 2,
  describe: 4,
  create: 8,
  delete: 16,
  alter: 32,
  describeConfigs: 64,
  alterConfigs: 128,
} as const;

const all = 255;

export type ResourceKind = 'topic' | 'group' | 'transactionalId';

export interface Granted {
  readonly topic: number;
  readonly group: number;
  readonly transactionalId: number;
  /** The cluster as a whole; only from a rule that names no resource. */
  readonly cluster: number;
  /** All topics include those that the broker keeps for itself. */
  readonly internal: boolean;
}

/**
 * What a rule grants on the resources that it names, and on all of a kind of which it names none.
 *
 * The exception is `produce`: transactional ids and groups that it does not name are not granted, for whoever may use a
 * transactional id can abort its transactions. Cilium's role of that name knew no transactions at all.
 */
export function granted(rule: KafkaRule): Granted {
  const namesTopic = rule.topic !== undefined || rule.topicPrefix !== undefined;
  const namesGroup = rule.group !== undefined || rule.groupPrefix !== undefined;
  const namesTransaction = rule.transactionalID !== undefined || rule.transactionalIDPrefix !== undefined;
  const cluster = namesTopic || namesGroup || namesTransaction ? 0 : all;
  switch (rule.role) {
    case 'produce':
      return {
        topic: op.write | op.describe,
        group: namesGroup ? op.read | op.describe : 0,
        transactionalId: namesTransaction ? op.write | op.describe : 0,
        cluster: 0,
        internal: false,
      };
    case 'consume':
      return {
        topic: op.read | op.describe,
        group: op.read | op.describe,
        transactionalId: 0,
        cluster: 0,
        internal: false,
      };
    case 'describe':
      return {
        topic: op.describe | op.describeConfigs,
        group: op.describe | op.describeConfigs,
        transactionalId: op.describe,
        cluster: cluster & (op.describe | op.describeConfigs),
        internal: false,
      };
    case 'admin': {
      const manage = all & ~(op.read | op.write);
      return { topic: manage, group: manage, transactionalId: op.describe, cluster, internal: false };
    }
    default:
      return {
        topic: all,
        group: all,
        transactionalId: all,
        cluster,
        internal: !namesTopic && rule.apiKey === undefined,
      };
  }
}
