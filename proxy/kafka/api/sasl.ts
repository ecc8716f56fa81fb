/**
 * SaslHandshake and SaslAuthenticate: everyone may authenticate; the broker does it. Tokens are neither read nor
 * recorded. Handshake version 0 is refused: raw tokens without a request header would follow it, and with them the end
 * of all judging.
 */

import { schema } from '../layout.ts';
import { type Api, passed } from '../request.ts';
import { wellFormed } from '../well-formed.ts';

/** librdkafka gives up SASL when version 0 is not announced, and then uses 1. */
export const saslHandshake: Api = {
  key: 17,
  name: 'saslhandshake',
  min: 1,
  max: 1,
  announcedMin: 0,
  request: schema('mechanism:string', Number.POSITIVE_INFINITY),
  response: schema('error:i16 mechanisms:(name:string)', Number.POSITIVE_INFINITY),
  judge: (request) => wellFormed(request, () => passed),
};

export const saslAuthenticate: Api = {
  key: 36,
  name: 'saslauthenticate',
  min: 0,
  max: 2,
  request: schema('token:bytes', 2),
  response: schema('error:i16 error_message:?string token:bytes session_lifetime_ms:i64 1+', 2),
  judge: (request) => wellFormed(request, () => passed),
};
