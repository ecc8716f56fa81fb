/** One entry of the workloads file: its fields, each checked on its own. */

import { isIPv4, isIPv6 } from 'node:net';
import type { Node } from 'yaml';
import { addressSize, readAddress, writeAddress } from '../datapath/address-bytes.ts';
import type { Address, Labels } from '../identity/identity.ts';
import type { Field, WorkloadDocument } from './document.ts';
import type { Workload, WorkloadPlace } from './workload.ts';

/** A workload and where the things stand that no other workload may have. */
export interface Entry {
  readonly workload: Workload;
  readonly nameNode: Node;
  readonly claims: readonly Claim[];
}

/** `netns web`, `interface veth1`, `address 10.0.0.2`. */
export interface Claim {
  readonly what: string;
  readonly node: Node;
}

type Place = { readonly place: WorkloadPlace; readonly claims: readonly Claim[] };

const placeFields = ['netns', 'interface', 'addresses'] as const;
const known = ['name', 'namespace', 'labels', ...placeFields];

/** @returns nothing after an error, which the document then has. */
export function readEntry(document: WorkloadDocument, node: Node): Entry | undefined {
  const before = document.errors.length;
  const fields = document.fields(node, 'a workload');
  for (const { name, key } of fields) {
    if (!known.includes(name)) document.error(key, `unknown field ${name}; a workload has ${known.join(', ')}`);
  }
  const field = (name: string): Field | undefined => fields.find((one) => one.name === name);
  const name = readName(document, node, field('name'));
  const namespace = readNamespace(document, field('namespace'));
  const labels = readLabels(document, field('labels'));
  const place = readPlace(document, node, fields);
  if (document.errors.length > before || name === undefined || namespace === undefined || !place) return undefined;
  return {
    workload: { name, namespace, labels, place: place.place },
    nameNode: field('name')?.value ?? node,
    claims: place.claims,
  };
}

function readName(document: WorkloadDocument, node: Node, field: Field | undefined): string | undefined {
  if (!field) return document.error(node, 'the workload has no name; add `name: …`');
  const name = document.text(field);
  if (name === undefined || isLabelText(name, 253)) return name;
  const rule = 'it has at most 253 letters, digits, `-`, `_` and `.`, and begins and ends with a letter or digit';
  return document.error(field.value ?? node, `${quoted(name)} is not a name; ${rule}`);
}

/** RFC 1123 label, as Kubernetes asks for. */
function readNamespace(document: WorkloadDocument, field: Field | undefined): string | undefined {
  if (!field) return 'default';
  const name = document.text(field);
  if (name === undefined || (isLabelText(name, 63) && /^[a-z0-9-]+$/.test(name))) return name;
  const rule = 'it has at most 63 lower-case letters, digits and `-`, and begins and ends with a letter or digit';
  return document.error(field.value ?? field.key, `${quoted(name)} is not a namespace; ${rule}`);
}

/** Syntax of Kubernetes: key `[prefix/]name`, value empty or as a name; names have at most 63 characters. */
function readLabels(document: WorkloadDocument, field: Field | undefined): Labels {
  const labels = new Map<string, string>();
  if (!field) return labels;
  if (!field.value) {
    document.error(field.key, 'labels is empty; write `labels: {app: web}`, or leave it out');
    return labels;
  }
  for (const { name: key, key: keyNode, value: valueNode } of document.fields(field.value, 'labels')) {
    const value = document.textOf(valueNode ?? keyNode, valueNode, `label ${key}`);
    const [name = '', prefix, ...more] = key.split('/').reverse();
    if (more.length > 0 || !isLabelText(name, 63) || (prefix !== undefined && !isLabelPrefix(prefix))) {
      const rule = 'a key is `name` or `domain/name`, the name of at most 63 letters, digits, `-`, `_` and `.`';
      document.error(keyNode, `${quoted(key)} is not a label key; ${rule}`);
    } else if (value !== undefined && value !== '' && !isLabelText(value, 63)) {
      const rule =
        'a value has at most 63 letters, digits, `-`, `_` and `.`, and begins and ends with a letter or digit';
      document.error(valueNode ?? keyNode, `${quoted(value)} is not a value for label ${key}; ${rule}`);
    } else if (value !== undefined) {
      labels.set(key, value);
    }
  }
  return labels;
}

