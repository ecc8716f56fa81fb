/**
 * ShareFetch: group READ, topic READ for each topic of the session, which it names by id. What is denied is kept out of
 * the broker's session and comes back with error 29 in every response, as the broker does it, until the client forgets it.
 * It reaches the broker even with every topic taken out of it, because it counts the session's epoch there.
 *
 * When the rights on a topic that the broker has in the session are gone, the connection is closed: the broker ends the
 * session with it (KIP-932), and the client opens another one. When a denied topic is granted, the client is told that its
 * session is not known, with the same effect.
 */

import { limits } from '../../../src/limits.ts';
import { endFrame, writeDefault } from '../answer.ts';
import { Cursor } from '../cursor.ts';
import { errorCode } from '../error-code.ts';
import { groupRead, guarded } from '../guard.ts';
import { type Layout, schema } from '../layout.ts';
import { op } from '../operations.ts';
import { type Api, type Judgement, malformed, pass, type Request, type ResponsePlan, tooLarge } from '../request.ts';
import type { ShareSession } from '../share-sessions.ts';
import { Entries, readCount, skip, skipField, skipTags } from '../skim.ts';
import { idAt, idBytes } from '../topic-ids.ts';
import { refuse } from '../well-formed.ts';
import { Writer } from '../writer.ts';
import { openIds } from './share-topics.ts';

const request = schema(
  `
  group_id:?string
  member_id:?string
  session_epoch:i32
  max_wait_ms:i32
  min_bytes:i32
  max_bytes:i32
  max_records:i32
  batch_size:i32
  acquire_mode:i8          2+
  is_renewal:bool          2+
  topics:[
    topic_id:uuid
    partitions:[ index:i32 batches:[ first_offset:i64 last_offset:i64 types:(type:i8) ] ]
  ]
  forgotten:[ topic_id:uuid partitions:(index:i32) ]`,
  0,
);

const response = schema(
  `
  throttle_time_ms:i32
  error:i16
  error_message:?string=-1
  lock_timeout_ms:i32
  topics:[
    topic_id:uuid
    partitions:[
      index:i32
      error:i16
      error_message:?string=-1
      acknowledge_error:i16
      acknowledge_message:?string=-1
      leader:{ leader_id:i32 leader_epoch:i32 }
      records:bytes
      acquired:[ first_offset:i64 last_offset:i64 delivery_count:i16 ]
    ]
  ]
  endpoints:[ node_id:i32 host:string port:i32 rack:?string=-1 ]`,
  0,
);

const opening = 0;
const final = -1;

/** A topic that is not passed on. */
interface Withheld {
  readonly id: string;
  readonly error: number;
  readonly partitions: readonly number[];
}

const cursor = new Cursor();
const within = new Cursor();
const topics = new Entries();
const forgotten = new Entries();
const offsets = new Int32Array(16);

function judge(asked: Request): Judgement {
  const layout = request.layout(asked.version);
  if (!read(asked, layout)) return malformed('sharefetch request');
  const { bytes, shares } = asked;
  const [group, member] = [textAt(bytes, 0), textAt(bytes, 1)];
  if (group === undefined || member === undefined) return refuse(asked, errorCode.invalidRequest);
  const groupError = guarded(asked, [groupRead], cursor, layout, offsets);
  if (groupError !== undefined) return refuse(asked, groupError);

  const epoch = cursor.over(bytes, offsets[2] ?? 0, bytes.length).i32();
  const renewal = layout.at.get('is_renewal');
  const isRenewal = renewal !== undefined && bytes[offsets[renewal] ?? 0] !== 0;
  const known = shares.sessions.find(group, member);
  if (epoch !== opening && known === undefined) return refuse(asked, errorCode.shareSessionNotFound);
  const ids = openIds(asked, epoch === opening ? [] : (known?.withheld.keys() ?? []));
  if (ids.length > 0) return { kind: 'lookup', ids };

  const changed = epoch === final || known === undefined ? undefined : rightsChanged(asked, known, epoch);
  if (changed !== undefined) return changed;
  const session = epoch === opening ? shares.sessions.open(group, member) : known;
  if (session === undefined) return { kind: 'close', reason: 'limit', detail: 'too many share sessions' };

  const listed = judgeListed(asked);
  const denials = new Map<string, readonly number[]>();
  const acknowledges = hasAcknowledgements(bytes);
  if (epoch === final || isRenewal) {
    // Nothing is fetched; only acknowledgements are answered.
    if (acknowledges) for (const { id, partitions } of listed) denials.set(id, partitions);
  } else {
    update(asked, session, listed);
    if (session.isTooLarge) return { kind: 'close', reason: 'limit', detail: 'too many partitions' };
    for (const [id, partitions] of session.withheld) denials.set(id, [...partitions]);
  }
  const answered = (id: string, index: number): readonly [fetch: number, acknowledge: number] => {
    const error = errorOf(asked, id);
    const acknowledged = acknowledges && listed.some((one) => one.id === id && one.partitions.includes(index));
    return [epoch === final || isRenewal ? 0 : error, acknowledged ? error : 0];
  };
  return forward(asked, layout, listed, planOf(asked, denials, answered));
}

