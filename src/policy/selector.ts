/** Label selectors: reading them, and asking what they select. Kubernetes' semantics of matchLabels and matchExpressions. */

import type { Labels } from '../identity/identity.ts';
import { type Field, quote } from './field.ts';
import type { Requirement, Selector } from './policy.ts';

/** The label under which selectors see a workload's namespace. */
export const namespaceLabel = 'io.kubernetes.pod.namespace';

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

export interface Labelled {
  readonly namespace: string;
  readonly labels: Labels;
}

export function selectorOf(requirements: readonly Requirement[]): Selector {
  const parts = requirements.map(({ label, operator, values }) =>
    JSON.stringify([label, operator, [...values].sort()]),
  );
  return { requirements, key: [...new Set(parts)].sort().join() };
}

export function selects(selector: Selector, labelled: Labelled): boolean {
  return selector.requirements.every((requirement) => holds(requirement, labelled));
}

function holds({ label, operator, values }: Requirement, { namespace, labels }: Labelled): boolean {
  // The namespace is where the workload is, never what a label of its own claims.
  const value = label === namespaceLabel ? namespace : labels.get(label);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/** `endpointSelector`: within `namespace` whatever else it says, so that a policy never reaches out of its own. */
export function readSubject(field: Field, namespace: string | undefined): Selector | undefined {
  const requirements = readRequirements(field);
  if (!requirements) return undefined;
  if (namespace === undefined) return selectorOf(requirements);
  const own: Requirement = { label: namespaceLabel, operator: 'In', values: [namespace] };
  const elsewhere = requirements.find(({ label, operator, values }) => {
    return label === namespaceLabel && operator === 'In' && !values.includes(namespace);
  });
  if (elsewhere) {
    const there = elsewhere.values.join(', ');
    return field.error(
      `a policy of the namespace ${namespace} selects endpoints of its own namespace only, not of ${there}; ` +
        `set metadata.namespace, or use the kind CiliumClusterwideNetworkPolicy`,
    );
  }
  return selectorOf([...requirements, own]);
}

/** An item of `fromEndpoints` or `toEndpoints`: in `namespace`, unless it says something about the namespace itself. */
export function readPeerSelector(field: Field, namespace: string | undefined): Selector | undefined {
  const requirements = readRequirements(field);
  if (!requirements) return undefined;
  if (namespace === undefined || requirements.some(({ label }) => label === namespaceLabel)) {
    return selectorOf(requirements);
  }
  return selectorOf([...requirements, { label: namespaceLabel, operator: 'In', values: [namespace] }]);
}

function readRequirements(field: Field): Requirement[] | undefined {
  const fields = field.fields(['matchLabels', 'matchExpressions']);
  if (!fields) return undefined;
  const requirements: (Requirement | undefined)[] = [];
  for (const [name, { field: value }] of fields.get('matchLabels')?.entries() ?? []) {
    const label = readLabel(value, name);
    const text = value.text();
    requirements.push(
      label === undefined || text === undefined ? undefined : { label, operator: 'In', values: [text] },
    );
  }
  for (const expression of fields.get('matchExpressions')?.list() ?? []) requirements.push(readExpression(expression));
  const read = requirements.filter((requirement) => requirement !== undefined);
  return read.length === requirements.length ? read : undefined;
}

function readExpression(field: Field): Requirement | undefined {
  const fields = field.fields(['key', 'operator', 'values']);
  const key = fields?.get('key');
  const operatorField = fields?.get('operator');
  if (!fields) return undefined;
  if (!key || !operatorField) return field.error(`${field.name} needs key and operator`);
  const name = key.string();
  const label = name === undefined ? undefined : readLabel(key, name);
  const operator = operatorField.choice(operators);
  const valuesField = fields.get('values');
  const values = valuesField?.list()?.map((value) => value.text());
  if (label === undefined || operator === undefined || values?.includes(undefined)) return undefined;
  const needed = operator === 'In' || operator === 'NotIn';
  if (needed && (values === undefined || values.length === 0)) {
    return operatorField.error(`${operator} needs values; list at least one, or use Exists or DoesNotExist`);
  }
  if (!needed && values !== undefined && values.length > 0) {
    return valuesField?.error(`${operator} takes no values; remove them, or use In or NotIn`);
  }
  return { label, operator, values: (values ?? []).filter((value) => value !== undefined) };
}

/** A label's name without the source that Cilium allows before it. */
function readLabel(field: Field, name: string): string | undefined {
  const colon = name.indexOf(':');
  const source = colon === -1 ? 'any' : name.slice(0, colon);
  const label = name.slice(colon + 1);
  if (source === 'reserved' || (colon === -1 && name.startsWith('reserved.'))) {
    return field.error(`reserved labels cannot be selected; name host, world or all in fromEntities or toEntities`);
  }
  if (source !== 'k8s' && source !== 'any') {
    return field.error(`the label source ${quote(source)} is not supported; write k8s:${label} or only ${label}`);
  }
  if (label.startsWith('io.cilium.k8s.namespace.labels.')) {
    return field.error(`labels of namespaces are not known here; select the namespace itself by ${namespaceLabel}`);
  }
  return label === '' ? field.error('a label needs a name after its source') : label;
}
