/**
 * What the group protocols that the broker drives have in common: consumer groups (KIP-848), share groups (KIP-932) and
 * streams groups (KIP-1071). In their grammars `topic` is a topic that has to exist, `created` one that the broker makes
 * for the group if it does not, `pattern` a regular expression over topics.
 */

import { Cursor } from './cursor.ts';
import { judgeElements } from './elements.ts';
import { errorCode } from './error-code.ts';
import { groupRead, guarded } from './guard.ts';
import { type Asked, filterListing, mentionsHidden } from './listing.ts';
import { op } from './operations.ts';
import { type Judgement, passed, type Request } from './request.ts';
import { walkStrings } from './skim.ts';
import { refuse, wellFormed } from './well-formed.ts';

const cursor = new Cursor();

/**
 * A heartbeat: group READ, then DESCRIBE for each topic, CREATE too where the broker would make it. A pattern is resolved
 * by the broker under its own rights, so it takes DESCRIBE on all topics.
 * @param refusal - of a name that no right can help; an error code.
 */
export function judgeMembership(
  asked: Request,
  refusal: (bytes: Uint8Array, start: number, length: number) => number | undefined = () => undefined,
): Judgement {
  return wellFormed(asked, (offsets) => {
    const { access, bytes, api, version } = asked;
    const layout = api.request.layout(version);
    cursor.over(bytes, asked.body, bytes.length);
    const groupError = guarded(asked, [groupRead], cursor, layout, offsets);
    if (groupError !== undefined) return refuse(asked, groupError);

    let granted = true;
    let refused: number | undefined;
    walkStrings(cursor.over(bytes, asked.body, bytes.length), layout, ({ name }, start, length) => {
      if (name === 'pattern' && length > 0 && !access.all('topic', op.describe)) {
        access.deny('topic', 'pattern');
        granted = false;
      }
      if (name !== 'topic' && name !== 'created') return;
      refused ??= refusal(bytes, start, length);
      if (!access.may('topic', bytes, start, length, op.describe)) granted = false;
      else if (name === 'created' && !access.may('topic', bytes, start, length, op.create)) granted = false;
    });
    if (refused !== undefined) return refuse(asked, refused);
    return granted ? passed : refuse(asked, errorCode.topicAuthorizationFailed);
  });
}

/**
 * A description of groups: group DESCRIBE for each. One that has to do with a topic that the client may not DESCRIBE
 * comes back with error 29 and nothing else of it, as the broker does.
 */
export function judgeDescriptions(asked: Request): Judgement {
  return judgeElements(asked, {
    asked: 'groups',
    answered: 'groups',
    name: 'group_id',
    kind: 'group',
    operations: op.describe,
    error: errorCode.groupAuthorizationFailed,
    ...(asked.access.all('topic', op.describe) ? {} : { filter: filtering(asked) }),
  });
}

/** Keeps of the request what the filter needs, not its bytes. */
function filtering({ api, version, access }: Asked): (frame: Uint8Array) => Uint8Array | undefined {
  const asked = { api, version, access };
  return (frame) =>
    filterListing(frame, asked, {
      list: 'groups',
      name: 'group_id',
      kind: 'group',
      operations: op.describe,
      error: errorCode.topicAuthorizationFailed,
      keep: 'group_id',
      hides: (element, bytes, start, end) => mentionsHidden(access, element, bytes, start, end),
    });
}
