/**
 * The consumer protocol of KIP-848. ConsumerGroupHeartbeat: group READ, topic DESCRIBE for each subscribed name; a
 * pattern is resolved by the broker under its own rights, so it takes DESCRIBE on all topics. ConsumerGroupDescribe:
 * group DESCRIBE for each group; a group that has to do with a topic that the client may not DESCRIBE comes back with
 * error 29 and nothing else of it, as the broker does.
 */

import { Cursor } from '../cursor.ts';
import { judgeElements } from '../elements.ts';
import { errorCode } from '../error-code.ts';
import { groupRead, guarded } from '../guard.ts';
import { schema } from '../layout.ts';
import { type Asked, filterListing, mentionsHidden } from '../listing.ts';
import { op } from '../operations.ts';
import { type Api, type Judgement, passed, type Request } from '../request.ts';
import { Entries } from '../skim.ts';
import { refuse, wellFormed } from '../well-formed.ts';

const heartbeatRequest = schema(
  `
  group_id:string
  member_id:string
  member_epoch:i32
  instance_id:?string
  rack_id:?string
  rebalance_timeout_ms:i32
  subscribed_names:?(topic:string)
  subscribed_pattern:?string     1+
  assignor:?string
  owned:?[ topic_id:uuid partitions:(index:i32) ]`,
  0,
);

const heartbeatResponse = schema(
  `
  throttle_time_ms:i32
  error:i16
  error_message:?string=-1
  member_id:?string=-1
  member_epoch:i32
  heartbeat_interval_ms:i32
  assignment:?{ partitions:[ topic_id:uuid partitions:(index:i32) ] } =-1`,
  0,
);

const cursor = new Cursor();
const entries = new Entries();

function judgeHeartbeat(asked: Request): Judgement {
  return wellFormed(asked, (offsets) => {
    const { access, bytes } = asked;
    const layout = heartbeatRequest.layout(asked.version);
    cursor.over(bytes, asked.body, bytes.length);
    const groupError = guarded(asked, [groupRead], cursor, layout, offsets);
    if (groupError !== undefined) return refuse(asked, groupError);

    let granted = true;
    layout.fields.forEach((field, index) => {
      cursor.offset = offsets[index] ?? 0;
      if (field.name === 'subscribed_names') {
        entries.read(cursor, field, 'topic');
        for (let name = 0; name < entries.count; name++) {
          if (!access.may('topic', bytes, entries.nameAt(name), entries.nameLength(name), op.describe)) granted = false;
        }
      } else if (field.name === 'subscribed_pattern' && cursor.stringLength(field.compact) > 0) {
        if (access.all('topic', op.describe)) return;
        access.deny('topic', 'pattern');
        granted = false;
      }
    });
    // More names than are looked at.
    if (cursor.failed) granted = false;
    return granted ? passed : refuse(asked, errorCode.topicAuthorizationFailed);
  });
}

export const consumerGroupHeartbeat: Api = {
  key: 68,
  name: 'consumergroupheartbeat',
  min: 0,
  max: 1,
  request: heartbeatRequest,
  response: heartbeatResponse,
  judge: judgeHeartbeat,
};

const describeResponse = schema(
  `
  throttle_time_ms:i32
  groups:[
    error:i16
    error_message:?string=-1
    group_id:string
    state:string
    epoch:i32
    assignment_epoch:i32
    assignor:string
    members:[
      member_id:string
      instance_id:?string
      rack_id:?string
      member_epoch:i32
      client_id:string
      client_host:string
      subscribed_names:(topic:string)
      subscribed_pattern:?string
      assignment:{ partitions:[ topic_id:uuid topic:string partitions:(index:i32) ] }
      target:{ partitions:[ topic_id:uuid topic:string partitions:(index:i32) ] }
      type:i8                    1+
    ]
    authorized_operations:i32=-2147483648
  ]`,
  0,
);

/** Keeps of the request what the filter needs, not its bytes. */
function filtering({ api, version, access }: Asked): (frame: Uint8Array) => Uint8Array | undefined {
  const asked = { api, version, access };
  return (frame) => filterDescriptions(frame, asked);
}

function filterDescriptions(frame: Uint8Array, asked: Asked): Uint8Array | undefined {
  return filterListing(frame, asked, {
    list: 'groups',
    name: 'group_id',
    kind: 'group',
    operations: op.describe,
    error: errorCode.topicAuthorizationFailed,
    keep: 'group_id',
    hides: (element, bytes, start, end) => mentionsHidden(asked.access, element, bytes, start, end),
  });
}

export const consumerGroupDescribe: Api = {
  key: 69,
  name: 'consumergroupdescribe',
  min: 0,
  max: 1,
  request: schema('groups:(group_id:string) include_authorized_operations:bool', 0),
  response: describeResponse,
  judge: (asked) =>
    judgeElements(asked, {
      asked: 'groups',
      answered: 'groups',
      name: 'group_id',
      kind: 'group',
      operations: op.describe,
      error: errorCode.groupAuthorizationFailed,
      ...(asked.access.all('topic', op.describe) ? {} : { filter: filtering(asked) }),
    }),
};
