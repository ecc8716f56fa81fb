/** The topics of ShareFetch and ShareAcknowledge, which go by their ids alone. */

import { Cursor } from '../cursor.ts';
import type { Request } from '../request.ts';
import { Entries, skipField } from '../skim.ts';
import { idAt } from '../topic-ids.ts';

const cursor = new Cursor();
const entries = new Entries();

/** Of the request's topics and `others`, those of which the names are not known yet; none when it is malformed. */
export function openIds(asked: Request, others: Iterable<string>): string[] {
  const { topicIds } = asked.shares;
  const open = new Set<string>();
  cursor.over(asked.bytes, asked.body, asked.bytes.length);
  for (const field of asked.api.request.layout(asked.version).fields) {
    if (field.name !== 'topics') {
      skipField(cursor, field);
      continue;
    }
    entries.read(cursor, field, 'topic_id');
    if (cursor.failed) return [];
    for (let index = 0; index < entries.count; index++) {
      const id = idAt(asked.bytes, entries.from(index));
      if (topicIds.isOpen(id)) open.add(id);
    }
  }
  for (const id of others) if (topicIds.isOpen(id)) open.add(id);
  return [...open];
}
