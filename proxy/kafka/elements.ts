/**
 * Requests that carry a list of topics (groups, …) of which each is granted or denied by itself.
 *
 * As the broker does it: what is granted is executed, what is denied comes back with its error in the same response.
 * The denied elements are taken out of the request; when the broker has answered the rest, they are put in front of the
 * response's list, for which only its size and its count have to change. Every occurrence of a name is judged.
 */

import { limits } from '../../src/limits.ts';
import { endFrame, hasTaggedHeader, respond, writeDenied } from './answer.ts';
import { Cursor } from './cursor.ts';
import { errorCode } from './error-code.ts';
import type { Guard } from './guard.ts';
import { guarded } from './guard.ts';
import type { Field, Layout } from './layout.ts';
import type { ResourceKind } from './operations.ts';
import {
  type Denials,
  type Judgement,
  malformed,
  passed,
  type Request,
  type ResponsePlan,
  tooLarge,
} from './request.ts';
import { Entries, skipField, skipTags } from './skim.ts';
import { refuse } from './well-formed.ts';
import { Writer } from './writer.ts';

export interface ElementRule {
  /** Fields of the request and of the response that list the elements. */
  readonly asked: string;
  readonly answered: string;
  /** The field of an element that names its resource. */
  readonly name: string;
  readonly kind: ResourceKind;
  readonly operations: number;
  readonly error: number;
  /** Words beside the error, where Kafka has others than usual. */
  readonly denial?: string;
  /** What the whole request needs. */
  readonly guards?: readonly Guard[];
  /** Error of the granted elements when another one is denied: nothing is executed then. */
  readonly othersError?: number;
  /** Goes to the broker even when every element is denied. */
  readonly asksAlways?: true;
  /** When a guard is not met the response's own `error` says so; alone, or repeated in each element. */
  readonly topError?: 'alone' | 'repeated';
  /** A further check of the request; its error holds for all elements. */
  readonly check?: (request: Request, layout: Layout, offsets: Int32Array) => number | undefined;
  /** A further look at the broker's response. */
  readonly filter?: (frame: Uint8Array) => Uint8Array | undefined;
  /** Changes to a request that passes as a whole. */
  readonly amend?: (request: Request, layout: Layout, offsets: Int32Array) => Judgement;
  /** The same to a request of which elements were taken out; fields before the list stand where they stood. */
  readonly amendFrame?: (frame: Uint8Array, layout: Layout, offsets: Int32Array) => void;
  /** Judges an element instead of `kind` and `operations`. */
  readonly judge?: (entries: Entries, index: number, offsets: Int32Array, bytes: Uint8Array) => number;
}

/** Of most APIs with topics: each is judged by its name, and Kafka's usual error says so. */
export const byTopic = {
  asked: 'topics',
  answered: 'topics',
  name: 'name',
  kind: 'topic',
  error: errorCode.topicAuthorizationFailed,
} as const satisfies Partial<ElementRule>;

type Insertion = Extract<ResponsePlan, { kind: 'insert' }>;

const none = new Uint8Array(0);

// One request is judged at a time, so all share one set of notes.
const cursor = new Cursor();
const entries = new Entries();
const offsets = new Int32Array(64);
let errors = new Int16Array(256);

export function judgeElements(request: Request, rule: ElementRule): Judgement {
  const layout = request.api.request.layout(request.version);
  cursor.over(request.bytes, request.body, request.bytes.length);
  let index = 0;
  let list: Field | undefined;
  for (const field of layout.fields) {
    offsets[index++] = cursor.offset;
    if (field.name === rule.asked) {
      list = field;
      entries.read(cursor, field, rule.name);
    } else {
      skipField(cursor, field);
    }
  }
  if (layout.tagged) skipTags(cursor);
  if (list === undefined || cursor.failed || cursor.left > 0) return malformed(`${request.api.name} request`);

  const error = guarded(request, rule.guards ?? [], cursor, layout, offsets) ?? rule.check?.(request, layout, offsets);
  if (error !== undefined) {
    errors = errors.length < entries.count ? new Int16Array(entries.count) : errors;
    errors.fill(error, 0, entries.count);
    if (rule.topError === 'alone') return refuse(request, error);
    return answerAll(request, rule, list, error, rule.topError === 'repeated' ? error : 0);
  }
  const denied = judgeEach(request, rule);
  if (denied === 0) {
    if (rule.filter !== undefined) return { kind: 'pass', response: { kind: 'rewrite', rewrite: rule.filter } };
    return rule.amend?.(request, layout, offsets) ?? passed;
  }
  if ((denied === entries.count && rule.asksAlways !== true) || rule.othersError !== undefined) {
    return answerAll(request, rule, list, deniedError(rule));
  }
  return strip(request, rule, list, denied);
}