function isLabelText(text: string, most: number): boolean {
  return (
    text.length <= most && /^[A-Za-z0-9._-]+$/.test(text) && /^[A-Za-z0-9]/.test(text) && /[A-Za-z0-9]$/.test(text)
  );
}

function isLabelPrefix(text: string): boolean {
  return text.length <= 253 && text.split('.').every((part) => isLabelText(part, 63) && /^[a-z0-9-]+$/.test(part));
}

function readPlace(document: WorkloadDocument, node: Node, fields: readonly Field[]): Place | undefined {
  const [field, second] = fields.filter(({ name }) => placeFields.some((one) => one === name));
  if (!field) {
    return document.error(
      node,
      'the workload has no place; give its `netns`, the `interface` at its host side, or the `addresses` of a remote one',
    );
  }
  if (second) return document.error(second.key, `${second.name} stands beside ${field.name}; give only one of them`);
  if (field.name === 'addresses') return readAddresses(document, field);
  const text = document.text(field);
  if (text === undefined) return undefined;
  const value = field.value ?? field.key;
  const claims = [{ what: `${field.name} ${text}`, node: value }];
  if (field.name === 'netns') {
    if (isNetnsName(text)) return { place: { kind: 'netns', netns: text }, claims };
    const rule = 'give a name as `ip netns` shows it: letters, digits and `. _ + : @ -`, not beginning with `.` or `-`';
    return document.error(value, `${quoted(text)} is not the name of a network namespace; ${rule}`);
  }
  if (isInterfaceName(text)) return { place: { kind: 'interface', interfaceName: text }, claims };
  const rule = 'give a name as `ip link` shows it, at most 15 characters, without what follows an `@`';
  return document.error(value, `${quoted(text)} is not the name of an interface; ${rule}`);
}

/** A file of /run/netns; what could be taken for an option or leave that directory is none. */
function isNetnsName(text: string): boolean {
  return text.length <= 255 && /^[A-Za-z0-9_+:@][A-Za-z0-9._+:@-]*$/.test(text);
}

/** IFNAMSIZ, and less than the kernel's dev_valid_name() lets pass. */
function isInterfaceName(text: string): boolean {
  return text.length <= 15 && /^[A-Za-z0-9_+][A-Za-z0-9._+-]*$/.test(text);
}

function readAddresses(document: WorkloadDocument, field: Field): Place | undefined {
  const items = document.items(field);
  if (!items) return undefined;
  if (items.length === 0) return document.error(field.key, 'addresses has none; give at least one');
  const addresses: Address[] = [];
  const claims: Claim[] = [];
  for (const node of items) {
    const text = document.textOf(node, node, 'an address');
    const address = text === undefined ? undefined : readOne(document, node, text);
    if (address === undefined) continue;
    addresses.push(address);
    claims.push({ what: `address ${address}`, node });
  }
  return { place: { kind: 'remote', addresses }, claims };
}

function readOne(document: WorkloadDocument, node: Node, text: string): Address | undefined {
  if (text.includes('/')) {
    return document.error(node, `${text} is a prefix; give single addresses, and prefixes in policies (\`fromCIDR\`)`);
  }
  if (text.includes('%') || (!isIPv4(text) && !isIPv6(text))) {
    return document.error(node, `${quoted(text)} is not an IP address; write it as 192.0.2.1 or "2001:db8::1"`);
  }
  const bytes = new Uint8Array(addressSize);
  writeAddress(text, bytes, 0);
  const address = readAddress(bytes, 0);
  const special = specialKind(address, bytes);
  if (special === undefined) return address;
  return document.error(node, `${address} is ${special}, which no remote workload has; give one that can be routed`);
}

/** Addresses that name no single machine, or another one everywhere. */
function specialKind(address: Address, bytes: Uint8Array): string | undefined {
  const first = bytes[isIPv4(address) ? 12 : 0] ?? 0;
  const second = bytes[isIPv4(address) ? 13 : 1] ?? 0;
  if (isIPv4(address)) {
    if (first === 0) return 'an unspecified address';
    if (first === 127) return 'a loopback address';
    if (first === 169 && second === 254) return 'a link-local address';
    return first >= 224 ? 'a multicast or reserved address' : undefined;
  }
  if (address === '::') return 'an unspecified address';
  if (address === '::1') return 'a loopback address';
  if (first === 0xfe && second >= 0x80 && second < 0xc0) return 'a link-local address';
  return first === 0xff ? 'a multicast address' : undefined;
}

/** JSON's quoting also makes control characters visible. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
