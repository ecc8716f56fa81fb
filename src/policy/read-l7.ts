/** `rules` of a `toPorts` item. */

import { limits } from '../limits.ts';
import { type Field, quote } from './field.ts';
import { kafkaApi } from './kafka-apis.ts';
import type { L7Rules } from './policy.ts';
import { readHttpRule } from './read-http.ts';
import { all } from './read-peers.ts';
import type { RefOf } from './read-ports.ts';
import type { GrpcRule, KafkaRule } from './resolved.ts';

const unsupported = {
  dns: 'is not supported: names are not resolved here; allow the DNS server by address and port 53',
  l7proto: 'is not supported: parsers cannot be added; use http, grpc or kafka',
  l7: 'is not supported: parsers cannot be added; use http, grpc or kafka',
};

/** `'none'`: nothing is said about requests, so the port is allowed as a whole. */
export function readL7Rules(field: Field, refOf: RefOf): L7Rules | 'none' | undefined {
  const fields = field.fields(['http', 'grpc', 'kafka'], unsupported);
  if (!fields) return undefined;
  const kafkaField = fields.get('kafka');
  const other = fields.get('http') ?? fields.get('grpc');
  if (kafkaField && other) {
    return kafkaField.error(`kafka and ${other.name} rules cannot be on one port; make two rules with a port each`);
  }
  const http = list(fields.get('http'), (item) => readHttpRule(item, refOf));
  const grpc = list(fields.get('grpc'), (item) => readGrpcRule(item, refOf));
  const kafka = list(kafkaField, (item) => readKafkaRule(item, refOf));
  if (!http || !grpc || !kafka) return undefined;
  if (kafka.length > 0) return { kind: 'kafka', kafka };
  if (http.length + grpc.length > 0) return { kind: 'http', http, grpc };
  field.hint(`no rule is listed, so every request on the port is allowed; list one, or remove ${field.name}`);
  return 'none';
}

function list<Rule>(field: Field | undefined, read: (item: Field) => Rule | undefined): Rule[] | undefined {
  return field ? all(field.list(), read) : [];
}

/** Names as protobuf has them: dotted identifiers for a service, one identifier for a method. */
const grpcName = { service: /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, method: /^[A-Za-z_]\w*$/ };

function readGrpcRule(field: Field, refOf: RefOf): GrpcRule | undefined {
  const fields = field.fields(['service', 'method']);
  if (!fields) return undefined;
  const serviceField = fields.get('service');
  const methodField = fields.get('method');
  if (!serviceField) return field.error(`${field.name} needs service; for every call write an http rule`);
  const service = matching(serviceField, grpcName.service, 'package.Service, without slashes or patterns');
  const method = methodField && matching(methodField, grpcName.method, 'the name of one method, not a pattern');
  if (service === undefined || (methodField && method === undefined)) return undefined;
  return { ref: refOf(field), service, ...(method !== undefined && { method }) };
}

function matching(field: Field, pattern: RegExp, form: string): string | undefined {
  const text = field.string();
  if (text === undefined || (text.length <= limits.policyPatternLength && pattern.test(text))) return text;
  return field.error(`${quote(text)} is not a ${field.name}; write ${form}`);
}

const roles = ['produce', 'consume', 'describe', 'admin'] as const;
const kafkaFields = [
  'role',
  'apiKey',
  'apiVersion',
  'clientID',
  'topic',
  'topicPrefix',
  'group',
  'groupPrefix',
  'transactionalID',
  'transactionalIDPrefix',
] as const;
const kafkaStrings = ['clientID', 'group', 'groupPrefix', 'transactionalID', 'transactionalIDPrefix'] as const;

function readKafkaRule(field: Field, refOf: RefOf): KafkaRule | undefined {
  const fields = field.fields(kafkaFields);
  if (!fields || !isExclusive(fields)) return undefined;
  const roleField = fields.get('role');
  const apiField = fields.get('apiKey');
  const versionField = fields.get('apiVersion');
  const read: Record<string, string | number | undefined> = {
    role: roleField && readRole(roleField),
    apiKey: apiField && readApi(apiField),
    apiVersion: versionField?.number(0, 32767),
  };
  // Kafka's own bound on topic names is 249 characters of these.
  const topics = /^[a-zA-Z0-9._-]{1,249}$/;
  for (const name of ['topic', 'topicPrefix'] as const) {
    const one = fields.get(name);
    if (one) read[name] = matching(one, topics, 'letters, digits, ".", "_" and "-", at most 249; not a pattern');
  }
  for (const name of kafkaStrings) read[name] = fields.get(name)?.string();
  const given = kafkaFields.filter((name) => fields.has(name));
  if (given.some((name) => read[name] === undefined)) return undefined;
  return { ref: refOf(field), ...Object.fromEntries(given.map((name) => [name, read[name]])) };
}

function isExclusive(fields: ReadonlyMap<string, Field>): boolean {
  const pairs = [
    ['role', 'apiKey', 'a role is a set of API keys'],
    ['role', 'apiVersion', 'versions are those of one API key, so name it instead of a role'],
    ['topic', 'topicPrefix', 'make two rules of it'],
    ['group', 'groupPrefix', 'make two rules of it'],
    ['transactionalID', 'transactionalIDPrefix', 'make two rules of it'],
  ] as const;
  const wrong = pairs.filter(([one, other]) => fields.has(one) && fields.has(other));
  for (const [one, other, why] of wrong) fields.get(other)?.error(`${one} and ${other} exclude each other: ${why}`);
  return wrong.length === 0;
}

function readRole(field: Field): (typeof roles)[number] | undefined {
  const text = field.string();
  // Cilium takes roles and API keys in any case.
  const role = roles.find((one) => one === text?.toLowerCase());
  return text === undefined || role
    ? role
    : field.error(`${quote(text)} is not a role; it is one of ${roles.join(', ')}`);
}

function readApi(field: Field): string | undefined {
  const text = field.string();
  if (text === undefined) return undefined;
  const api = kafkaApi(text.toLowerCase());
  if (api === undefined) {
    return field.error(`${quote(text)} is not a Kafka API; write its name in the protocol, e.g. fetch or offsetcommit`);
  }
  if (api !== 'refused') return api;
  return field.error(
    `${quote(text)} is refused by the proxy whatever a rule says, because it is not judged; remove the rule`,
  );
}
