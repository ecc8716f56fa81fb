import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { limits } from '../../../src/limits.ts';
import { formatDiagnostic } from '../../../src/policy/diagnostic.ts';
import { loadWorkloads, readWorkloads } from '../../../src/workload/file.ts';

/** One workload with these lines below its `- name: web`. */
function file(...lines: string[]): string {
  return ['workloads:', '  - name: web', ...lines.map((line) => `    ${line}`), ''].join('\n');
}

function errorsOf(text: string): string[] {
  const { workloads, diagnostics } = readWorkloads('w.yaml', text);
  if (diagnostics.length > 0) assert.deepEqual(workloads, [], 'a file with an error is not in force');
  return diagnostics.map(formatDiagnostic);
}

test('reads every kind of place', () => {
  const { workloads, diagnostics } = readWorkloads(
    'w.yaml',
    `workloads:
  - name: web
    labels: {app: web, example.com/tier: "1", empty: ""}
    netns: web
  - {name: db, namespace: prod, interface: veth1a.b}
  - name: web
    namespace: prod
    addresses: [10.0.0.2, "FD00:0:0::2", "::ffff:192.0.2.1"]
`,
  );
  assert.deepEqual(diagnostics, []);
  const labels = new Map([
    ['app', 'web'],
    ['example.com/tier', '1'],
    ['empty', ''],
  ]);
  assert.deepEqual(workloads, [
    { name: 'web', namespace: 'default', labels, place: { kind: 'netns', netns: 'web' } },
    { name: 'db', namespace: 'prod', labels: new Map(), place: { kind: 'interface', interfaceName: 'veth1a.b' } },
    {
      name: 'web',
      namespace: 'prod',
      labels: new Map(),
      place: { kind: 'remote', addresses: ['10.0.0.2', 'fd00::2', '192.0.2.1'] },
    },
  ]);
});

test('no workloads at all is a file, too', () => {
  assert.deepEqual(readWorkloads('w.yaml', 'workloads: []\n'), { workloads: [], diagnostics: [] });
});

