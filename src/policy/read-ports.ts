/** `toPorts` and `icmps`: the protocols, ports and L7 rules of a rule. */

import { limits } from '../limits.ts';
import type { Field } from './field.ts';
import { icmpType } from './icmp-types.ts';
import type { L7Rules, PortMatch } from './policy.ts';
import { readL7Rules } from './read-l7.ts';
import { all } from './read-peers.ts';
import type { RuleRef } from './resolved.ts';

const protocols = { TCP: [6], UDP: [17], SCTP: [132], ANY: [6, 17, 132] } as const;
const protocolNames = ['TCP', 'UDP', 'SCTP', 'ANY'] as const;

const unsupported = {
  serverNames: 'is not supported: TLS is not opened; allow the port without it, or the peer by address',
  terminatingTLS: 'is not supported: TLS is not opened; remove it, and the Layer-7 rules beside it',
  originatingTLS: 'is not supported: TLS is not opened; remove it',
  listener: 'is not supported: there are no Envoy listeners here; use rules instead',
};

/** What makes the place of a rule inside its policy; bound to the policy's name and file. */
export type RefOf = (field: Field) => RuleRef;

interface Ports {
  readonly protocol: (typeof protocolNames)[number];
  readonly first: number;
  readonly last: number;
}

export function readToPorts(field: Field, effect: 'allow' | 'deny', refOf: RefOf): PortMatch[] | undefined {
  const items = field.filledList('leave toPorts out to mean every port');
  return all(items, (item) => readPortRule(item, effect, refOf))?.flat();
}

function readPortRule(field: Field, effect: 'allow' | 'deny', refOf: RefOf): PortMatch[] | undefined {
  const fields = field.fields(['ports', 'rules'], unsupported);
  if (!fields) return undefined;
  const portsField = fields.get('ports');
  if (!portsField) return field.error(`${field.name} needs ports`);
  const items = portsField.filledList('list the ports, or leave toPorts out to mean every port');
  if (items && items.length > limits.policyPorts) {
    return portsField.error(`more than ${limits.policyPorts} ports in one list; split it into several rules`);
  }
  const ports = all(items, readPort);
  const rulesField = fields.get('rules');
  if (rulesField && effect === 'deny') {
    return rulesField.error(
      'a deny rule decides by peer and port only, because a request can be written in too many ways to be named by ' +
        'what it must not be; allow the wanted requests instead',
    );
  }
  const rules = rulesField ? readL7Rules(rulesField, refOf) : 'none';
  if (!ports || rules === undefined) return undefined;
  const l7 = rules === 'none' ? undefined : rules;
  if (l7 && !ports.every((port, i) => isFitForL7(port, l7, items?.[i] ?? field))) return undefined;
  const ref = refOf(field);
  return ports.flatMap(({ protocol, first, last }) =>
    protocols[protocol].map((number) => ({ ref, protocol: number, first, last, ...(l7 && { l7 }) })),
  );
}

function readPort(field: Field): Ports | undefined {
  const fields = field.fields(['port', 'endPort', 'protocol']);
  if (!fields) return undefined;
  const portField = fields.get('port');
  const endField = fields.get('endPort');
  const protocolField = fields.get('protocol');
  if (!portField && endField) return endField.error('endPort needs port, the first of the range');
  if (portField && !portField.isNumeric() && portField.string() !== undefined) {
    return portField.error('ports are not known by name here; write the number');
  }
  const first = portField ? portField.number(0, 65535) : 0;
  const end = endField ? endField.number(0, 65535) : first;
  const protocol = protocolField ? protocolField.choice(protocolNames) : 'ANY';
  if (first === undefined || end === undefined || protocol === undefined) return undefined;
  if (first === 0) {
    if (endField && end !== 0) return endField.error('a range starts at port 1 or above; port 0 means every port');
    return { protocol, first: 0, last: 65535 };
  }
  // Cilium takes 0 as "not given".
  if (end !== 0 && end < first) return endField?.error(`endPort ${end} is below port ${first}; exchange them`);
  return { protocol, first, last: end === 0 ? first : end };
}

function isFitForL7({ protocol, first }: Ports, { kind }: L7Rules, field: Field): boolean {
  if (protocol !== 'TCP') {
    field.error(`${kind} rules need protocol: TCP, and this is ${protocol}; write it, or remove the rules`);
  } else if (first === 0) {
    field.error(`${kind} rules need a port: most of what uses every port does not speak ${kind}`);
  } else {
    return true;
  }
  return false;
}

export function readIcmps(field: Field, refOf: RefOf): PortMatch[] | undefined {
  const items = field.filledList('leave icmps out, or list its fields');
  const lists = all(items, (item) => {
    const fields = item.fields(['fields']);
    const list = fields?.get('fields');
    if (fields && !list) item.error(`${item.name} needs fields`);
    const types = list?.filledList('list at least one type');
    if (list && types && types.length > limits.policyPorts) {
      return list.error(`more than ${limits.policyPorts} types in one list; split it into several rules`);
    }
    return all(types, readIcmpType);
  });
  return lists?.flat().map(({ protocol, type }) => ({ ref: refOf(field), protocol, first: type, last: type }));
}

function readIcmpType(field: Field): { readonly protocol: number; readonly type: number } | undefined {
  const fields = field.fields(['family', 'type']);
  if (!fields) return undefined;
  const typeField = fields.get('type');
  if (!typeField) return field.error(`${field.name} needs type`);
  const family = fields.has('family') ? fields.get('family')?.choice(['IPv4', 'IPv6']) : 'IPv4';
  if (family === undefined) return undefined;
  const protocol = family === 'IPv4' ? 1 : 58;
  if (typeField.isNumeric()) {
    const type = typeField.number(0, 255);
    return type === undefined ? undefined : { protocol, type };
  }
  const name = typeField.string();
  if (name === undefined) return undefined;
  const type = icmpType(family, name);
  if (type === undefined) return typeField.error(`${family} has no ICMP type of this name; write its number`);
  return { protocol, type };
}
