/** The protocols that a worker speaks. */

import type { Protocols } from '../../proxy/detect.ts';
import { http1 } from '../../proxy/http1/http1.ts';
import { http2 } from '../../proxy/http2/http2.ts';
import { kafka } from '../../proxy/kafka/kafka.ts';

export const protocols: Protocols = { http1, http2, kafka };
