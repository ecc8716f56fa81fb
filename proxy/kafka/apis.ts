/**
 * What is judged, by key. A key that is not here is refused and taken out of ApiVersions: telemetry (71, 72), share
 * and streams groups, delegation tokens, ACL, quota and SCRAM administration, everything between brokers, Envelope (58).
 */

import { apiVersions } from './api/api-versions.ts';
import { fetch } from './api/fetch.ts';
import { metadata } from './api/metadata.ts';
import { produce } from './api/produce.ts';
import { saslAuthenticate, saslHandshake } from './api/sasl.ts';
import type { Api } from './request.ts';

const enforced = new Map<number, Api>();
export const apis: ReadonlyMap<number, Api> = enforced;

for (const api of [apiVersions(enforced), saslHandshake, saslAuthenticate, produce, fetch, metadata]) {
  enforced.set(api.key, api);
}
