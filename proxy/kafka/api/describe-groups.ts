/** DescribeGroups: group DESCRIBE for each group. */

import { judgeElements } from '../elements.ts';
import { errorCode } from '../error-code.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import type { Api } from '../request.ts';

const request = schema('groups:(group_id:string) include_authorized_operations:bool 3+', 5);

const response = schema(
  `
  throttle_time_ms:i32     1+
  groups:[
    error:i16
    error_message:?string=-1   6+
    group_id:string
    state:string
    protocol_type:string
    protocol_data:string
    members:[
      member_id:string
      group_instance_id:?string    4+
      client_id:string
      client_host:string
      metadata:bytes
      assignment:bytes
    ]
    authorized_operations:i32=-2147483648  3+
  ]`,
  5,
);

export const describeGroups: Api = {
  key: 15,
  name: 'describegroups',
  min: 0,
  max: 6,
  request,
  response,
  judge: (asked) =>
    judgeElements(asked, {
      asked: 'groups',
      answered: 'groups',
      name: 'group_id',
      kind: 'group',
      operations: op.describe,
      error: errorCode.groupAuthorizationFailed,
    }),
};