/** Notes where the fields, topics and forgotten topics are. */
function read({ bytes, body }: Request, layout: Layout): boolean {
  cursor.over(bytes, body, bytes.length);
  let index = 0;
  for (const field of layout.fields) {
    offsets[index++] = cursor.offset;
    if (field.name === 'topics') topics.read(cursor, field, 'topic_id');
    else if (field.name === 'forgotten') forgotten.read(cursor, field, 'topic_id');
    else skipField(cursor, field);
  }
  skipTags(cursor);
  return !cursor.failed && cursor.left === 0;
}

/** The nullable string that is the field number `index`. */
function textAt(bytes: Uint8Array, index: number): string | undefined {
  const length = within.over(bytes, offsets[index] ?? 0, bytes.length).stringLength(true);
  if (length < 0) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset + within.offset, length).toString('latin1');
}

/** 0: granted. */
function errorOf({ access, shares }: Request, id: string): number {
  const name = shares.topicIds.name(id);
  if (name === undefined) return errorCode.unknownTopicId;
  return access.sees('topic', name, 0, name.length, op.read) ? 0 : errorCode.topicAuthorizationFailed;
}

function rightsChanged(asked: Request, session: ShareSession, epoch: number): Judgement | undefined {
  for (const id of session.forwarded) {
    const name = asked.shares.topicIds.name(id);
    if (name !== undefined && asked.access.may('topic', name, 0, name.length, op.read)) continue;
    return { kind: 'close', reason: 'no-rule', detail: 'share session', error: errorCode.topicAuthorizationFailed };
  }
  if (epoch === opening) return undefined;
  for (const id of session.withheld.keys()) {
    if (errorOf(asked, id) === 0) return refuse(asked, errorCode.shareSessionNotFound);
  }
  return undefined;
}

/** Those of the request's topics that are not granted. */
function judgeListed(asked: Request): Withheld[] {
  const { access, bytes, shares } = asked;
  const denied: Withheld[] = [];
  for (let index = 0; index < topics.count; index++) {
    const id = idAt(bytes, topics.from(index));
    const name = shares.topicIds.name(id);
    if (name !== undefined && access.may('topic', name, 0, name.length, op.read)) continue;
    const error = name === undefined ? errorCode.unknownTopicId : errorCode.topicAuthorizationFailed;
    denied.push({ id, error, partitions: partitionsAt(bytes, topics, index, true) });
  }
  return denied;
}

/** Indexes of an entry's partitions, each followed by its acknowledgements where `acknowledged`. */
function partitionsAt(bytes: Uint8Array, list: Entries, entry: number, acknowledged: boolean): number[] {
  const element = request
    .layout(1)
    .fields.find(({ name }) => name === (acknowledged ? 'topics' : 'forgotten'))?.element;
  const field = element?.fields[1];
  const found: number[] = [];
  if (field === undefined) return found;
  within.over(bytes, list.from(entry) + idBytes, list.to(entry));
  for (let count = readCount(within, field); count > 0 && !within.failed; count--) {
    const start = within.offset;
    found.push(within.i32());
    within.offset = start;
    skip(within, field.element);
  }
  return found;
}