const netns = 'netns: web';
const refused: readonly [name: string, text: string, ...errors: RegExp[]][] = [
  ['syntax', 'workloads: [', /^w\.yaml:1:13: /],
  ['a tab', 'workloads:\n\t- name: web\n', /^w\.yaml:2:1: /],
  ['an unknown tag', file('netns: !secret web'), /^w\.yaml:3:12: .*secret/],
  ['a second document', `${file(netns)}---\nworkloads: []\n`, /second document/],
  ['nothing', '', /^w\.yaml:1:1: .*empty/],
  ['a comment only', '# none\n', /^w\.yaml:\d+:1: .*empty/],
  ['a list', '- name: web\n', /^w\.yaml:1:1: the file is a list/],
  ['another field at the top', 'workload: []\n', /^w\.yaml:1:1: unknown field workload/],
  ['an empty field', 'workloads:\n', /^w\.yaml:1:1\d: workloads is empty/],
  ['a text for a workload', 'workloads: [web]\n', /^w\.yaml:1:13: a workload is a text/, /no name/, /no place/],
  ['an unknown field', file('nets: web'), /^w\.yaml:3:5: unknown field nets/, /^w\.yaml:2:5: .*no place/],
  ['a field twice', file(netns, netns), /^w\.yaml:4:5: .*unique/],
  ['no name', 'workloads:\n  - netns: web\n', /^w\.yaml:2:5: .*no name/],
  ['a number for a name', 'workloads: [{name: 7, netns: a}]', /^w\.yaml:1:20: name is a number.*"7"/],
  ['a name with a space', 'workloads: [{name: a b, netns: a}]', /^w\.yaml:1:20: "a b" is not a name/],
  ['an upper-case namespace', file('namespace: Prod', netns), /^w\.yaml:3:16: "Prod" is not a namespace/],
  ['an empty namespace', file('namespace:', netns), /^w\.yaml:3:15: namespace is empty/],
  ['a boolean label', file('labels: {on: true}', netns), /^w\.yaml:3:18: label on is a boolean.*"true"/],
  ['a bad label value', file('labels: {app: "a b"}', netns), /^w\.yaml:3:19: "a b" is not a value for label app/],
  ['a long label value', file(`labels: {app: ${'a'.repeat(64)}}`, netns), /not a value/],
  ['a bad label key', file('labels: {a/b/c: x}', netns), /^w\.yaml:3:14: "a\/b\/c" is not a label key/],
  ['a label prefix that is no domain', file('labels: {Ex/b: x}', netns), /not a label key/],
  ['a number for a label key', file('labels: {1: x}', netns), /^w\.yaml:3:14: a field name of labels/],
  ['an alias', file('labels: &l {app: web}', netns, 'namespace: *l'), /^w\.yaml:5:16: .*alias/],
  ['no place', file('labels: {}'), /^w\.yaml:2:5: .*no place/],
  ['two places', file(netns, 'interface: veth0'), /^w\.yaml:4:5: interface stands beside netns/],
  [
    'addresses beside an interface',
    file('interface: veth0', 'addresses: [10.0.0.1]'),
    /^w\.yaml:4:5: addresses stands/,
  ],
  ['a namespace elsewhere', file('netns: ../x'), /^w\.yaml:3:12: "\.\.\/x" is not the name of a network namespace/],
  ['a namespace like an option', file('netns: -all'), /not the name of a network namespace/],
  ['a path', file('netns: /run/netns/web'), /not the name of a network namespace/],
  ['a long interface name', file('interface: veth0123456789abc'), /^w\.yaml:3:16: .*at most 15/],
  ['an interface with its peer', file('interface: veth0@if2'), /without what follows/],
  ['no addresses', file('addresses: []'), /^w\.yaml:3:5: addresses has none/],
  ['one address without a list', file('addresses: 10.0.0.1'), /^w\.yaml:3:16: addresses is a text/],
  ['a bad address', file('addresses: [300.0.0.1]'), /^w\.yaml:3:17: "300\.0\.0\.1" is not an IP address/],
  ['an address with a zone', file('addresses: ["fe80::1%eth0"]'), /not an IP address/],
  ['a prefix', file('addresses: [10.0.0.0/8]'), /fromCIDR/],
  ['a loopback address', file('addresses: [127.1.2.3]'), /loopback/],
  ['the unspecified address', file('addresses: ["::"]'), /unspecified/],
  ['a link-local address', file('addresses: ["fe90::1"]'), /link-local/],
  ['a multicast address', file('addresses: [224.0.0.1]'), /multicast/],
  ['an address twice', file('addresses: ["fd00::1", "fd00:0::1"]'), /^w\.yaml:3:28: address fd00::1 belongs/],
  ['two with one name', `${file(netns)}  - {name: web, netns: b}\n`, /^w\.yaml:4:12: .*default\/web already/],
  [
    'two in one namespace',
    `${file(netns)}  - {name: b, netns: web}\n`,
    /^w\.yaml:4:22: netns web belongs.*default\/web/,
  ],
  [
    'two at one address',
    `${file('addresses: [192.0.2.1]')}  - {name: b, addresses: ["::ffff:192.0.2.1"]}\n`,
    /^w\.yaml:4:27: address 192\.0\.2\.1 belongs to workload default\/web/,
  ],
];
for (const [name, text, ...expected] of refused) {
  test(`refuses ${name}`, () => {
    const errors = errorsOf(text);
    assert.equal(errors.length, expected.length, errors.join('\n'));
    expected.forEach((pattern, at) => {
      assert.match(errors[at] ?? '', pattern);
    });
  });
}

test('says why a file cannot be read', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-workloads-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const written = (name: string, content: Uint8Array | string): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const cases: [string, RegExp][] = [
    [join(directory, 'absent'), /absent:1:1: there is no such file; give --workloads/],
    [directory, /:1:1: the file cannot be read \(EISDIR\); give/],
    [written('latin1', Uint8Array.of(0x23, 0xe9, 0x0a)), /latin1:1:1: the file is not UTF-8/],
    [written('large', 'x'.repeat(limits.workloadsFileBytes + 1)), /large:1:1: the file has \d+ bytes/],
  ];
  for (const [file, expected] of cases) {
    const { workloads, diagnostics } = loadWorkloads(file);
    assert.deepEqual(workloads, []);
    assert.match(diagnostics.map(formatDiagnostic).join('\n'), expected);
  }
});
