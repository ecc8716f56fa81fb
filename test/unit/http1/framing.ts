/** How a stream of requests is cut into messages: by Sluice, by llhttp (undici's build of it) and by http-parser-js. */

import { createRequire } from 'node:module';
import { HTTPParser } from 'http-parser-js';
import { ChunkedBody } from '../../../proxy/http1/chunked.ts';
import { scanRequestHead } from '../../../proxy/http1/request-head.ts';

export interface Message {
  readonly method: string;
  readonly target: string;
  /** Content of the body, without its framing. */
  readonly body: string;
}

export interface Framing {
  readonly messages: readonly Message[];
  /** Bytes of those messages. */
  readonly length: number;
  /** Why it took no more, if it refused to. */
  readonly refusal: string | undefined;
}

/** What the proxy would forward under a rule that allows everything; an Upgrade counts as declined. */
export function framedBySluice(bytes: Buffer): Framing {
  const messages: Message[] = [];
  let at = 0;
  for (;;) {
    const scan = scanRequestHead(bytes.subarray(at));
    if (scan.kind === 'incomplete') return { messages, length: at, refusal: undefined };
    if (scan.kind !== 'head') return { messages, length: at, refusal: scan.detail };
    const { method, target, body, length } = scan.head;
    const content = body.kind === 'chunked' ? chunks(bytes, at + length) : sized(bytes, at + length, body);
    if (typeof content === 'string') return { messages, length: at, refusal: content };
    if (content === undefined) return { messages, length: at, refusal: undefined };
    messages.push({ method, target, body: content.text });
    at = content.end;
  }
}

interface Content {
  readonly text: string;
  readonly end: number;
}

function sized(
  bytes: Buffer,
  start: number,
  body: { readonly kind: 'none' } | { readonly kind: 'length'; readonly length: number },
): Content | undefined {
  const end = start + (body.kind === 'none' ? 0 : body.length);
  return end > bytes.length ? undefined : { text: bytes.toString('latin1', start, end), end };
}

/** @returns what is wrong with it; undefined when it is not whole */
function chunks(bytes: Buffer, start: number): Content | string | undefined {
  const body = new ChunkedBody('refused');
  for (let at = start; at < bytes.length; ) {
    const step = body.step(bytes.subarray(at));
    if (step.kind === 'malformed') return step.detail;
    if (step.kind === 'incomplete' || at + step.count > bytes.length) return undefined;
    at += step.count;
    if (step.last) return { text: contentOf(bytes.toString('latin1', start, at)), end: at };
  }
  return undefined;
}

/** Of a chunked body that is whole and well-formed. */
function contentOf(body: string): string {
  let text = '';
  for (let at = 0; ; ) {
    const data = body.indexOf('\r\n', at) + 2;
    const size = Number.parseInt(body.slice(at, data), 16);
    if (size === 0) return text;
    text += body.slice(data, data + size);
    at = data + size + 2;
  }
}

interface Llhttp {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly _initialize: () => void;
  readonly malloc: (size: number) => number;
  readonly free: (pointer: number) => void;
  readonly llhttp_alloc: (type: number) => number;
  readonly llhttp_free: (parser: number) => void;
  readonly llhttp_execute: (parser: number, pointer: number, length: number) => number;
  readonly llhttp_get_error_pos: (parser: number) => number;
  readonly llhttp_get_error_reason: (parser: number) => number;
  readonly llhttp_get_method: (parser: number) => number;
  readonly llhttp_method_name: (method: number) => number;
  readonly llhttp_resume_after_upgrade: (parser: number) => void;
  readonly llhttp_set_lenient_keep_alive: (parser: number, on: number) => void;
}

/** TypeScript knows it only as a part of the browser. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: Readonly<Record<string, object>>) => { readonly exports: unknown };
};

const requestType = 1;
const pausedUpgrade = 22;

/** What llhttp's calls are about at the moment: it runs on one thread, and never nests. */
let parsing = { parser: 0, target: '', body: '', messages: [] as Message[] };

