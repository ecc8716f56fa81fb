/** The host's firewall, routing and settings are its own: the same before, during and after the agent. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { curl } from './curl.ts';
import type { Namespace } from './namespace.ts';
import { Origin } from './origin.ts';
import { egressHttp, ingressHttp, onlyPublic } from './policies.ts';
import { agentOf, topologyOf } from './scene.ts';
import { families, url } from './topology.ts';

function settings(host: Namespace): Record<string, string> {
  // Counters and what the kernel itself changes with traffic are no settings.
  const packets = /^\[\d+:\d+\] |\[\d+:\d+\]$|^#.*$/gm;
  return {
    iptables: host.runSync('iptables-save').replace(packets, ''),
    ip6tables: host.runSync('ip6tables-save').replace(packets, ''),
    'ip rule': host.ip('rule') + host.ip('-6', 'rule'),
    'ip route': host.ip('route', 'show', 'table', 'all') + host.ip('-6', 'route', 'show', 'table', 'all'),
    'ip address': host.ip('-o', 'address').replaceAll(/valid_lft.*$/gm, ''),
    sysctl: perHost(host.runSync('sysctl', '-a', '-r', '^net\\.')),
  };
}

/** The agent may add interfaces of its own, and with each the kernel adds settings; those that were there must stay. */
function perHost(all: string): string {
  return all
    .split('\n')
    .filter((line) => !/nf_conntrack_count|\.stat\.|\.(?:conf|neigh)\.(?!all|default|lo|v-|br0|out)/.test(line))
    .join('\n');
}

test('iptables, rules, routes, addresses and sysctls are the same before, during and after', async (t) => {
  const topology = topologyOf(t);
  const [web, api] = [topology.routed('web'), topology.routed('api')];
  topology.outside();
  topology.publish(8080, api, 80);
  await Origin.start(api.namespace, 80);

  const before = settings(topology.host);
  const links = topology.host.ip('-o', 'link');
  const programs = topology.host.runSync('bpftool', 'net', 'show');
  const agent = await agentOf(topology, {
    policies: {
      'egress.yaml': egressHttp('web', 'api', 80, onlyPublic),
      'ingress.yaml': ingressHttp('api', 'web', 80, onlyPublic),
    },
    workloads: [web, api],
  });
  for (const family of families) {
    assert.equal((await curl(web.namespace, url(api.address[family], 80, '/public/x'))).status, 200);
    assert.equal((await curl(web.namespace, url(api.address[family], 80, '/x'))).status, 403);
  }
  const during = settings(topology.host);
  assert.equal(await agent.stop(), 0);

  for (const [what, text] of Object.entries(before)) {
    assert.equal(during[what], text, `${what} while the agent runs`);
  }
  const after = settings(topology.host);
  for (const [what, text] of Object.entries(before)) assert.equal(after[what], text, `${what} after the agent`);
  assert.equal(names(topology.host.ip('-o', 'link')), names(links), 'no interface is left behind');
  for (const place of [
    `/sys/fs/bpf/${agent.instance}`,
    `/run/netns/${agent.instance}-egress`,
    `/run/${agent.instance}`,
  ]) {
    assert.ok(!existsSync(place), `${place} is left behind`);
  }
  assert.equal(topology.host.runSync('bpftool', 'net', 'show'), programs, 'no program is left attached');
});

function names(links: string): string {
  return [...links.matchAll(/^\d+: ([^:@]+)/gm)].map((match) => match[1]).join(' ');
}
