/**
 * DescribeConfigs, AlterConfigs, IncrementalAlterConfigs: for each resource DESCRIBE_CONFIGS or ALTER_CONFIGS on what it
 * is: a topic (2), a group (32), or something of the whole cluster (brokers 4, their loggers 8, client metrics 16, and
 * whatever else there will be).
 */

import { judgeElements } from '../elements.ts';
import { errorCode } from '../error-code.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import type { Api, Judgement, Request } from '../request.ts';

function judge(asked: Request, operations: number): Judgement {
  const { access, bytes } = asked;
  return judgeElements(asked, {
    asked: 'resources',
    answered: 'resources',
    name: 'name',
    kind: 'topic',
    operations,
    error: errorCode.topicAuthorizationFailed,
    judge(entries, index) {
      const start = entries.nameAt(index);
      const length = entries.nameLength(index);
      // The type is an element's first byte.
      switch (bytes[entries.from(index)]) {
        case 2:
          return access.may('topic', bytes, start, length, operations) ? 0 : errorCode.topicAuthorizationFailed;
        case 32:
          return access.may('group', bytes, start, length, operations) ? 0 : errorCode.groupAuthorizationFailed;
        default:
          return access.cluster(operations) ? 0 : errorCode.clusterAuthorizationFailed;
      }
    },
  });
}

export const describeConfigs: Api = {
  key: 32,
  name: 'describeconfigs',
  min: 1,
  max: 4,
  request: schema(
    `
    resources:[ type:i8 name:string keys:?(key:string) ]
    include_synonyms:bool
    include_documentation:bool   3+`,
    4,
  ),
  response: schema(
    `
    throttle_time_ms:i32
    resources:[
      error:i16
      denial:?string=-1
      type:i8
      name:string
      configs:[
        name:string
        value:?string
        read_only:bool
        source:i8
        is_sensitive:bool
        synonyms:[ name:string value:?string source:i8 ]
        type:i8                  3+
        documentation:?string    3+
      ]
    ]`,
    4,
  ),
  judge: (asked) => judge(asked, op.describeConfigs),
};

export const alterConfigs: Api = {
  key: 33,
  name: 'alterconfigs',
  min: 0,
  max: 2,
  request: schema('resources:[ type:i8 name:string settings:[ name:string value:?string ] ] validate_only:bool', 2),
  response: schema('throttle_time_ms:i32 resources:[ error:i16 denial:?string=-1 type:i8 name:string ]', 2),
  judge: (asked) => judge(asked, op.alterConfigs),
};

export const incrementalAlterConfigs: Api = {
  key: 44,
  name: 'incrementalalterconfigs',
  min: 0,
  max: 1,
  request: schema(
    'resources:[ type:i8 name:string settings:[ name:string operation:i8 value:?string ] ] validate_only:bool',
    1,
  ),
  response: schema('throttle_time_ms:i32 resources:[ error:i16 denial:?string=-1 type:i8 name:string ]', 1),
  judge: (asked) => judge(asked, op.alterConfigs),
};
