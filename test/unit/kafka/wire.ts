/**
 * Kafka messages in the words of kafka-ts, a client written by others: its encoders make the requests, its decoders
 * read what reaches the client. Broker responses are put together here, field by field.
 */

import { API } from 'kafka-ts';
import { Decoder } from 'kafka-ts/dist/utils/decoder.js';
import { Encoder } from 'kafka-ts/dist/utils/encoder.js';

export { API, Encoder };

export interface Message<Request, Response> {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly requestHeaderVersion: 1 | 2;
  readonly responseHeaderVersion: 0 | 1;
  readonly fallback?: Message<Request, Response>;
  request(encoder: Encoder, data: Request): Encoder;
  response(decoder: Decoder): Promise<Response> | Response;
}

/** kafka-ts chains the versions of an API, newest first. */
export function at<Request, Response>(api: Message<Request, Response>, version: number): Message<Request, Response> {
  for (let message: Message<Request, Response> | undefined = api; message !== undefined; message = message.fallback) {
    if (message.apiVersion === version) return message;
  }
  throw new Error(`kafka-ts has no version ${version} of API ${api.apiKey}`);
}

export interface Envelope {
  readonly correlationId?: number;
  readonly clientId?: string | null;
}

function sized(body: Buffer): Buffer {
  return Buffer.concat([new Encoder().writeInt32(body.length).value(), body]);
}

export function requestFrame<Request, Response>(
  api: Message<Request, Response>,
  data: Request,
  { correlationId = 7, clientId = 'client' }: Envelope = {},
): Buffer {
  const encoder = new Encoder()
    .writeInt16(api.apiKey)
    .writeInt16(api.apiVersion)
    .writeInt32(correlationId)
    .writeString(clientId);
  if (api.requestHeaderVersion === 2) encoder.writeUVarInt(0);
  return sized(api.request(encoder, data).value());
}

/** A request whose body is written by hand. */
export function rawFrame(key: number, version: number, body: Buffer, tagged = false, correlationId = 7): Buffer {
  const encoder = new Encoder().writeInt16(key).writeInt16(version).writeInt32(correlationId).writeString('client');
  if (tagged) encoder.writeUVarInt(0);
  return sized(encoder.write(body).value());
}

/** A response as a broker sends it. */
export function responseFrame(
  api: { readonly responseHeaderVersion: 0 | 1 },
  write: (encoder: Encoder) => Encoder,
  correlationId = 7,
): Buffer {
  const encoder = new Encoder().writeInt32(correlationId);
  if (api.responseHeaderVersion === 1) encoder.writeUVarInt(0);
  return sized(write(encoder).value());
}

/** What a client reads in exactly one response frame. */
export async function decode<Request, Response>(
  api: Message<Request, Response>,
  frame: Buffer,
): Promise<{ readonly correlationId: number; readonly body: Response; readonly error: unknown }> {
  if (frame.readInt32BE(0) !== frame.length - 4) throw new Error('not one frame');
  const decoder = new Decoder(frame.subarray(4));
  const correlationId = decoder.readInt32();
  if (api.responseHeaderVersion === 1) decoder.readTagBuffer();
  let error: unknown;
  let body: Response | undefined;
  try {
    body = await api.response(decoder);
  } catch (caught) {
    // kafka-ts throws on error codes, with what it read.
    error = caught;
    body = (caught as { response?: Response }).response;
  }
  if (decoder.getOffset() !== decoder.getBufferLength()) throw new Error('bytes left after the response');
  return { correlationId, body: body as Response, error };
}
