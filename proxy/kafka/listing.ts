/**
 * Responses that list topics, groups or the like which the request did not (all) name: what the client may not see is
 * left out, or stands there with an error and nothing else.
 */

import { limits } from '../../src/limits.ts';
import type { Access } from './access.ts';
import { endFrame, hasTaggedHeader, writeDefault } from './answer.ts';
import { Cursor } from './cursor.ts';
import type { Layout } from './layout.ts';
import { op, type ResourceKind } from './operations.ts';
import type { Request } from './request.ts';
import { Entries, locate, skipField, skipTags, walkStrings } from './skim.ts';
import { Writer } from './writer.ts';

export interface ListingRule {
  /** The response's list, and the field of an element that names its resource. */
  readonly list: string;
  readonly name: string;
  readonly kind: ResourceKind;
  readonly operations: number;
  /** Error of an element that is not granted; undefined: it is left out. */
  readonly error: number | undefined;
  /** The field of such an element that stays. */
  readonly keep?: string;
  /** A further reason to hide an element that is granted by its name. */
  readonly hides?: (element: Layout, frame: Uint8Array, start: number, end: number) => boolean;
}

/** Of the request, what its response is filtered by; the request's own bytes are gone by then. */
export type Asked = Pick<Request, 'api' | 'version' | 'access'>;

const cursor = new Cursor();
const entries = new Entries();
const offsets = new Int32Array(64);

/** The response frame without what is not granted; undefined: it is not what the protocol says, or too large. */
export function filterListing(frame: Uint8Array, asked: Asked, rule: ListingRule): Uint8Array | undefined {
  const { api, version } = asked;
  const layout = api.response.layout(version);
  cursor.over(frame, 8, frame.length);
  if (hasTaggedHeader(api, version)) skipTags(cursor);
  for (const field of layout.fields) {
    if (field.name === rule.list) entries.read(cursor, field, rule.name);
    else skipField(cursor, field);
  }
  if (layout.tagged) skipTags(cursor);
  const list = layout.fields[layout.at.get(rule.list) ?? -1];
  if (cursor.failed || cursor.left > 0 || list === undefined) return undefined;

  let hidden = 0;
  for (let index = 0; index < entries.count; index++) if (isHidden(frame, asked, rule, list.element, index)) hidden++;
  if (hidden === 0) return frame;

  const writer = new Writer(limits.kafkaHeldResponseBytes + limits.kafkaAnswerBytes, frame.length);
  writer.copy(frame, 0, entries.start);
  writer.count(rule.error === undefined ? entries.count - hidden : entries.count, list.compact);
  for (let index = 0; index < entries.count; index++) {
    if (!isHidden(frame, asked, rule, list.element, index)) writer.copy(frame, entries.from(index), entries.to(index));
    else if (rule.error !== undefined) writeHidden(writer, frame, list.element, rule, rule.error, index);
  }
  writer.copy(frame, entries.end, frame.length);
  return endFrame(writer);
}

/** A null name hides nothing: the broker does not know the topic either. */
function isHidden(frame: Uint8Array, { access }: Asked, rule: ListingRule, element: Layout, index: number): boolean {
  const length = entries.nameLength(index);
  if (length < 0) return false;
  if (!access.sees(rule.kind, frame, entries.nameAt(index), length, rule.operations)) return true;
  return rule.hides?.(element, frame, entries.from(index), entries.to(index)) === true;
}

const within = new Cursor();

/** Whether any field `topic` of the element, however deep, names a topic that the client may not DESCRIBE. */
export function mentionsHidden(
  access: Access,
  element: Layout,
  frame: Uint8Array,
  start: number,
  end: number,
): boolean {
  let hidden = false;
  walkStrings(within.over(frame, start, end), element, ({ name }, at, length) => {
    if (name === 'topic' && length >= 0 && !access.sees('topic', frame, at, length, op.describe)) hidden = true;
  });
  return hidden || within.failed;
}

function writeHidden(
  writer: Writer,
  frame: Uint8Array,
  element: Layout,
  rule: ListingRule,
  error: number,
  index: number,
): void {
  locate(cursor.over(frame, entries.from(index), entries.to(index)), element, offsets);
  let position = 0;
  for (const field of element.fields) {
    const start = offsets[position++] ?? 0;
    if (field.name === 'error') {
      writer.integer(error, field.size);
    } else if (field.name === rule.keep) {
      skipField(cursor.over(frame, start, entries.to(index)), field);
      writer.copy(frame, start, cursor.offset);
    } else {
      writeDefault(writer, field);
    }
  }
  if (element.tagged) writer.uvarint(0);
}
