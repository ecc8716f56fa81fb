/** What a file may say, and what is said about one that may not: place, cause, next step. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { limits } from '../../../src/limits.ts';
import { formatDiagnostic } from '../../../src/policy/diagnostic.ts';
import { parsePolicies } from '../../../src/policy/parse.ts';
import { errorsOf, parsed, policyText } from './scene.ts';

const http = (rule: string) =>
  policyText(
    `ingress:\n  - toPorts:\n      - ports: [{port: 80, protocol: TCP}]\n        rules:\n          http:\n            - ${rule}`,
  );
const kafka = (rule: string) =>
  policyText(`ingress: [{toPorts: [{ports: [{port: 9092, protocol: TCP}], rules: {kafka: [${rule}]}}]}]`);
const ingress = (rule: string) => policyText(`ingress: [${rule}]`);
const egress = (rule: string) => policyText(`egress: [${rule}]`);

test('reads every field that is supported', () => {
  const [policy] = parsed(`apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: all.fields
  namespace: prod
  labels: {team: a}
  annotations: {sluice.io/enforcement: enforce, example.com/other: x}
  uid: 1-2
  creationTimestamp: "2026-01-01T00:00:00Z"
specs:
  - description: first
    labels: [{key: a, value: b}]
    endpointSelector: {}
    enableDefaultDeny: {ingress: true, egress: false}
    ingress:
      - fromCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]
        toPorts:
          - ports: [{port: "8080", endPort: 8090, protocol: TCP}]
            rules:
              http:
                - method: GET
                  path: /a
                  host: a\\.example
                  headers: ["X-A: 1: 2", X-B]
                  headerMatches: [{name: X-C, value: c, mismatch: REPLACE}, {name: X-D}]
              grpc: [{service: a.B, method: C}, {service: D}]
          - ports: [{port: 9092, protocol: TCP}]
            rules:
              kafka:
                - {role: Produce, topicPrefix: log., transactionalIDPrefix: t, clientID: c}
                - {apiKey: OffsetCommit, apiVersion: "8", topic: a, group: g}
  - endpointSelector: {}
    egress: [{}]
status: {conditions: []}
`);
  assert.ok(policy);
  assert.deepEqual([policy.namespace, policy.name, policy.audit], ['prod', 'all.fields', false]);
  assert.deepEqual(policy.specs[0]?.defaultDeny, { ingress: true, egress: false });
  const rule = policy.specs[0]?.rules[0];
  const ref = (path: string, line: number) => ({ policy: 'prod/all.fields', rule: path, file: '0.yaml', line });
  const toPorts = 'specs[0].ingress[0].toPorts';
  assert.deepEqual(rule?.ref, ref('specs[0].ingress[0]', 16));
  assert.deepEqual(rule?.ports, [
    {
      ref: ref(`${toPorts}[0]`, 18),
      protocol: 6,
      first: 8080,
      last: 8090,
      l7: {
        kind: 'http',
        http: [
          {
            ref: ref(`${toPorts}[0].rules.http[0]`, 21),
            method: 'GET',
            path: '/a',
            host: 'a\\.example',
            headers: ['X-A: 1: 2', 'X-B'],
            headerMatches: [{ name: 'X-C', value: 'c', mismatch: 'REPLACE' }, { name: 'X-D' }],
          },
        ],
        grpc: [
          { ref: ref(`${toPorts}[0].rules.grpc[0]`, 26), service: 'a.B', method: 'C' },
          { ref: ref(`${toPorts}[0].rules.grpc[1]`, 26), service: 'D' },
        ],
      },
    },
    {
      ref: ref(`${toPorts}[1]`, 27),
      protocol: 6,
      first: 9092,
      last: 9092,
      l7: {
        kind: 'kafka',
        kafka: [
          {
            ref: ref(`${toPorts}[1].rules.kafka[0]`, 30),
            role: 'produce',
            clientID: 'c',
            topicPrefix: 'log.',
            transactionalIDPrefix: 't',
          },
          {
            ref: ref(`${toPorts}[1].rules.kafka[1]`, 31),
            apiKey: 'offsetcommit',
            apiVersion: 8,
            topic: 'a',
            group: 'g',
          },
        ],
      },
    },
  ]);
  assert.deepEqual(policy.positions.get(`${toPorts}[0].rules.http[0].path`), { line: 22, column: 25 });
});

test('a plain spec, several documents, empty ones, anchors', () => {
  const one = policyText('ingress: [&rule {fromEntities: [host]}, *rule]', { name: 'a' });
  const policies = parsed(`---\n${one}---\n# nothing\n---\n${policyText('ingress: [{}]', { name: 'b' })}`);
  assert.deepEqual(
    policies.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.equal(policies[0]?.specs[0]?.rules.length, 2);
  assert.equal(policies[0]?.specs[0]?.rules[0]?.ref.rule, 'ingress[0]');
  assert.deepEqual(parsed(''), []);
});

test('errors have their place, their cause and a next step', () => {
  const head = 'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n';
  const cases: [text: string, error: RegExp][] = [
    ['a: [', /^p\.yaml:1:5: not well-formed YAML/],
    [
      `${head}metadata: {name: a}\nmetadata: {name: b}\n`,
      /^p\.yaml:4:1: not well-formed YAML: Map keys must be unique$/,
    ],
    ['- a', /^p\.yaml:1:1: the policy is a mapping$/],
    ['spec: !!binary aaaa', /p\.yaml:1:1: the policy needs apiVersion/],
    [`${head}metadata: {name: a}`, /^p\.yaml:1:1: the policy needs spec or specs$/],
    [
      `apiVersion: v1\n${head.split('\n')[1]}\nmetadata: {name: a}\nspec: {}`,
      /^p\.yaml:1:13: apiVersion cannot be "v1"; it is one of cilium\.io\/v2/,
    ],
    ['kind: NetworkPolicy', /kind cannot be "NetworkPolicy"; it is one of CiliumNetworkPolicy, Cil/],
    [`${head}metadata: {name: A_b}\nspec: {}`, /^p\.yaml:3:18: name has at most 253 lower-case letters/],
    [`${head}metadata: {}\nspec: {}`, /^p\.yaml:3:11: metadata needs name$/],
    [`${head}metadata: {name: a, generateName: b}\nspec: {}`, /generateName is not supported: .*give it one/],
    [
      `${head}metadata: {name: a, annotations: {sluice.io/enforcement: Audit}}\nspec: {}`,
      /^p\.yaml:3:58: sluice\.io\/enforcement cannot be "Audit"; it is one of enforce, audit$/,
    ],
    [
      `${head}metadata: {name: a, annotations: {sluice.io/enforcment: audit}}\nspec: {}`,
      /the only annotation is sluice\.io\/enforcement/,
    ],
    [`${head}metadata: {name: a}\nspecs: []`, /specs is an empty list/],
    [`${head}metadata: {name: a}\nspec: {ingress: [{}]}`, /spec needs endpointSelector; \{\} selects every endpoint/],
    [`${head}metadata: {name: a}\nspec: {endpointSelector: {}}`, /spec has no rule/],
    [
      `${head}metadata: {name: a}\nspec: {nodeSelector: {}, endpointSelector: {}, ingress: [{}]}`,
      /^p\.yaml:4:8: nodeSelector is not supported/,
    ],
    [policyText('ingress: []'), /^p\.yaml:7:12: ingress is an empty list: .*\[\{\}\] to deny everything/],
    [policyText('ingress:'), /^p\.yaml:7:11: ingress has no value; give it one or remove it\n/],
    [policyText('ingress: [null]'), /ingress\[0\] is a mapping/],
    [policyText('ingress: {}'), /ingress is a list/],
    [policyText('ingressDeny: [{}]'), /an empty rule denies nothing; write fromEntities: \[all\]/],
    [policyText('egressDeny: [{}]'), /an empty rule denies nothing; write toEntities: \[all\]/],
    [policyText('enableDefaultDeny: {ingress: "no"}'), /ingress is true or false/],
    [
      ingress('{fromEndpoint: [{}]}'),
      /^p\.yaml:7:14: unknown field "fromEndpoint" in ingress\[0\]; did you mean fromEndpoints\?$/,
    ],
    [ingress('{toEndpoints: [{}]}'), /unknown field "toEndpoints" in ingress\[0\]; known here: fromEndpoints, /],
    [ingress('{fromEndpoints: [{}], fromCIDR: [10.0.0.0/8]}'), /fromEndpoints and fromCIDR cannot be in one rule/],
    [ingress('{fromRequires: [{}]}'), /fromRequires is not supported/],
    [ingress('{authentication: {mode: required}}'), /authentication is not supported/],
    [egress('{toFQDNs: [{matchName: a}]}'), /toFQDNs is not supported: .*toCIDR/],
    [egress('{toServices: []}'), /toServices is not supported: .*toEndpoints/],
    [ingress('{fromEntities: [kube-apiserver]}'), /the entity kube-apiserver is not supported: .*CIDR/],
    [ingress('{fromEntities: [World]}'), /fromEntities\[0\] cannot be "World"; it is one of all, world/],
    [ingress('{fromCIDR: [10.0.0.0/33]}'), /"10\.0\.0\.0\/33" is not an address prefix/],
    [ingress('{fromCIDR: [10.0.0/24]}'), /"10\.0\.0\/24" is not an address prefix/],
    [ingress('{fromCIDR: ["fe80::1%eth0/64"]}'), /is not an address prefix/],
    [ingress('{fromCIDR: ["::ffff:10.0.0.0/104"]}'), /is an IPv4 address in IPv6 form/],
    [
      ingress('{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16]}]}'),
      /11\.0\.0\.0\/16 is not inside 10\.0\.0\.0\/8/,
    ],
    [ingress('{fromCIDRSet: [{cidrGroupRef: a}]}'), /cidrGroupRef is not supported/],
    [ingress('{fromCIDRSet: [{except: []}]}'), /fromCIDRSet\[0\] needs cidr/],
    [ingress('{fromEndpoints: [{matchLabels: {app: 1}}]}'), /app is a string; put it in quotes/],
    [ingress('{fromEndpoints: [{matchLabels: {"reserved:host": ""}}]}'), /reserved labels cannot be selected/],
    [ingress('{fromEndpoints: [{matchLabels: {"container:a": b}}]}'), /the label source "container" is not supported/],
    [
      ingress('{fromEndpoints: [{matchLabels: {io.cilium.k8s.namespace.labels.a: b}}]}'),
      /labels of namespaces are not known/,
    ],
    [ingress('{fromEndpoints: [{matchExpressions: [{key: a, operator: In}]}]}'), /In needs values/],
    [
      ingress('{fromEndpoints: [{matchExpressions: [{key: a, operator: Exists, values: [b]}]}]}'),
      /Exists takes no values/,
    ],
    [
      ingress('{fromEndpoints: [{matchExpressions: [{key: a, operator: Gt, values: ["1"]}]}]}'),
      /operator cannot be "Gt"/,
    ],
    [ingress('{toPorts: []}'), /toPorts is an empty list: leave toPorts out/],
    [ingress('{toPorts: [{}]}'), /toPorts\[0\] needs ports/],
    [ingress('{toPorts: [{ports: []}]}'), /ports is an empty list/],
    [ingress('{toPorts: [{ports: [{port: http}]}]}'), /ports are not known by name here; write the number/],
    [ingress('{toPorts: [{ports: [{port: 65536}]}]}'), /port is a number from 0 to 65535/],
    [ingress('{toPorts: [{ports: [{port: 80.5}]}]}'), /port is a number from 0 to 65535/],
    [ingress('{toPorts: [{ports: [{port: 80, endPort: 79}]}]}'), /endPort 79 is below port 80/],
    [ingress('{toPorts: [{ports: [{port: 0, endPort: 79}]}]}'), /a range starts at port 1/],
    [ingress('{toPorts: [{ports: [{endPort: 79}]}]}'), /endPort needs port/],
    [ingress('{toPorts: [{ports: [{port: 80, protocol: tcp}]}]}'), /protocol cannot be "tcp"/],
    [ingress(`{toPorts: [{ports: [${'{port: 1}, '.repeat(limits.policyPorts + 1)}]}]}`), /more than 40 ports/],
    [
      ingress('{toPorts: [{ports: [{port: 443}], serverNames: [a]}]}'),
      /serverNames is not supported: TLS is not opened/,
    ],
    [ingress('{toPorts: [{ports: [{port: 443}], terminatingTLS: {}}]}'), /terminatingTLS is not supported/],
    [ingress('{toPorts: [{ports: [{port: 80}], listener: {}}]}'), /listener is not supported/],
    [
      ingress('{toPorts: [{ports: [{port: 80}]}], icmps: [{fields: [{type: 8}]}]}'),
      /toPorts and icmps cannot be in one rule/,
    ],
    [ingress('{icmps: [{fields: [{type: Ping}]}]}'), /IPv4 has no ICMP type of this name/],
    [ingress('{icmps: [{fields: [{type: 256}]}]}'), /type is a number from 0 to 255/],
    [
      policyText('ingressDeny: [{toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {http: [{}]}}]}]'),
      /a deny rule decides by peer and port only/,
    ],
    [
      ingress('{toPorts: [{ports: [{port: 80}], rules: {http: [{}]}}]}'),
      /http rules need protocol: TCP, and this is ANY/,
    ],
    [
      ingress('{toPorts: [{ports: [{port: 80, protocol: UDP}], rules: {kafka: [{}]}}]}'),
      /kafka rules need protocol: TCP, and this is UDP/,
    ],
    [ingress('{toPorts: [{ports: [{port: 0, protocol: TCP}], rules: {http: [{}]}}]}'), /http rules need a port/],
    [
      ingress('{toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {http: [{}], kafka: [{}]}}]}'),
      /kafka and http rules cannot be on one port/,
    ],
    [ingress('{toPorts: [{ports: [{port: 53, protocol: TCP}], rules: {dns: [{}]}}]}'), /dns is not supported/],
    [
      ingress('{toPorts: [{ports: [{port: 53, protocol: TCP}], rules: {l7proto: x, l7: []}}]}'),
      /l7proto is not supported/,
    ],
    [http('{path: "/a(b"}'), /^p\.yaml:12:24: path "\/a\(b" is not a regular expression of RE2: missing closing \)/],
    [http('{path: "(?=a)"}'), /is not a regular expression of RE2/],
    [http("{path: '(a)\\1'}"), /is not a regular expression of RE2/],
    [http('{method: ""}'), /method is empty/],
    [http('{path: 12}'), /path is a string; put it in quotes/],
    [http(`{path: "${'a'.repeat(limits.policyPatternLength + 1)}"}`), /longer than 4096 characters/],
    [http('{headers: ["X-A:1"]}'), /"X-A:1" is not a header; write "Name: value"/],
    [http('{headers: ["X-A 1"]}'), /is not a header/],
    [http('{headers: ["X-A: a\\nX-B: b"]}'), /is not a header/],
    [http('{headerMatches: [{name: X-A, secret: {name: s}}]}'), /secret is not supported: .*secretFile/],
    [http('{headerMatches: [{name: X-A, value: a, secretFile: b}]}'), /value and secretFile exclude each other/],
    [http('{headerMatches: [{name: X-A, mismatch: ADD}]}'), /ADD needs a value/],
    [http('{headerMatches: [{name: Host, value: a, mismatch: REPLACE}]}'), /REPLACE cannot change Host/],
    [
      http('{headerMatches: [{name: content_length, value: a, mismatch: DELETE}]}'),
      /DELETE cannot change content_length/,
    ],
    [http('{headerMatches: [{name: X-A, mismatch: FAIL}]}'), /mismatch cannot be "FAIL"; it is one of LOG/],
    [http('{headerMatches: [{name: "X A"}]}'), /is not the name of a header/],
    [http('{headerMatches: [{name: X-A, secretFile: /nonexistent/s}]}'), /\/nonexistent\/s does not exist/],
    [
      ingress('{toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {grpc: [{service: /a.B/}]}}]}'),
      /"\/a\.B\/" is not a service; write package\.Service/,
    ],
    [
      ingress('{toPorts: [{ports: [{port: 80, protocol: TCP}], rules: {grpc: [{method: A}]}}]}'),
      /grpc\[0\] needs service/,
    ],
    [kafka('{role: produce, apiKey: fetch}'), /role and apiKey exclude each other/],
    [kafka('{role: writer}'), /"writer" is not a role; it is one of produce, consume, describe, admin/],
    [kafka('{apiKey: fetchh}'), /"fetchh" is not a Kafka API/],
    [kafka('{apiKey: CreateACLs}'), /"CreateACLs" is refused by the proxy/],
    [kafka('{topic: "a*"}'), /"a\*" is not a topic/],
    [kafka('{topic: a, topicPrefix: b}'), /topic and topicPrefix exclude each other/],
    [kafka('{apiVersion: -1}'), /apiVersion is a number from 0/],
    [ingress('*nowhere'), /no anchor &nowhere/],
    [ingress('{1: 2}'), /a field's name is a string/],
    [policyText('ingress: [{}]\n<<: {}'), /unknown field "<<" in spec/],
    [
      policyText('ingress: [{}]', { subject: '{io.kubernetes.pod.namespace: prod}' }),
      /selects endpoints of its own namespace only/,
    ],
    [
      policyText('ingress: [{}]')
        .replace('Network', 'ClusterwideNetwork')
        .replace('name: p', 'name: p\n  namespace: a'),
      /CiliumClusterwideNetworkPolicy has no namespace/,
    ],
  ];
  for (const [text, error] of cases) {
    const found = errorsOf(text);
    assert.match(found.join('\n'), error, text);
    for (const one of found) assert.match(one, /^p\.yaml:[1-9][0-9]*:[1-9][0-9]*: .{10}/);
  }
});

test('all errors of a file are found at once, and the good policies of it are there', () => {
  const bad = policyText('ingress: [{fromCIDR: [a, b]}]\negress: [{toFQDNs: []}]', { name: 'bad' });
  const { policies, diagnostics } = parsePolicies('p.yaml', `${policyText('ingress: [{}]')}---\n${bad}`);
  assert.deepEqual(
    policies.map(({ name }) => name),
    ['p'],
  );
  assert.equal(diagnostics.length, 3, diagnostics.map(formatDiagnostic).join('\n'));
});

test('aliases cannot make a small file stand for a huge one', () => {
  const layers = Array.from({ length: 9 }, (_, i) => {
    return `&l${i} [${Array.from({ length: 10 }, () => (i === 0 ? 'x' : `*l${i - 1}`)).join(', ')}]`;
  });
  const bomb = policyText(`description: [${layers.join(', ')}]\ningress: [{}]`);
  assert.equal(parsePolicies('p.yaml', bomb).policies.length, 1, 'nothing is expanded that is not asked for');
  const many = (address: string) =>
    policyText(`egress:\n  - &r {toCIDR: [${`${address}, `.repeat(3000)}]}\n${'  - *r\n'.repeat(1000)}`);
  assert.match(errorsOf(many('10.0.0.1')).join('\n'), /has more than 500000 fields; split it/);
  assert.equal(errorsOf(many('x')).length, limits.policyDiagnostics);
  assert.match(errorsOf(policyText('ingress: &a [{fromEndpoints: *a}]')).join('\n'), /unknown field "fromEndpoints"/);
});

test('deep nesting is an error, not a crash', () => {
  for (const depth of [200, 500, 1000, 2000, 4000, 200_000]) {
    const text = '['.repeat(depth) + ']'.repeat(depth);
    assert.match(errorsOf(text).join('\n'), /the policy is a mapping|call stack|nested too deeply/, `${depth} deep`);
  }
});

test('a secret is read from a file beside the policy, without its line end', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-secret-'));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'token'), 'geheim\n');
  writeFileSync(join(directory, 'empty'), '\n');
  writeFileSync(join(directory, 'bad'), 'a\nb');
  writeFileSync(join(directory, 'long'), 'x'.repeat(limits.policySecretBytes + 1));
  const read = (name: string) =>
    parsePolicies(join(directory, 'p.yaml'), http(`{headerMatches: [{name: X-Token, secretFile: ${name}}]}`));
  const l7 = read('token').policies[0]?.specs[0]?.rules[0]?.ports[0]?.l7;
  assert.deepEqual(l7?.kind === 'http' && l7.http[0]?.headerMatches, [{ name: 'X-Token', value: 'geheim' }]);
  const errors: [string, RegExp][] = [
    ['empty', /is empty/],
    ['bad', /characters that a header cannot carry/],
    ['long', /a secret has at most/],
    ['.', /is not a file/],
  ];
  for (const [name, error] of errors) assert.match(read(name).diagnostics[0]?.message ?? '', error);
});

test('whatever the text, parsing ends without throwing', () => {
  const pieces = policyText('ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "80"}]}]}]').split(
    /(?<=[\s:,{}[\]])/,
  );
  const mutated = fc
    .array(
      fc.tuple(
        fc.nat(pieces.length - 1),
        fc.constantFrom(
          '',
          '{',
          ']',
          ': ',
          '- ',
          '&a ',
          '*a',
          '!!set ',
          '? ',
          '\u0000',
          '"',
          '|\n',
          '%',
          '---\n',
          '<<: ',
          'null',
        ),
      ),
      { maxLength: 4 },
    )
    .map((edits) => edits.reduce((all, [at, piece]) => all.with(at, piece), pieces).join(''));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string()), (text) => {
      const { diagnostics } = parsePolicies('p.yaml', text);
      for (const { line, column } of diagnostics) assert.ok(line >= 1 && column >= 1);
    }),
    { numRuns: 400 },
  );
});
