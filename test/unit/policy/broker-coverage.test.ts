/** Whether the policy covers a broker that a server names: by address, port, direction and rules. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address, Port } from '../../../src/identity/identity.ts';
import { type Coverage, coverageOf, type EndAt } from '../../../src/policy/broker-coverage.ts';
import { client, member, parsed, policyText, Scene, server } from './scene.ts';

const brokers = [
  server,
  member('server', '10.0.0.4', { key: 'default/server-2' }),
  member('server', 'fd00::4', { key: 'default/server-3' }),
];
const away = member('away', '10.0.9.1', { local: false });
const members = [...brokers, client, away];

function endsOf(scene: Scene): EndAt {
  return (address) => {
    const identity = scene.identity(address);
    const one = members.find(({ addresses, local }) => local && addresses.includes(address));
    const policy = one && scene.resolved.endpoints.find((p) => p.endpoint === scene.resolver.endpointId(one.key));
    const isKnown = identity.kind === 'workload' || (identity.kind === 'reserved' && identity.name === 'host');
    return { identity: identity.id, isKnown, ...(policy && { policy }) };
  };
}

const toPorts = (ports: string, rules = '{role: produce, topic: t}') => {
  const list = ports.split(',').map((range) => {
    const [first, last = first] = range.split('-');
    return `{port: "${first}", endPort: ${last}, protocol: TCP}`;
  });
  return `toPorts: [{ports: [${list.join(', ')}], rules: {kafka: [${rules}]}}]`;
};
const ingress = (ports: string, rules?: string, name = 'ingress') =>
  policyText(`ingress: [{fromEndpoints: [{matchLabels: {app: client}}], ${toPorts(ports, rules)}}]`, { name });
const egress = (ports: string, more = '') =>
  policyText(`egress: [{toEndpoints: [{matchLabels: {app: server}}], ${toPorts(ports)}}${more}]`, {
    name: 'egress',
    subject: '{app: client}',
  });
const open = (port: string) =>
  policyText(`ingress: [{toPorts: [{ports: [{port: "${port}", protocol: TCP}]}]}]`, { name: 'open' });

function covered(direction: 'ingress' | 'egress', texts: readonly string[], address: string, port = 9092) {
  const scene = new Scene(parsed(...texts), members);
  const naming = {
    direction,
    client: client.addresses[0] as Address,
    server: { address: server.addresses[0] as Address, port: 9092 as Port },
  };
  return coverageOf(naming, address as Address, port, endsOf(scene));
}

const cases: readonly [string, 'ingress' | 'egress', readonly string[], string, number, Coverage | undefined][] = [
  ['the server itself', 'ingress', [ingress('9092')], '10.0.0.1', 9092, 'ruled'],
  ['another broker with the labels, IPv4', 'ingress', [ingress('9092')], '10.0.0.4', 9092, 'ruled'],
  ['another broker with the labels, IPv6', 'ingress', [ingress('9092')], 'fd00::4', 9092, 'ruled'],
  ['another listener that no rule names', 'ingress', [ingress('9092')], '10.0.0.4', 9094, 'denied'],
  ['another listener that an allow opens', 'ingress', [ingress('9092'), open('9094')], '10.0.0.4', 9094, 'open'],
  ['another listener, named by the rule', 'ingress', [ingress('9092,9094')], 'fd00::4', 9094, 'ruled'],
  ['any listener, by a range', 'ingress', [ingress('1024-65535')], 'fd00::4', 65_000, 'ruled'],
  ['a broker on another node', 'ingress', [ingress('9092')], '10.0.9.1', 9092, 'elsewhere'],
  ['a broker that nobody knows', 'ingress', [ingress('9092')], '192.0.2.1', 9092, 'open'],
  ["the client's own address", 'ingress', [ingress('9092')], '10.0.0.2', 9092, 'ruled'],
  ['a connection without rules', 'ingress', [open('9092')], '10.0.0.4', 9092, undefined],
  ['other rules', 'ingress', [ingress('9092'), ingress('9095', '{}', 'wide')], '10.0.0.4', 9095, 'other-rules'],
  [
    'the same rules, written again',
    'ingress',
    [ingress('9092'), ingress('9095', undefined, 'b')],
    'fd00::4',
    9095,
    'ruled',
  ],
  ['egress, selected', 'egress', [egress('9092')], 'fd00::4', 9092, 'ruled'],
  ['egress, not selected', 'egress', [egress('9092')], '192.0.2.1', 9092, 'denied'],
  ['egress, an allow beside', 'egress', [egress('9092', ', {toCIDR: [192.0.2.0/24]}')], '192.0.2.1', 9092, 'open'],
  [
    'an allow here, rules at the other end',
    'egress',
    [egress('9092', ', {toPorts: [{ports: [{port: "9094"}]}]}'), ingress('9092,9094')],
    '10.0.0.4',
    9094,
    'ruled',
  ],
];

for (const [name, direction, texts, address, port, expected] of cases) {
  test(name, () => assert.equal(covered(direction, texts, address, port), expected));
}
