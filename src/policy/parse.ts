/** The text of a policy file, possibly of several documents, as policies. */

import { type Document, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import { limits } from '../limits.ts';
import type { PolicyDiagnostic } from './diagnostic.ts';
import { Field, FieldSource, placeName } from './field.ts';
import { type Policy, type PolicySpec, policyKey } from './policy.ts';
import { readSpec } from './read-spec.ts';

export interface ParsedPolicies {
  /** Those without an error. */
  readonly policies: readonly Policy[];
  readonly diagnostics: readonly PolicyDiagnostic[];
  /** What they name beside themselves (`secretFile`), there or not, errors or not: they change with these. */
  readonly files: readonly string[];
}

/** Where a policy says whether it is enforced or only reports: our own extension, so it stands in an annotation. */
export const enforcementAnnotation = 'sluice.io/enforcement';

const kinds = ['CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy'] as const;

/** What the API server of Kubernetes adds to an object that is read back; says nothing about what is allowed. */
const bookkeeping = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'ownerReferences',
  'finalizers',
  'selfLink',
];

/** Never throws. Reads nothing but the files that `secretFile` names. */
export function parsePolicies(file: string, text: string): ParsedPolicies {
  try {
    return parseDocuments(file, text);
  } catch (error) {
    // The YAML parser recurses; a file of brackets ends its stack.
    if (!(error instanceof RangeError)) throw error;
    const message = `not readable as YAML, because it is nested too deeply (${error.message}); write it flatter`;
    return { policies: [], diagnostics: [{ file, line: 1, column: 1, severity: 'error', message }], files: [] };
  }
}

function parseDocuments(file: string, text: string): ParsedPolicies {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const diagnostics: PolicyDiagnostic[] = [];
  const policies: Policy[] = [];
  const files: string[] = [];
  // For a text without any document the parser returns an empty document that is no array.
  for (const document of Array.isArray(documents) ? documents : []) {
    const source = new FieldSource(file, document, lines);
    reportSyntax(document, lines, source);
    if (!source.hasErrors && !isEmpty(document)) {
      const policy = readPolicy(source, document);
      if (policy && !source.hasErrors) policies.push(policy);
    }
    for (const diagnostic of source.diagnostics) diagnostics.push(diagnostic);
    for (const named of source.files) files.push(named);
  }
  return { policies, diagnostics, files };
}

function isEmpty({ contents }: Document): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

/** The first only: what follows a mistake of this kind is rarely one of its own. */
function reportSyntax(document: Document, lines: LineCounter, source: FieldSource): void {
  const first = document.errors[0] ?? document.warnings[0];
  if (!first) return;
  const { line, col } = lines.linePos(first.pos[0]);
  // The place is 0:0 for an empty text.
  source.report(
    'error',
    { line: Math.max(line, 1), column: Math.max(col, 1) },
    `not well-formed YAML: ${first.message}`,
  );
}

function readPolicy(source: FieldSource, document: Document): Policy | undefined {
  const root = new Field(source, document.contents, 'the policy', '', { line: 1, column: 1 });
  const fields = root.fields(['apiVersion', 'kind', 'metadata', 'spec', 'specs', 'status']);
  if (!fields) return undefined;
  fields.get('apiVersion')?.choice(['cilium.io/v2']);
  const kind = fields.get('kind')?.choice(kinds);
  const metadata = fields.get('metadata');
  for (const name of ['apiVersion', 'kind', 'metadata']) if (!fields.has(name)) root.error(`the policy needs ${name}`);
  if (kind === undefined || !metadata) return undefined;
  const head = readMetadata(metadata, kind);
  if (!head) return undefined;
  const specs = readSpecs(root, fields, head);
  return specs && { ...head, kind, file: source.file, specs, positions: source.positions };
}

type PolicyHead = Pick<Policy, 'namespace' | 'name' | 'audit' | 'position'>;

function readMetadata(field: Field, kind: Policy['kind']): PolicyHead | undefined {
  const fields = field.fields(['name', 'namespace', 'labels', 'annotations', ...bookkeeping], {
    generateName: 'is not supported: a policy is known by its name; give it one',
  });
  if (!fields) return undefined;
  const nameField = fields.get('name');
  const namespaceField = fields.get('namespace');
  if (!nameField) return field.error('metadata needs name');
  if (namespaceField && kind !== 'CiliumNetworkPolicy') {
    return namespaceField.error(`${kind} has no namespace; remove it, or use CiliumNetworkPolicy`);
  }
  const name = readName(nameField, 253, /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
  const given = namespaceField && readName(namespaceField, 63, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  const audit = readEnforcement(fields.get('annotations'));
  if (name === undefined || audit === undefined || (namespaceField && given === undefined)) return undefined;
  const namespace = kind === 'CiliumNetworkPolicy' ? (given ?? 'default') : '';
  return { namespace, name, audit, position: nameField.position };
}

/** RFC 1123 labels and subdomains, as Kubernetes has them: nothing that could be mistaken in a record or a path. */
function readName(field: Field, length: number, form: RegExp): string | undefined {
  const text = field.string();
  if (text === undefined || (text.length <= length && form.test(text))) return text;
  return field.error(
    `${field.name} has at most ${length} lower-case letters, digits and "-", with one of the first at each end`,
  );
}

function readEnforcement(annotations: Field | undefined): boolean | undefined {
  const entries = annotations?.entries();
  if (annotations && !entries) return undefined;
  for (const [name, { field }] of entries ?? []) {
    if (name === enforcementAnnotation) {
      const mode = field.choice(['enforce', 'audit']);
      return mode && mode === 'audit';
    }
    // Anything else below our own domain is a typing mistake, and one that would turn reporting into blocking.
    if (name.startsWith('sluice.io/'))
      return field.error(`the only annotation is ${enforcementAnnotation}: enforce or audit`);
  }
  return false;
}

function readSpecs(root: Field, fields: ReadonlyMap<string, Field>, head: PolicyHead): PolicySpec[] | undefined {
  const single = fields.get('spec');
  const several = fields.get('specs');
  if (!single && !several) return root.error('the policy needs spec or specs');
  const items = [...(single ? [single] : []), ...(several?.filledList('list at least one spec') ?? [])];
  const policy = policyKey(head);
  const refOf = ({ path, position, file }: Field) => ({
    policy,
    rule: placeName(path),
    file,
    line: position.line,
  });
  const specs = items.map((item) => readSpec(item, head.namespace === '' ? undefined : head.namespace, refOf));
  const read = specs.filter((spec) => spec !== undefined);
  const rules = read.reduce((sum, spec) => sum + spec.rules.length, 0);
  if (rules > limits.policyRules) {
    return root.error(`the policy has ${rules} rules; one policy has at most ${limits.policyRules}, so split it`);
  }
  return read.length === specs.length ? read : undefined;
}
