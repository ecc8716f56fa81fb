/** One `spec`. */

import type { Direction } from '../identity/identity.ts';
import type { Field } from './field.ts';
import type { Peers, PolicyRule, PolicySpec, PortMatch } from './policy.ts';
import { peerFieldNames, readPeers } from './read-peers.ts';
import { type RefOf, readIcmps, readToPorts } from './read-ports.ts';
import { readSubject } from './selector.ts';

const sections = [
  { name: 'ingress', direction: 'ingress', effect: 'allow' },
  { name: 'ingressDeny', direction: 'ingress', effect: 'deny' },
  { name: 'egress', direction: 'egress', effect: 'allow' },
  { name: 'egressDeny', direction: 'egress', effect: 'deny' },
] as const;
type Section = (typeof sections)[number];

const known = ['endpointSelector', 'enableDefaultDeny', 'description', 'labels', ...sections.map(({ name }) => name)];
const unsupportedInSpec = {
  nodeSelector: 'is not supported: the host is no endpoint here; select workloads with endpointSelector',
  log: 'is not supported: records name the policy and rule already; remove it',
};

const addresses = 'write its addresses under CIDR rules';
const authentication = 'is not supported: peers are known by their addresses; remove it';
const unsupportedInRule: Readonly<Record<Direction, Readonly<Record<string, string>>>> = {
  ingress: {
    fromRequires: 'is not supported, as it is not by Cilium any more; add its labels to every fromEndpoints',
    fromGroups: `is not supported: cloud groups are not known here; ${addresses}`,
    fromNodes: `is not supported: other nodes are not known here; ${addresses}`,
    authentication,
  },
  egress: {
    toRequires: 'is not supported, as it is not by Cilium any more; add its labels to every toEndpoints',
    toFQDNs: 'is not supported: names are not resolved here; write the addresses under toCIDR',
    toServices: 'is not supported: there are no Kubernetes services here; name the workloads under toEndpoints',
    toGroups: `is not supported: cloud groups are not known here; ${addresses}`,
    toNodes: `is not supported: other nodes are not known here; ${addresses}`,
    authentication,
  },
};

/** @param namespace of the policy; absent for a cluster-wide one. */
export function readSpec(field: Field, namespace: string | undefined, refOf: RefOf): PolicySpec | undefined {
  const fields = field.fields(known, unsupportedInSpec);
  if (!fields) return undefined;
  const subjectField = fields.get('endpointSelector');
  if (!subjectField) return field.error(`${field.name} needs endpointSelector; {} selects every endpoint`);
  const subject = readSubject(subjectField, namespace);
  const given = sections.filter(({ name }) => fields.has(name));
  const defaultDeny = readDefaultDeny(fields.get('enableDefaultDeny'), given);
  if (given.length === 0 && !fields.has('enableDefaultDeny')) {
    return field.error(`${field.name} has no rule; give it ingress, egress, ingressDeny or egressDeny`);
  }
  const rules = given.map((section) => readSection(fields.get(section.name), section, namespace, refOf));
  const read = rules.filter((rule) => rule !== undefined);
  return subject && defaultDeny && read.length === rules.length
    ? { subject, defaultDeny, rules: read.flat() }
    : undefined;
}

function readDefaultDeny(field: Field | undefined, given: readonly Section[]): Record<Direction, boolean> | undefined {
  const denied = {
    ingress: given.some(({ direction }) => direction === 'ingress'),
    egress: given.some(({ direction }) => direction === 'egress'),
  };
  if (!field) return denied;
  const fields = field.fields(['ingress', 'egress']);
  if (!fields) return undefined;
  for (const direction of ['ingress', 'egress'] as const) {
    const value = fields.get(direction)?.boolean();
    if (value !== undefined) denied[direction] = value;
  }
  return denied;
}

function readSection(
  field: Field | undefined,
  section: Section,
  namespace: string | undefined,
  refOf: RefOf,
): PolicyRule[] | undefined {
  const meaning =
    section.effect === 'allow'
      ? `it would have no effect; write ${section.name}: [{}] to deny everything, or remove it`
      : 'it would have no effect; remove it';
  const items = field?.filledList(meaning);
  const rules = items?.map((item) => readRule(item, section, namespace, refOf));
  const read = rules?.filter((rule) => rule !== undefined);
  return read?.length === rules?.length ? read : undefined;
}

function readRule(
  field: Field,
  { name, direction, effect }: Section,
  namespace: string | undefined,
  refOf: RefOf,
): PolicyRule | undefined {
  const fields = field.fields([...peerFieldNames(direction), 'toPorts', 'icmps'], unsupportedInRule[direction]);
  if (!fields) return undefined;
  // `ingress: [{}]` is the idiom for "nothing is allowed"; as a deny rule it reads as "everything is denied" and does nothing.
  if (fields.size === 0 && field.isEmptyMapping()) {
    if (effect === 'allow') return { ref: refOf(field), direction, effect, peers: { kind: 'any' }, ports: [] };
    const entities = direction === 'ingress' ? 'fromEntities' : 'toEntities';
    return field.error(`an empty rule denies nothing; write ${entities}: [all] to deny everything, or remove ${name}`);
  }
  const peers: Peers | undefined = readPeers(fields, direction, namespace);
  const ports = readPorts(field, fields, effect, refOf);
  return peers && ports && { ref: refOf(field), direction, effect, peers, ports };
}

function readPorts(
  field: Field,
  fields: ReadonlyMap<string, Field>,
  effect: 'allow' | 'deny',
  refOf: RefOf,
): PortMatch[] | undefined {
  const toPorts = fields.get('toPorts');
  const icmps = fields.get('icmps');
  if (toPorts && icmps) return icmps.error('toPorts and icmps cannot be in one rule; make two rules of it');
  if (toPorts) return readToPorts(toPorts, effect, refOf);
  if (icmps) return readIcmps(icmps, refOf);
  return [{ ref: refOf(field), protocol: 'any', first: 0, last: 65535 }];
}
