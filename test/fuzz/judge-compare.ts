/**
 * One head after the other through the BPF program on an open connection, and through the proxy's scanner and `decide()`.
 * The stream is put back to where its handshake left it before each head, which saves all packets but one.
 */

import type { BpfMap } from '../../native/index.ts';
import { stream, stream_mode, stream_side } from '../../src/datapath/abi.generated.ts';
import { compileJudge } from '../../src/judge/compile.ts';
import type { HttpRuleSet } from '../../src/policy/resolved.ts';
import type { TapBench } from '../bpf/bench-tap.ts';
import { rules as benchRules, judgeBench } from '../bpf/judge-bench.ts';
import { type Family, ipv4, ipv4Server, ipv6, JudgedConnection } from '../bpf/judged-connection.ts';
import { vectors } from '../conformance/http/vectors.ts';
import { Random } from '../unit/http1/mutations.ts';
import { allowedByProxy, ruleSet } from '../unit/judge/rule-sets.ts';
import { type Head, head, rules } from './judge-heads.ts';

export interface Counts {
  heads: number;
  ruleSets: number;
  accepted: number;
  /** Plain ones that TypeScript allows, and how many of them the kernel accepted. */
  plain: number;
  plainAccepted: number;
}

/** What the kernel made of a head that it accepted. */
interface Accepted {
  readonly length: number;
  readonly body: number;
  readonly rule: number;
}

const headsOfOneSet = 2000;
/** BPF_PROG_TEST_RUN takes no packets beyond a page; the kernel judges by the first 1,536 bytes. */
const segmentBytes = 3000;
const families: readonly Family[] = [ipv4, ipv6, ipv4Server];

export class Comparison implements Disposable {
  readonly counts: Counts = { heads: 0, ruleSets: 0, accepted: 0, plain: 0, plainAccepted: 0 };
  readonly #bench: TapBench = judgeBench();
  readonly #connections = families.map((family) => new OpenConnection(this.#bench, family));
  readonly #seeds = vectors.map(({ bytes }) => bytes);

  /** Every vector of the bypass suite, as it is, under the suite's own rule. @returns differences */
  vectors(): string[] {
    const set = ruleSet([{ method: 'GET|HEAD|POST', path: '/allowed/.*' }]);
    const heads = this.#seeds.map((text): Head => ({ bytes: Buffer.from(text, 'latin1'), plain: false }));
    return this.#under(set, heads);
  }

  /** 2,000 heads under one rule set. @returns differences, each with the head */
  round(seed: number): string[] {
    const random = new Random(seed);
    const { http, grpc } = rules(random);
    const heads = Array.from({ length: headsOfOneSet }, () => head(random, this.#seeds));
    return this.#under(ruleSet(http, grpc), heads).map((difference) => `seed ${seed}: ${difference}`);
  }

  #under(set: HttpRuleSet, heads: readonly Head[]): string[] {
    const compiled = compileJudge(set);
    this.counts.ruleSets++;
    if ('skipped' in compiled) return [];
    this.#bench.putTable(benchRules.id, compiled.table);
    const connection = this.#connections[this.counts.ruleSets % this.#connections.length];
    const differences: string[] = [];
    for (const { bytes: whole, plain } of heads) {
      const bytes = whole.subarray(0, segmentBytes);
      if (bytes.length === 0 || !connection) continue;
      this.counts.heads++;
      const accepted = connection.offer(bytes);
      if (accepted) this.counts.accepted++;
      const found = accepted && difference(set, bytes, accepted, compiled.notes.length === 0);
      if (found) differences.push(`${found}: ${JSON.stringify(bytes.toString('latin1'))}`);
      if (!plain || compiled.notes.length > 0 || !allowedByProxy(set, bytes)?.plain) continue;
      this.counts.plain++;
      if (accepted) this.counts.plainAccepted++;
    }
    return differences;
  }

  [Symbol.dispose](): void {
    this.#bench[Symbol.dispose]();
  }
}

/** @param sameRule the kernel judges by all rules, so that the first one that allows is the same */
function difference(set: HttpRuleSet, bytes: Buffer, own: Accepted, sameRule: boolean): string | undefined {
  const proxy = allowedByProxy(set, bytes);
  if (!proxy) return 'the kernel accepts what TypeScript does not allow';
  if (own.length !== proxy.length || own.body !== proxy.body)
    return `the kernel takes ${own.length} + ${own.body} bytes, TypeScript ${proxy.length} + ${proxy.body}`;
  if (bytes.length > own.length + own.body) return 'the kernel passes more than one request';
  const rule = (set.http[own.rule] ?? set.grpc[own.rule - set.http.length])?.ref.rule;
  if (sameRule && rule !== proxy.rule) return `the kernel names ${rule}, TypeScript ${proxy.rule}`;
  return undefined;
}

class OpenConnection {
  readonly #bench: TapBench;
  readonly #streams: BpfMap;
  readonly #fromEndpoint: boolean;
  readonly #template: Buffer;
  readonly #key: Buffer;
  /** `struct stream` behind the handshake. */
  readonly #opened: Buffer;
  readonly #start: number;

  constructor(bench: TapBench, family: Family) {
    const connection = new JudgedConnection(bench, { family });
    connection.open();
    const { stream: opened, key } = connection;
    if (!opened || connection.mode !== stream_mode.judged) throw new Error('the connection is not judged');
    this.#bench = bench;
    this.#streams = bench.map('streams');
    this.#fromEndpoint = family.direction === 'egress';
    this.#key = key;
    this.#opened = opened;
    this.#start = connection.side('client').next;
    this.#template = connection.segment;
    const tcp = this.#template.length - 20;
    this.#template.writeUInt32BE(this.#start, tcp + 4);
    this.#template.writeUInt32BE(connection.side('server').next, tcp + 8);
  }

  /** @returns undefined: the kernel did not accept it */
  offer(bytes: Buffer): Accepted | undefined {
    this.#streams.put(this.#key, this.#opened);
    if (!this.#bench.play(this.#fromEndpoint, this.#frame(bytes))) return undefined;
    const now = this.#streams.get(this.#key);
    if (!now) throw new Error('the stream is gone');
    const { client, head_start, head_end, body_left, rule, requests } = stream;
    const passed = now.readUInt32LE(client.offset + stream_side.next.offset) - this.#start;
    if (passed !== bytes.length || now.readUInt32LE(requests.offset) !== 1)
      throw new Error(`${passed} of ${bytes.length} bytes passed as ${now.readUInt32LE(requests.offset)} requests`);
    const length = now.readUInt32LE(head_end.offset) - now.readUInt32LE(head_start.offset);
    const body = Number(now.readBigUInt64LE(body_left.offset)) + bytes.length - length;
    return { length, body, rule: now.readUInt32LE(rule.offset) };
  }

  #frame(bytes: Buffer): Buffer {
    const frame = Buffer.concat([this.#template, bytes]);
    if (frame.readUInt16BE(12) === 0x0800) frame.writeUInt16BE(frame.length - 14, 16);
    else frame.writeUInt16BE(frame.length - 54, 18);
    return frame;
  }
}
