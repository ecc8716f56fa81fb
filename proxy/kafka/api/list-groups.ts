/** ListGroups: groups without DESCRIBE are left out of the response. */

import { schema } from '../layout.ts';
import { type Asked, filterListing } from '../listing.ts';
import { op } from '../operations.ts';
import { type Api, passed } from '../request.ts';
import { wellFormed } from '../well-formed.ts';

const request = schema('states:(state:string) 4+  types:(type:string) 5+', 3);

const response = schema(
  `
  throttle_time_ms:i32     1+
  error:i16
  groups:[ group_id:string protocol_type:string state:string 4+ type:string 5+ ]`,
  3,
);

/** Keeps of the request what the filter needs, not its bytes. */
function filtering({ api, version, access }: Asked): (frame: Uint8Array) => Uint8Array | undefined {
  const asked = { api, version, access };
  return (frame) => filter(frame, asked);
}

function filter(frame: Uint8Array, asked: Asked): Uint8Array | undefined {
  return filterListing(frame, asked, {
    list: 'groups',
    name: 'group_id',
    kind: 'group',
    operations: op.describe,
    error: undefined,
  });
}

export const listGroups: Api = {
  key: 16,
  name: 'listgroups',
  min: 0,
  max: 5,
  request,
  response,
  judge: (asked) =>
    wellFormed(asked, () =>
      asked.access.all('group', op.describe)
        ? passed
        : { kind: 'pass', response: { kind: 'rewrite', rewrite: filtering(asked) } },
    ),
};