/** Notes the error of each element, 0 for none; returns how many have one. */
function judgeEach(request: Request, rule: ElementRule): number {
  const { count } = entries;
  if (errors.length < count) errors = new Int16Array(Math.max(count, 2 * errors.length));
  let denied = 0;
  for (let index = 0; index < count; index++) {
    const { access, bytes } = request;
    const error =
      rule.judge?.(entries, index, offsets, bytes) ??
      (access.may(rule.kind, bytes, entries.nameAt(index), entries.nameLength(index), rule.operations)
        ? 0
        : rule.error);
    errors[index] = error;
    if (error !== 0) denied++;
  }
  if (denied > 0 && rule.othersError !== undefined) {
    for (let index = 0; index < count; index++) if (errors[index] === 0) errors[index] = rule.othersError;
  }
  return denied;
}

/** The error of the first element that was denied itself. */
function deniedError(rule: ElementRule): number {
  return errors.subarray(0, entries.count).find((error) => error !== 0 && error !== rule.othersError) ?? rule.error;
}

function answerAll(request: Request, rule: ElementRule, list: Field, error: number, top = 0): Judgement {
  const frame = respond(request, top, (writer, field) => {
    if (field.name !== rule.answered) return false;
    writer.count(entries.count, field.compact);
    writeEach(writer, request, field.element, list.element, rule);
    return true;
  });
  return frame === undefined ? tooLarge : { kind: 'answer', frame, error };
}

/** Writes the answers to all elements that have an error. */
function writeEach(writer: Writer, request: Request, response: Layout, asked: Layout, rule: ElementRule): void {
  for (let index = 0; index < entries.count; index++) {
    const error = errors[index] ?? 0;
    if (error !== 0) writeDenied(writer, response, request.bytes, entries.from(index), asked, error, rule.denial);
  }
}

function strip(request: Request, rule: ElementRule, list: Field, denied: number): Judgement {
  const { bytes } = request;
  const response = request.api.response.layout(request.version);
  const field = response.at.get(rule.answered) ?? -1;
  const answered = response.fields[field];
  if (answered === undefined) return malformed(`${request.api.name} response`);

  const answers = new Writer(limits.kafkaAnswerBytes);
  writeEach(answers, request, answered.element, list.element, rule);
  const frame = new Writer(bytes.length + 8, bytes.length + 8);
  frame.copy(bytes, 0, entries.start);
  frame.count(entries.count - denied, list.compact);
  for (let index = 0; index < entries.count; index++) {
    if (errors[index] === 0) frame.copy(bytes, entries.from(index), entries.to(index));
  }
  frame.copy(bytes, entries.end, bytes.length);
  const stripped = endFrame(frame);
  if (answers.failed || stripped === undefined) return tooLarge;
  rule.amendFrame?.(stripped, request.api.request.layout(request.version), offsets);
  const elements: Denials = { count: denied, bytes: answers.done(), error: deniedError(rule) };
  const insert: Insertion = { kind: 'insert', layout: response, field, elements };
  if (rule.filter === undefined) return { kind: 'replace', frame: stripped, response: insert };
  const tagged = hasTaggedHeader(request.api, request.version);
  const { filter } = rule;
  return {
    kind: 'replace',
    frame: stripped,
    response: { kind: 'rewrite', rewrite: (frame) => insertInto(filter(frame), tagged, insert) },
  };
}

function insertInto(frame: Uint8Array | undefined, tagged: boolean, insert: Insertion): Uint8Array | undefined {
  const head = frame === undefined ? undefined : insertDenials(frame, tagged, insert);
  return frame === undefined || head === undefined
    ? undefined
    : Buffer.concat([head.bytes, frame.subarray(head.length)]);
}

/**
 * The head of a response with denied elements in front of its list: what stands for the first `length` bytes of `head`,
 * which is the response's beginning and has tags in its header where `tagged`. Nothing for nothing, where the response
 * says that the request failed as a whole. Undefined: the beginning is too short (or not what the protocol says).
 */
export function insertDenials(
  head: Uint8Array,
  tagged: boolean,
  plan: Insertion,
): { readonly bytes: Uint8Array; readonly length: number } | undefined {
  cursor.over(head, 8, head.length);
  if (tagged) skipTags(cursor);
  for (let index = 0; index < plan.field; index++) {
    const field = plan.layout.fields[index];
    if (field === undefined) continue;
    if (field.name === 'error' && cursor.i16() !== 0) return cursor.failed ? undefined : { bytes: none, length: 0 };
    if (field.name !== 'error') skipField(cursor, field);
  }
  const list = plan.layout.fields[plan.field];
  if (list === undefined) return undefined;
  const start = cursor.offset;
  // A null list answers as an empty one; elements need not be there yet, so their size is not held against the count.
  const count = cursor.count(list.compact, 0);
  if (cursor.failed) return undefined;
  const writer = new Writer(head.length + plan.elements.bytes.length + 8, start + plan.elements.bytes.length + 8);
  writer.copy(head, 0, start);
  writer.count(Math.max(0, count) + plan.elements.count, list.compact);
  writer.copy(plan.elements.bytes, 0, plan.elements.bytes.length);
  const length = cursor.offset;
  const grown = writer.length - length;
  const size = cursor.over(head, 0, 4).i32() + grown;
  if (size > 0x7fffffff) return undefined;
  writer.patch32(0, size);
  return { bytes: writer.done(), length };
}
