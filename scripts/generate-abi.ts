/**
 * Writes src/datapath/abi.generated.ts from the BTF of build/sluice.bpf.o: what bpf/abi.h declares, for TypeScript.
 *
 *     scripts/node scripts/generate-abi.ts           writes the file
 *     scripts/node scripts/generate-abi.ts --print   to standard output (the test compares)
 */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

interface Member {
  readonly name: string;
  readonly type_id: number;
  readonly bits_offset: number;
}

interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly type_id?: number;
  readonly nr_elems?: number;
  readonly members?: readonly Member[];
  readonly values?: readonly { readonly name: string; readonly val: number }[];
}

const structs = [
  'flow_key',
  'conn',
  'endpoint',
  'prefix_key',
  'policy_key',
  'policy_entry',
  'settings',
  'counter',
  'event',
  'stream_side',
  'stream',
  'steering',
  'expiring',
  'takeover',
  'judged_request',
  'judged_response',
  'rule_key',
  'rule_counter',
] as const;
const enums = [
  'direction',
  'verdict',
  'reason',
  'conn_state',
  'bound',
  'stream_mode',
  'option',
  'doubt',
  'command',
  'steered',
  'record_kind',
  'loss',
] as const;
/** What the members of an enum begin with, where it is not the enum's own name. */
const prefixes: Readonly<Record<string, string>> = { conn_state: 'conn', stream_mode: 'stream', record_kind: 'record' };

const root = new URL('..', import.meta.url);
const output = new URL('src/datapath/abi.generated.ts', root);
const text = generate();
if (process.argv.includes('--print')) process.stdout.write(text);
else writeFileSync(output, text);

function generate(): string {
  const object = new URL('build/sluice.bpf.o', root).pathname;
  const dump = execFileSync('bpftool', ['--json', 'btf', 'dump', 'file', object], { encoding: 'utf8' });
  const { types } = JSON.parse(dump) as { types: readonly BtfType[] };
  const byId = new Map(types.map((type) => [type.id, type]));
  return [
    '/** Made by scripts/generate-abi.ts from the BTF of the BPF object (bpf/abi.h). Do not edit. */\n',
    '/** A field: byte offset in its struct, size in bytes. */',
    'export interface Field {\n  readonly offset: number;\n  readonly size: number;\n}\n',
    ...structs.map((name) => structText(named(types, 'STRUCT', name), byId)),
    ...enums.map((name) => enumText(named(types, 'ENUM', name))),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

function named(types: readonly BtfType[], kind: string, name: string): BtfType {
  const found = types.find((type) => type.kind === kind && type.name === name);
  if (!found) throw new Error(`the object's BTF has no ${kind.toLowerCase()} ${name}; is bpf/abi.h in use?`);
  return found;
}

function structText(type: BtfType, byId: ReadonlyMap<number, BtfType>): string {
  const fields = (type.members ?? [])
    .filter(({ name }) => name !== 'pad')
    .map((member) => `  ${member.name}: { offset: ${member.bits_offset / 8}, size: ${sizeOf(member.type_id, byId)} },`);
  return `export const ${type.name} = {\n  size: ${type.size},\n${fields.join('\n')}\n} as const;\n`;
}

function sizeOf(id: number, byId: ReadonlyMap<number, BtfType>): number {
  const type = byId.get(id);
  if (!type) throw new Error(`BTF type ${id} is missing`);
  if (type.kind === 'ARRAY') return (type.nr_elems ?? 0) * sizeOf(type.type_id ?? 0, byId);
  if (type.size !== undefined) return type.size;
  return sizeOf(type.type_id ?? 0, byId);
}

/** Members without the name they have in common, in lower case: REASON_NO_RULE is `reason.no_rule`. */
function enumText(type: BtfType): string {
  const prefix = `${prefixes[type.name] ?? type.name}_`;
  const lines = (type.values ?? []).map(({ name, val }) => `  ${name.toLowerCase().slice(prefix.length)}: ${val},`);
  return `export const ${type.name} = {\n${lines.join('\n')}\n} as const;\n`;
}