/** Whether any partition comes with acknowledgements. */
function hasAcknowledgements(bytes: Uint8Array): boolean {
  for (let index = 0; index < topics.count; index++) {
    within.over(bytes, topics.from(index) + idBytes, topics.to(index));
    for (let count = within.count(true, 1); count > 0 && !within.failed; count--) {
      within.skip(4);
      const batches = within.count(true, 1);
      if (batches > 0) return true;
      skipTags(within);
    }
  }
  return false;
}

function update({ bytes }: Request, session: ShareSession, denied: readonly Withheld[]): void {
  const kept = new Set(denied.map(({ id }) => id));
  for (let index = 0; index < topics.count; index++) {
    const id = idAt(bytes, topics.from(index));
    if (!kept.has(id)) session.forwarded.add(id);
  }
  for (const { id, partitions } of denied) session.withhold(id, partitions);
  for (let index = 0; index < forgotten.count; index++) {
    session.forget(idAt(bytes, forgotten.from(index)), partitionsAt(bytes, forgotten, index, false));
  }
}

type Insertion = Extract<ResponsePlan, { kind: 'insert' }>;

function planOf(
  { api, version }: Request,
  denials: ReadonlyMap<string, readonly number[]>,
  errors: (id: string, index: number) => readonly [fetch: number, acknowledge: number],
): ResponsePlan | undefined {
  if (denials.size === 0) return pass;
  const layout = api.response.layout(version);
  const field = layout.at.get('topics') ?? -1;
  const partition = layout.fields[field]?.element.fields[1]?.element;
  if (partition === undefined) return undefined;
  const writer = new Writer(limits.kafkaAnswerBytes);
  let first = 0;
  for (const [id, partitions] of denials) {
    writer.copy(Buffer.from(id, 'latin1'), 0, idBytes);
    writer.count(partitions.length, true);
    for (const index of partitions) {
      const [fetch, acknowledge] = errors(id, index);
      if (first === 0) first = fetch === 0 ? acknowledge : fetch;
      for (const part of partition.fields) {
        if (part.name === 'index') writer.integer(index, 4);
        else if (part.name === 'error') writer.integer(fetch, 2);
        else if (part.name === 'acknowledge_error') writer.integer(acknowledge, 2);
        else writeDefault(writer, part);
      }
      writer.uvarint(0);
    }
    writer.uvarint(0);
  }
  if (writer.failed) return undefined;
  const elements = { count: denials.size, bytes: writer.done(), error: first };
  return { kind: 'insert', layout, field, elements } satisfies Insertion;
}

/** Passes the request on without what is denied. */
function forward(
  { bytes }: Request,
  layout: Layout,
  denied: readonly Withheld[],
  plan: ResponsePlan | undefined,
): Judgement {
  if (plan === undefined) return tooLarge;
  if (denied.length === 0) return { kind: 'pass', response: plan };
  const kept = new Set(denied.map(({ id }) => id));
  const stays = (index: number): boolean => !kept.has(idAt(bytes, topics.from(index)));
  let count = 0;
  for (let index = 0; index < topics.count; index++) if (stays(index)) count++;
  const writer = new Writer(bytes.length + 8, bytes.length + 8);
  writer.copy(bytes, 0, topics.start);
  writer.count(count, layout.tagged);
  for (let index = 0; index < topics.count; index++) {
    if (stays(index)) writer.copy(bytes, topics.from(index), topics.to(index));
  }
  writer.copy(bytes, topics.end, bytes.length);
  const frame = endFrame(writer);
  return frame === undefined ? tooLarge : { kind: 'replace', frame, response: plan };
}

export const shareFetch: Api = {
  key: 78,
  name: 'sharefetch',
  min: 1,
  max: 2,
  request,
  response,
  namesBrokers: 'in fields',
  judge,
};
