/** `run.ts BOOTSTRAP client|reader TOPIC-IDS`: asks everything, in order; prints what was seen as JSON, name → what. */

import { setTimeout as pause } from 'node:timers/promises';
import { API } from '../../unit/kafka/wire.ts';
import { administration } from './administration.ts';
import { ask, Conversation, comparable, type Seen } from './ask.ts';
import { exactlyOnce } from './exactly-once.ts';
import { groups } from './groups.ts';
import { records } from './records.ts';
import { shareGroups, shareTalks } from './share-groups.ts';
import { streamsGroups, streamsTalks } from './streams-groups.ts';

const [bootstrap = '', who, ids = '{}'] = process.argv.slice(2);
const topicIds = JSON.parse(ids) as Record<string, string>;
const names = new Map(Object.entries(topicIds).map(([name, id]) => [id.replaceAll('-', ''), name]));
const seen: Record<string, unknown> = {};
/** Of the last InitProducerId that gave one. */
let producerId = -1n;
const scenarios = [...records, ...exactlyOnce, ...groups, ...administration, ...shareGroups, ...streamsGroups];
for (const { name, from, talk } of [...shareTalks, ...streamsTalks]) {
  if (from !== who) continue;
  const conversation = new Conversation(bootstrap);
  seen[name] = { body: comparable(await talk(conversation, { producerId, topicIds }), names) };
  conversation.end();
}
for (const { name, from, api, version, request } of scenarios) {
  if (from !== who) continue;
  const answer = await settled(() => ask(bootstrap, api, version, request({ producerId, topicIds })));
  if (api.apiKey === API.INIT_PRODUCER_ID.apiKey && 'body' in answer) {
    const given = (answer.body as { producerId?: bigint } | undefined)?.producerId;
    if (given !== undefined && given >= 0n) producerId = given;
  }
  seen[name] = comparable(answer, names);
}
process.stdout.write(JSON.stringify(seen));

/** Asks again while the broker says that a coordinator or a transaction is not ready: the one time that differs from run to run. */
async function settled(once: () => Promise<Seen>): Promise<Seen> {
  for (let attempt = 0; ; attempt++) {
    const answer = await once();
    const text = JSON.stringify(comparable(answer));
    if (attempt === 100 || !/"errorCode":(?:14|15|16|51|88)\b/.test(text)) return answer;
    await pause(100);
  }
}
