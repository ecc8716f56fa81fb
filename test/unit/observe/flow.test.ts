import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowRecord } from '../../../proxy/record.ts';
import type { Address, EndpointId, IdentityId, Port } from '../../../src/identity/identity.ts';
import { flowFilter } from '../../../src/observe/filter.ts';
import { flowOfEvent, flowOfRecord, type Names } from '../../../src/observe/flow.ts';
import { FlowHistory } from '../../../src/observe/history.ts';
import type { KernelEvent } from '../../../src/observe/kernel-event.ts';
import { flowLine } from '../../../src/observe/line.ts';
import { printable } from '../../../src/observe/printable.ts';

const web = 7 as EndpointId;
const images = 1000 as IdentityId;
const names: Names = {
  endpoint: (id) => (id === web ? 'default/web' : undefined),
  identity: (id) => (id === images ? 'default/images' : undefined),
};
const time = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

const denied: FlowRecord = {
  time,
  connection: {
    direction: 'egress',
    endpoint: web,
    peer: images,
    client: { address: '10.0.0.2' as Address, port: 41000 as Port },
    server: { address: '10.0.1.2' as Address, port: 80 as Port },
  },
  verdict: 'DENY',
  reason: 'no-rule',
  detail: 'no rule allows GET /flagged',
  l7: { protocol: 'http', version: 'HTTP/1.1', method: 'GET', target: '/flagged', host: 'images' },
  status: 403,
  latencyMs: 0.25,
};

const dropped: KernelEvent = {
  time,
  verdict: 'DENY',
  reason: 'policy-denied',
  direction: 'ingress',
  endpoint: web,
  peer: 99 as IdentityId,
  protocol: 17,
  source: { address: 'fd00::9' as Address, port: 5353 as Port },
  destination: { address: 'fd00::2' as Address, port: 53 as Port },
};

test('a denied request is one stable line', () => {
  assert.equal(
    flowLine(flowOfRecord(denied, names)),
    '2026-01-02T03:04:05.006Z DENY     egress  default/web 10.0.0.2:41000 -> default/images 10.0.1.2:80 ' +
      'http GET /flagged host=images status=403 0.3ms (no-rule: no rule allows GET /flagged)',
  );
});

test('a dropped packet names its ends from the side of the endpoint, IPv6 in brackets', () => {
  assert.equal(
    flowLine(flowOfEvent(dropped, names)),
    '2026-01-02T03:04:05.006Z DENY     ingress unknown [fd00::9]:5353 -> default/web [fd00::2]:53 udp (policy-denied)',
  );
});

test('an allowed request names its rule', () => {
  const { reason: _reason, detail: _detail, ...rest } = denied;
  const rule = { policy: 'default/p', rule: 'egress[0]', file: 'p.yaml', line: 3 };
  assert.match(flowLine(flowOfRecord({ ...rest, verdict: 'ALLOW', rule }, names)), /\(default\/p egress\[0\]\)$/);
});

test('kafka and grpc flows say what was asked for', () => {
  const kafka = {
    protocol: 'kafka',
    api: 'produce',
    version: 9,
    clientId: '',
    correlationId: 1,
    topics: ['a', 'b'],
  } as const;
  assert.match(flowLine(flowOfRecord({ ...denied, l7: kafka }, names)), / kafka produce\.v9 client=- topics=a,b /);
  const grpc = { protocol: 'grpc', service: 'pkg.S', method: 'M', status: 7 } as const;
  assert.match(flowLine(flowOfRecord({ ...denied, l7: grpc }, names)), / grpc \/pkg\.S\/M grpc-status=7 /);
});

test('text from the wire cannot move the cursor nor forge a line', () => {
  assert.equal(printable('a\x1b[2J\r\n\u202e\u009bz'), 'a\\x1b[2J\\x0d\\x0a\\u{202e}\\x9bz');
  assert.equal(printable('grüße/日本'), 'grüße/日本');
});

test('filters combine, and a workload matches with and without its namespace, at either end', () => {
  const flow = flowOfRecord(denied, names);
  assert.ok(flowFilter({})(flow));
  assert.ok(flowFilter({ verdict: 'DENY', workload: 'images', protocol: 'http', httpPath: '/flag.*' })(flow));
  assert.ok(flowFilter({ workload: 'default/web' })(flow));
  assert.ok(!flowFilter({ workload: 'eb' })(flow));
  assert.ok(!flowFilter({ verdict: 'ALLOW', workload: 'images' })(flow));
  assert.ok(!flowFilter({ httpPath: '/fla' })(flow), 'a path is matched in full');
  assert.ok(!flowFilter({ httpMethod: 'GET' })(flowOfEvent(dropped, names)));
  assert.throws(() => flowFilter({ httpPath: '(' }), /the path "\(" is not a pattern of RE2's language/);
});

test('the history keeps the last flows in order and tells its followers of the next', () => {
  const history = new FlowHistory(3);
  const seen: number[] = [];
  const stop = history.follow((flow) => seen.push(flow.source.port));
  const flow = flowOfRecord(denied, names);
  for (let port = 1; port <= 5; port++) history.add({ ...flow, source: { ...flow.source, port } });
  stop();
  history.add(flow);
  const ports = (count: number) => history.last(count).map(({ source }) => source.port);
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  assert.deepEqual(ports(9), [4, 5, 41000]);
  assert.deepEqual(ports(2), [5, 41000]);
  assert.deepEqual(ports(0), []);
});