const load = createRequire(import.meta.url);
const llhttp = new WebAssembly.Instance(new WebAssembly.Module(load('undici/lib/llhttp/llhttp-wasm.js') as Buffer), {
  env: {
    wasm_on_message_begin: () => {
      parsing.target = '';
      parsing.body = '';
      return 0;
    },
    wasm_on_url: (_: number, at: number, length: number) => {
      parsing.target += textAt(at, length);
      return 0;
    },
    wasm_on_status: () => 0,
    wasm_on_header_field: () => 0,
    wasm_on_header_value: () => 0,
    wasm_on_headers_complete: () => 0,
    wasm_on_body: (_: number, at: number, length: number) => {
      parsing.body += textAt(at, length);
      return 0;
    },
    wasm_on_message_complete: (parser: number) => {
      const method = cString(llhttp.llhttp_method_name(llhttp.llhttp_get_method(parser)));
      parsing.messages.push({ method, target: parsing.target, body: parsing.body });
      return 0;
    },
  },
}).exports as Llhttp;
llhttp._initialize();

function textAt(at: number, length: number): string {
  return Buffer.from(llhttp.memory.buffer, at, length).toString('latin1');
}

function cString(at: number): string {
  const bytes = Buffer.from(llhttp.memory.buffer, at, 256);
  return bytes.toString('latin1', 0, bytes.indexOf(0));
}

export function framedByLlhttp(bytes: Buffer): Omit<Framing, 'length'> {
  const parser = llhttp.llhttp_alloc(requestType);
  const pointer = llhttp.malloc(bytes.length + 1);
  parsing = { parser, target: '', body: '', messages: [] };
  // What follows `Connection: close` is a request to some servers and nothing to others; here it is looked at.
  llhttp.llhttp_set_lenient_keep_alive(parser, 1);
  try {
    Buffer.from(llhttp.memory.buffer, pointer, bytes.length).set(bytes);
    let at = 0;
    for (;;) {
      const error = llhttp.llhttp_execute(parser, pointer + at, bytes.length - at);
      if (error === 0) return { messages: parsing.messages, refusal: undefined };
      if (error !== pausedUpgrade) {
        return { messages: parsing.messages, refusal: cString(llhttp.llhttp_get_error_reason(parser)) };
      }
      at = llhttp.llhttp_get_error_pos(parser) - pointer;
      llhttp.llhttp_resume_after_upgrade(parser);
    }
  } finally {
    llhttp.llhttp_free(parser);
    llhttp.free(pointer);
  }
}

export function framedByHttpParserJs(bytes: Buffer): Omit<Framing, 'length'> {
  const messages: Message[] = [];
  const parser = new HTTPParser(HTTPParser.REQUEST);
  let method = '';
  let target = '';
  let body = '';
  parser[HTTPParser.kOnHeadersComplete] = ((info: { method: number; url: string }) => {
    method = HTTPParser.methods[info.method] ?? '';
    target = info.url;
    body = '';
  }) as never;
  parser[HTTPParser.kOnBody] = (chunk: Buffer, start: number, length: number) => {
    body += chunk.toString('latin1', start, start + length);
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    messages.push({ method, target, body });
  };
  for (let at = 0; at < bytes.length; ) {
    const taken = parser.execute(bytes.subarray(at)) as number | Error;
    if (typeof taken !== 'number') return { messages, refusal: taken.message };
    at += taken;
  }
  return { messages, refusal: undefined };
}

// As bytes are: its `ascii` takes 0x8d for a carriage return.
HTTPParser.encoding = 'latin1';

/** An oracle may refuse a method that it does not know; its framing is beyond doubt. */
const known = new Set(HTTPParser.methods);

/**
 * @returns how another reading of a stream differs from ours in a way that lets one pass for the other; undefined when it
 * does not. Whole messages are compared; one that the other refuses never reaches an application.
 */
export function difference(ours: Framing, other: Omit<Framing, 'length'>): string | undefined {
  for (const [index, message] of other.messages.entries()) {
    const own = ours.messages[index];
    if (own === undefined) return `it has a message more: ${JSON.stringify(message)}`;
    if (own.method !== message.method || own.target !== message.target || own.body !== message.body) {
      return `message ${index} is ${JSON.stringify(own)} to us and ${JSON.stringify(message)} to it`;
    }
  }
  const missing = ours.messages[other.messages.length];
  if (missing === undefined || (other.refusal !== undefined && !known.has(missing.method))) return undefined;
  return `it has ${other.messages.length} messages of ${ours.messages.length}: ${other.refusal ?? 'it waits for more'}`;
}
