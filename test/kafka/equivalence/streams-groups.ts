/** Scenarios with streams groups (KIP-1071). */

import { API } from '../../unit/kafka/wire.ts';
import { asks, type Scenario, type Talk } from './scenario.ts';

export const streamsHeartbeat = (
  groupId: string,
  sourceTopics: string[],
  { changelogs = [], regex = [] }: { changelogs?: string[]; regex?: string[] } = {},
) => ({
  groupId,
  memberId: 'AAAAAAAAAAAAAAAAAAAAAA',
  memberEpoch: 0,
  endpointInformationEpoch: 0,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: 10_000,
  topology: {
    epoch: 0,
    subtopologies: [
      {
        subtopologyId: '0',
        sourceTopics,
        sourceTopicRegex: regex,
        stateChangelogTopics: changelogs.map((name) => ({
          name,
          partitions: 0,
          replicationFactor: 0,
          topicConfigs: [],
        })),
        repartitionSinkTopics: [],
        repartitionSourceTopics: [],
        copartitionGroups: [],
      },
    ],
  },
  activeTasks: [],
  standbyTasks: [],
  warmupTasks: [],
  processId: 'process',
  userEndpoint: null,
  clientTags: [],
  taskOffsets: [],
  taskEndOffsets: [],
  shutdownApplication: false,
});

/** Joins, and waits until it is given tasks. */
export const streamsTalks: readonly Talk[] = [
  {
    name: 'client: a streams group',
    from: 'client',
    talk: async (conversation) => {
      let request: Parameters<typeof API.STREAMS_GROUP_HEARTBEAT.request>[1] = streamsHeartbeat('s-ok-streams', ['r'], {
        changelogs: ['a-changelog'],
      });
      for (let attempt = 0; attempt < 100; attempt++) {
        const seen = await conversation.ask(API.STREAMS_GROUP_HEARTBEAT, 0, request);
        const body = ('body' in seen ? seen.body : undefined) as
          | { errorCode: number; memberEpoch: number; activeTasks: unknown[] | null }
          | undefined;
        if (body === undefined || (body.activeTasks?.length ?? 0) > 0) return body?.activeTasks;
        if (body.errorCode === 0) request = { ...request, memberEpoch: body.memberEpoch, topology: null };
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return 'no tasks';
    },
  },
];

export const streamsGroups: readonly Scenario[] = [
  ...asks('streams heartbeat, group denied', API.STREAMS_GROUP_HEARTBEAT, [0], streamsHeartbeat('g-hidden', ['r'])),
  ...asks(
    'streams heartbeat, topic denied',
    API.STREAMS_GROUP_HEARTBEAT,
    [0],
    streamsHeartbeat('s-ok-streams', ['r', 'hidden']),
  ),
  ...asks(
    'streams heartbeat, changelog denied',
    API.STREAMS_GROUP_HEARTBEAT,
    [0],
    streamsHeartbeat('s-ok-streams', ['r'], { changelogs: ['hidden'] }),
  ),
  ...asks(
    'streams heartbeat, internal topic',
    API.STREAMS_GROUP_HEARTBEAT,
    [0],
    streamsHeartbeat('s-ok-streams', ['r', '__consumer_offsets', 'hidden']),
  ),
  ...asks(
    'streams heartbeat, no topic name',
    API.STREAMS_GROUP_HEARTBEAT,
    [0],
    streamsHeartbeat('s-ok-streams', ['r', 'no/name']),
  ),
  ...asks('describe streams groups', API.STREAMS_GROUP_DESCRIBE, [0], {
    groupIds: ['s-ok-streams', 's-ok-streams-mixed', 'g-hidden', 's-ok-none'],
    includeAuthorizedOperations: false,
  }),
];
