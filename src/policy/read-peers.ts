/** `fromEndpoints`, `toCIDR` and the like: who the other end of a rule is. */

import type { Direction, Prefix } from '../identity/identity.ts';
import { isInside, prefixKey, readPrefix, spanOf } from './cidr.ts';
import type { Field } from './field.ts';
import { type CidrMatch, entities, type Peers } from './policy.ts';
import { readPeerSelector } from './selector.ts';

const kinds = ['Endpoints', 'CIDR', 'CIDRSet', 'Entities'] as const;

export function peerFieldNames(direction: Direction): string[] {
  return kinds.map((kind) => peerFieldName(direction, kind));
}

function peerFieldName(direction: Direction, kind: (typeof kinds)[number]): string {
  return (direction === 'ingress' ? 'from' : 'to') + kind;
}

/** @param namespace of the policy; absent for a cluster-wide one. */
export function readPeers(
  rule: ReadonlyMap<string, Field>,
  direction: Direction,
  namespace: string | undefined,
): Peers | undefined {
  const given = kinds.flatMap((kind) => {
    const field = rule.get(peerFieldName(direction, kind));
    return field ? [{ kind, field }] : [];
  });
  const [only, second] = given;
  if (!only) return { kind: 'any' };
  if (second) {
    return second.field.error(
      `${only.field.name} and ${second.field.name} cannot be in one rule; make two rules of it`,
    );
  }
  const items = only.field.list();
  if (items?.length === 0)
    only.field.hint(`${only.field.name} is an empty list: it names nobody, so this rule has no effect`);
  switch (only.kind) {
    case 'Endpoints': {
      const selectors = all(items, (item) => readPeerSelector(item, namespace));
      return selectors && { kind: 'endpoints', selectors };
    }
    case 'CIDR': {
      const prefixes = all(items, readPrefix);
      return prefixes && { kind: 'cidrs', cidrs: prefixes.map((prefix) => ({ prefix, except: [] })) };
    }
    case 'CIDRSet': {
      const cidrs = all(items, readCidrSet);
      return cidrs && { kind: 'cidrs', cidrs };
    }
    case 'Entities': {
      const named = all(items, readEntity);
      return named && { kind: 'entities', entities: named };
    }
  }
}

/** `undefined` when one of them is wrong; all are read, so that all errors are found. */
export function all<Value>(
  items: readonly Field[] | undefined,
  read: (item: Field) => Value | undefined,
): Value[] | undefined {
  const values = items?.map(read);
  const right = values?.filter((value) => value !== undefined);
  return right?.length === values?.length ? right : undefined;
}

const unsupportedEntities: Readonly<Record<string, string>> = {
  'cluster-mesh': 'there is one node and no cluster mesh; use cluster',
  'remote-node': 'other nodes are not known here; name their addresses in CIDR rules',
  'kube-apiserver': 'it is not known here; name its addresses in CIDR rules',
  init: 'every workload has its labels from the start; leave it out',
  ingress: 'there is no ingress controller here; leave it out',
  unmanaged: 'name their addresses in CIDR rules',
  health: 'there are no health endpoints here; leave it out',
  none: 'write an empty list for nobody',
};

function readEntity(field: Field): (typeof entities)[number] | undefined {
  const name = field.string();
  const why = name !== undefined && Object.hasOwn(unsupportedEntities, name) ? unsupportedEntities[name] : undefined;
  return why === undefined ? field.choice(entities) : field.error(`the entity ${name} is not supported: ${why}`);
}

function readCidrSet(field: Field): CidrMatch | undefined {
  const groups = 'is not supported: there are no CiliumCIDRGroups here; list the prefixes under cidr';
  const fields = field.fields(['cidr', 'except'], { cidrGroupRef: groups, cidrGroupSelector: groups });
  if (!fields) return undefined;
  const cidr = fields.get('cidr');
  if (!cidr) return field.error(`${field.name} needs cidr`);
  const prefix = readPrefix(cidr);
  const exceptField = fields.get('except');
  const except = exceptField ? all(exceptField.list(), (item) => readException(item, prefix)) : [];
  return prefix && except && { prefix, except };
}

function readException(field: Field, within: Prefix | undefined): Prefix | undefined {
  const prefix = readPrefix(field);
  if (!prefix || !within) return undefined;
  if (isInside(spanOf(prefix), spanOf(within))) return prefix;
  return field.error(`${prefixKey(prefix)} is not inside ${prefixKey(within)}, so it cannot be an exception of it`);
}
