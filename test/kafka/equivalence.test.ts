/**
 * The same requests to two brokers: one with Kafka's StandardAuthorizer and ACLs, one without, behind Sluice with the
 * same rights as rules. What the client sees is the same, field by field.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { agentOf, topologyOf } from '../netns/scene.ts';
import type { Station } from '../netns/topology.ts';
import { policy } from './equivalence/rights.ts';
import { startRealBroker } from './real-broker.ts';
import { skipWithoutBroker } from './skip.ts';

const script = (name: string): string => fileURLToPath(new URL(`equivalence/${name}`, import.meta.url));
/** Members that nobody drives must not be gone before they are described. */
const patient = Object.fromEntries(
  ['share', 'streams'].flatMap((kind) => [
    [`group.${kind}.max.session.timeout.ms`, '600000'],
    [`group.${kind}.session.timeout.ms`, '600000'],
  ]),
);
const authorizer = {
  ...patient,
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  // Until the first ACL is there, somebody has to be able to write it.
  'allow.everyone.if.no.acl.found': 'true',
};

/** docs/KAFKA.md tells users. Each is held here, so that it is noticed when one goes. */
const knownDifferences = new Map([
  ['client: set offsets, some granted, version 0', 'a denied topic comes without its id'],
  ['client: streams heartbeat, internal topic, version 0', 'no message beside the error'],
  ['client: streams heartbeat, no topic name, version 0', 'no message beside the error'],
]);

async function ran(station: Station, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await station.namespace.run(process.execPath, ...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

test('what a client sees is what Kafka itself would have said', { skip: skipWithoutBroker() }, async (t) => {
  const topology = topologyOf(t);
  const [client, reader] = [topology.routed('client'), topology.routed('reader')];
  const [kafka, judge] = [topology.routed('kafka'), topology.routed('judge')];
  const [behindSluice, withAcls] = await Promise.all([
    startRealBroker(kafka, { properties: patient }),
    startRealBroker(judge, { properties: authorizer }),
  ]);
  const addresses = [client.address[4], reader.address[4]];
  const topicIds = await Promise.all([
    ran(kafka, script('prepare.ts'), behindSluice.bootstrap, kafka.address[4], ...addresses, 'open'),
    ran(judge, script('prepare.ts'), withAcls.bootstrap, judge.address[4], ...addresses, 'acls'),
  ]);
  await agentOf(topology, { policies: { 'equivalence.yaml': policy }, workloads: [client, reader, kafka, judge] });

  for (const station of [client, reader]) {
    const [sluice, acls] = await Promise.all(
      [behindSluice, withAcls].map(async ({ bootstrap }, index) => {
        const seen = await ran(station, script('run.ts'), bootstrap, station.name, topicIds[index] ?? '');
        return JSON.parse(seen) as Record<string, object>;
      }),
    );
    assert.ok(sluice && acls);
    for (const [name, expected] of Object.entries(acls)) {
      const difference = knownDifferences.get(name);
      await t.test(difference === undefined ? name : `${name}: ${difference}`, () => {
        assert.ok(!JSON.stringify(expected).includes('cannot be read'), JSON.stringify(expected));
        // Two that say nothing would be equal too. Without acks the broker has no other way than to close.
        assert.deepEqual(Object.keys(expected), [name.includes('acks=0') ? 'closed' : 'body']);
        if (difference === undefined) assert.deepEqual(sluice[name], expected);
        else assert.notDeepEqual(sluice[name], expected);
      });
    }
  }
});
