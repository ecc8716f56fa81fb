/**
 * About the cluster itself. DescribeCluster: everyone, as with the broker. The others take a right on the whole cluster,
 * which only rules have that name no topic, group or transactional id; without it the answer is error 31, which two of
 * them repeat for each partition (getErrorResponse of ElectLeadersRequest and AlterPartitionReassignmentsRequest).
 */

import { type ElementRule, judgeElements } from '../elements.ts';
import { errorCode } from '../error-code.ts';
import { schema } from '../layout.ts';
import { op } from '../operations.ts';
import { type Api, passed, type Request } from '../request.ts';
import { refuse, wellFormed } from '../well-formed.ts';

export const describeCluster: Api = {
  key: 60,
  name: 'describecluster',
  min: 0,
  max: 2,
  request: schema('include_authorized_operations:bool endpoint_type:i8 1+ include_fenced:bool 2+', 0),
  response: schema(
    `
    throttle_time_ms:i32
    error:i16
    error_message:?string=-1
    endpoint_type:i8=1           1+
    cluster_id:string
    controller_id:i32=-1
    brokers:[ id:i32 host:string port:i32 rack:?string is_fenced:bool 2+ ]
    authorized_operations:i32=-2147483648`,
    0,
  ),
  namesBrokers: 'in fields',
  judge: (asked) => wellFormed(asked, () => passed),
};

const judge = (operations: number) => (asked: Request) =>
  wellFormed(asked, () =>
    asked.access.cluster(operations) ? passed : refuse(asked, errorCode.clusterAuthorizationFailed),
  );

const alterEach: ElementRule = {
  asked: 'topics',
  answered: 'topics',
  name: 'name',
  kind: 'topic',
  operations: op.alter,
  error: errorCode.clusterAuthorizationFailed,
  topError: 'repeated',
  check: ({ access }) => (access.cluster(op.alter) ? undefined : errorCode.clusterAuthorizationFailed),
  judge: () => 0,
};

export const describeAcls: Api = {
  key: 29,
  name: 'describeacls',
  min: 1,
  max: 3,
  request: schema(
    `
    resource_type:i8
    resource_name:?string
    pattern_type:i8
    principal:?string
    host:?string
    operation:i8
    permission_type:i8`,
    2,
  ),
  response: schema(
    `
    throttle_time_ms:i32
    error:i16
    error_message:?string=-1
    resources:[
      type:i8
      name:string
      pattern_type:i8
      acls:[ principal:string host:string operation:i8 permission_type:i8 ]
    ]`,
    2,
  ),
  judge: judge(op.describe),
};

export const describeLogDirs: Api = {
  key: 35,
  name: 'describelogdirs',
  min: 1,
  max: 4,
  request: schema('topics:?[ name:string partitions:(index:i32) ]', 2),
  response: schema(
    `
    throttle_time_ms:i32
    error:i16                    3+
    results:[
      error:i16
      directory:string
      topics:[ name:string partitions:[ index:i32 size:i64 lag:i64 is_future:bool ] ]
      total_bytes:i64            4+
      usable_bytes:i64           4+
    ]`,
    2,
  ),
  judge: judge(op.describe),
};

export const electLeaders: Api = {
  key: 43,
  name: 'electleaders',
  min: 1,
  max: 2,
  request: schema('election_type:i8 topics:?[ name:string partitions:(index:i32) ] timeout_ms:i32', 2),
  response: schema(
    `
    throttle_time_ms:i32
    error:i16
    topics:[ name:string partitions:[ index:i32 error:i16 error_message:?string=-1 ] ]`,
    2,
  ),
  judge: (asked) => judgeElements(asked, alterEach),
};

export const alterPartitionReassignments: Api = {
  key: 45,
  name: 'alterpartitionreassignments',
  min: 0,
  max: 0,
  request: schema('timeout_ms:i32 topics:[ name:string partitions:[ index:i32 replicas:?(id:i32) ] ]', 0),
  response: schema(
    `
    throttle_time_ms:i32
    error:i16
    error_message:?string=-1
    topics:[ name:string partitions:[ index:i32 error:i16 error_message:?string=-1 ] ]`,
    0,
  ),
  judge: (asked) => judgeElements(asked, alterEach),
};

export const listPartitionReassignments: Api = {
  key: 46,
  name: 'listpartitionreassignments',
  min: 0,
  max: 0,
  request: schema('timeout_ms:i32 topics:?[ name:string partitions:(index:i32) ]', 0),
  response: schema(
    `
    throttle_time_ms:i32
    error:i16
    error_message:?string=-1
    topics:[ name:string partitions:[ index:i32 replicas:(id:i32) adding:(id:i32) removing:(id:i32) ] ]`,
    0,
  ),
  judge: judge(op.describe),
};

// Of the broker's own response nothing is read, so its elements are not written out.
export const describeQuorum: Api = {
  key: 55,
  name: 'describequorum',
  min: 0,
  max: 2,
  request: schema('topics:[ name:string partitions:[ index:i32 ] ]', 0),
  response: schema('error:i16 error_message:?string=-1 2+ topics:[ name:string ] nodes:[ id:i32 ] 2+', 0),
  judge: judge(op.describe),
};
