/** The tap's verdicts, packet by packet, in the kernel. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PortRange, PortVerdict, RuleRef } from '../../src/policy/resolved.ts';
import { addresses, enforced, ids, open, TapBench } from './bench-tap.ts';
import { frame, icmpError, protocols, type Segment } from './packet.ts';

const ref: RuleRef = { policy: 'default/p', rule: 'egress[0]', file: 'p.yaml', line: 1 };
const allow: PortVerdict = { verdict: 'allow', ref };
const deny: PortVerdict = { verdict: 'deny', ref, audit: false };
const l7: PortVerdict = {
  verdict: 'l7',
  ref,
  ruleSet: { kind: 'http', id: 5, key: 'k', audit: false, http: [], grpc: [] },
};
const tcp = (first: number, last: number, verdict: PortVerdict): PortRange => ({
  protocol: protocols.tcp,
  first,
  last,
  verdict,
});

const families = [
  { name: 'IPv4', self: addresses.self, peer: addresses.peer },
  { name: 'IPv6', self: addresses.self6, peer: addresses.peer6 },
] as const;

function reversed(segment: Segment, flags: string): Segment {
  return {
    ...segment,
    source: segment.destination,
    destination: segment.source,
    sourcePort: segment.destinationPort ?? 0,
    destinationPort: segment.sourcePort ?? 0,
    flags,
  };
}

for (const { name, self, peer } of families) {
  const syn: Segment = { source: self, destination: peer, sourcePort: 40000, destinationPort: 80, flags: 'S' };

  test(`${name}: an allowed connection passes both ways, its port's neighbours do not`, () => {
    using bench = new TapBench(enforced(), enforced([ids.peer, [tcp(80, 80, allow)]]));
    assert.deepEqual(outcome(bench.fromEndpoint(frame(syn))), ['pass', 'allowed']);
    assert.deepEqual(outcome(bench.toEndpoint(frame(reversed(syn, 'SA')))), ['pass', 'allowed']);
    assert.deepEqual(outcome(bench.fromEndpoint(frame({ ...syn, flags: 'A' }))), ['pass', 'allowed']);
    for (const destinationPort of [79, 81]) {
      assert.deepEqual(outcome(bench.fromEndpoint(frame({ ...syn, destinationPort }))), ['drop', 'no-rule']);
    }
    // A packet that claims to answer a connection that never was:
    assert.deepEqual(outcome(bench.toEndpoint(frame({ ...reversed(syn, 'SA'), destinationPort: 40001 }))), [
      'drop',
      'not-syn',
    ]);
  });

  test(`${name}: an L7 rule diverts from the SYN on, and the way back too`, () => {
    using bench = new TapBench(open, enforced([ids.peer, [tcp(80, 80, l7)]]));
    const diverted = bench.fromEndpoint(frame(syn));
    assert.deepEqual(outcome(diverted), ['redirect', 'diverted']);
    assert.equal(diverted.frame.toString('hex', 0, 6), '0a0a0a0a0a0a');
    assert.deepEqual(outcome(bench.toEndpoint(frame(reversed(syn, 'SA')))), ['redirect', 'diverted']);
  });

  test(`${name}: the proxy's packets go on with the flow's Ethernet header, others' do not`, () => {
    using bench = new TapBench(open, enforced([ids.peer, [tcp(80, 80, l7)]]));
    const original = frame(syn);
    original.write('020000000001020000000002', 0, 'hex');
    bench.fromEndpoint(Buffer.from(original));
    const forward = bench.fromProxy('egress', frame(syn));
    assert.equal(forward.action, 'redirect');
    assert.equal(forward.frame.toString('hex', 0, 12), '020000000001020000000002');
    const back = bench.fromProxy('egress', frame(reversed(syn, 'SA')));
    assert.equal(back.frame.toString('hex', 0, 12), '020000000002020000000001');
    assert.deepEqual(outcome(bench.fromProxy('ingress', frame(syn))), ['drop', 'no-connection']);
    assert.deepEqual(outcome(bench.fromProxy('egress', frame({ ...syn, sourcePort: 1 }))), ['drop', 'no-connection']);
  });

  test(`${name}: a marked packet passes once, another mark means nothing`, () => {
    using bench = new TapBench(enforced(), enforced());
    assert.deepEqual(outcome(bench.fromEndpoint(frame(syn), bench.mark)), ['pass', 'reinjected']);
    assert.deepEqual(outcome(bench.fromEndpoint(frame(syn), (bench.mark ^ 1) >>> 0)), ['drop', 'no-rule']);
  });

  test(`${name}: a policy change stops an open connection`, () => {
    using bench = new TapBench(open, enforced([ids.peer, [tcp(80, 80, allow)]]));
    bench.fromEndpoint(frame(syn));
    bench.apply(open, enforced([ids.peer, [tcp(80, 80, deny)]]));
    assert.deepEqual(outcome(bench.fromEndpoint(frame({ ...syn, flags: 'A' }))), ['drop', 'revoked']);
    assert.deepEqual(outcome(bench.toEndpoint(frame(reversed(syn, 'A')))), ['drop', 'revoked']);
    bench.apply(open, enforced([ids.peer, [tcp(80, 80, l7)]]));
    assert.deepEqual(outcome(bench.fromEndpoint(frame({ ...syn, flags: 'A' }))), ['redirect', 'diverted']);
  });

  test(`${name}: an ICMP error follows the connection it is about`, () => {
    using bench = new TapBench(enforced(), enforced([ids.peer, [tcp(80, 80, allow), tcp(81, 81, l7)]]));
    bench.fromEndpoint(frame(syn));
    bench.fromEndpoint(frame({ ...syn, destinationPort: 81 }));
    assert.deepEqual(outcome(bench.toEndpoint(icmpError(peer, self, syn))), ['pass', 'allowed']);
    assert.deepEqual(outcome(bench.toEndpoint(icmpError(peer, self, { ...syn, destinationPort: 81 }))), [
      'redirect',
      'diverted',
    ]);
    assert.deepEqual(outcome(bench.toEndpoint(icmpError(peer, self, { ...syn, destinationPort: 82 }))), [
      'drop',
      'no-rule',
    ]);
  });

  test(`${name}: IP options and fragments never come under an L7 rule`, () => {
    using bench = new TapBench(open, enforced([ids.peer, [tcp(80, 80, l7)]]));
    assert.deepEqual(outcome(bench.fromEndpoint(frame({ ...syn, options: true }))), ['drop', 'ip-options']);
  });

  test(`${name}: what the endpoint sends under another's address is dropped`, () => {
    using bench = new TapBench(open, open);
    assert.deepEqual(outcome(bench.fromEndpoint(frame({ ...syn, source: peer }))), ['drop', 'spoofed']);
    assert.deepEqual(outcome(bench.fromEndpoint(frame(syn))), ['pass', 'unenforced']);
  });

  test(`${name}: echo by type, its answer by state`, () => {
    const protocol = self.includes(':') ? protocols.icmp6 : protocols.icmp;
    const [request, reply] = protocol === protocols.icmp ? [8, 0] : [128, 129];
    const range: PortRange = { protocol, first: request, last: request, verdict: allow };
    using bench = new TapBench(enforced(), enforced([ids.peer, [range]]));
    const echo = { source: self, destination: peer, protocol, sourcePort: 77, destinationPort: request };
    const answer = { source: peer, destination: self, protocol, sourcePort: 77, destinationPort: reply };
    assert.deepEqual(outcome(bench.toEndpoint(frame(answer))), ['drop', 'no-rule']);
    assert.deepEqual(outcome(bench.fromEndpoint(frame(echo))), ['pass', 'allowed']);
    assert.deepEqual(outcome(bench.toEndpoint(frame(answer))), ['pass', 'allowed']);
  });
}

test('fragments of a datagram follow its first one', () => {
  const udp: PortRange = { protocol: protocols.udp, first: 53, last: 53, verdict: allow };
  using bench = new TapBench(enforced(), enforced([ids.peer, [udp]]));
  const datagram: Segment = {
    source: addresses.self,
    destination: addresses.peer,
    protocol: protocols.udp,
    sourcePort: 5000,
    destinationPort: 53,
    payload: 'x'.repeat(16),
  };
  const later = { ...datagram, fragment: { offset: 24, more: false, id: 9 } };
  assert.deepEqual(outcome(bench.fromEndpoint(frame(later))), ['drop', 'fragment']);
  assert.deepEqual(outcome(bench.fromEndpoint(frame({ ...datagram, fragment: { offset: 0, more: true, id: 9 } }))), [
    'pass',
    'allowed',
  ]);
  assert.deepEqual(outcome(bench.fromEndpoint(frame(later))), ['pass', 'allowed']);
});

test('a full table of connections denies new ones', () => {
  using bench = new TapBench(open, open, { maxConnections: 2 });
  const outcomes = new Set<string>();
  for (let sourcePort = 1; sourcePort < 400; sourcePort++) {
    const syn = { source: addresses.self, destination: addresses.peer, sourcePort, destinationPort: 80, flags: 'S' };
    outcomes.add(outcome(bench.fromEndpoint(frame(syn))).join(' '));
  }
  assert.ok(outcomes.has('drop table-full'), [...outcomes].join(', '));
});

test('an audited denial passes and is counted', () => {
  using bench = new TapBench(open, enforced([ids.peer, [tcp(80, 80, { ...deny, audit: true })]]));
  const syn = { source: addresses.self, destination: addresses.peer, sourcePort: 1, destinationPort: 80, flags: 'S' };
  assert.deepEqual(outcome(bench.fromEndpoint(frame(syn))), ['pass', 'audited']);
});

test('ARP passes, what is neither IP nor ARP only without default deny', () => {
  using bench = new TapBench(enforced(), open);
  const other = { source: addresses.self, destination: addresses.peer, etherType: 0x88cc };
  assert.deepEqual(outcome(bench.toEndpoint(frame({ ...other, etherType: 0x0806 }))), ['pass', 'link']);
  assert.deepEqual(outcome(bench.toEndpoint(frame(other))), ['drop', 'unknown-l3']);
  assert.deepEqual(outcome(bench.fromEndpoint(frame(other))), ['pass', 'unenforced']);
});

test('truncated and lying headers are dropped', () => {
  using bench = new TapBench(enforced(), enforced());
  const whole = frame({ source: addresses.self, destination: addresses.peer, destinationPort: 80, flags: 'S' });
  // The kernel itself refuses to test-run what is shorter than an IP header.
  for (let length = 34; length < whole.length; length++) {
    assert.deepEqual(outcome(bench.fromEndpoint(whole.subarray(0, length))), ['drop', 'malformed'], `${length} bytes`);
  }
});

function outcome({ action, reasons }: { action: string; reasons: readonly string[] }): [string, string] {
  return [action, reasons.join(',')];
}
