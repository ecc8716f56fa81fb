/** Made by scripts/generate-abi.ts from the BTF of the BPF object (bpf/abi.h). Do not edit. */

/** A field: byte offset in its struct, size in bytes. */
export interface Field {
  readonly offset: number;
  readonly size: number;
}

export const flow_key = {
  size: 40,
  client: { offset: 0, size: 16 },
  server: { offset: 16, size: 16 },
  client_port: { offset: 32, size: 2 },
  server_port: { offset: 34, size: 2 },
  protocol: { offset: 36, size: 1 },
  direction: { offset: 37, size: 1 },
} as const;

export const conn = {
  size: 72,
  last_seen: { offset: 0, size: 8 },
  endpoint: { offset: 8, size: 4 },
  peer: { offset: 12, size: 4 },
  ifindex: { offset: 16, size: 4 },
  revision: { offset: 20, size: 4 },
  rule_set: { offset: 24, size: 4 },
  rule: { offset: 28, size: 4 },
  verdict: { offset: 32, size: 1 },
  reason: { offset: 33, size: 1 },
  state: { offset: 34, size: 1 },
  diverted: { offset: 35, size: 1 },
  fins: { offset: 36, size: 1 },
  l2_seen: { offset: 37, size: 1 },
  l2_forward: { offset: 38, size: 14 },
  l2_reply: { offset: 52, size: 14 },
  judged: { offset: 66, size: 1 },
} as const;

export const endpoint = {
  size: 12,
  id: { offset: 0, size: 4 },
  identity: { offset: 4, size: 4 },
  check_source: { offset: 8, size: 4 },
} as const;

export const prefix_key = {
  size: 20,
  prefixlen: { offset: 0, size: 4 },
  address: { offset: 4, size: 16 },
} as const;

export const policy_key = {
  size: 12,
  prefixlen: { offset: 0, size: 4 },
  direction: { offset: 4, size: 1 },
  identity: { offset: 5, size: 4 },
  protocol: { offset: 9, size: 1 },
  port: { offset: 10, size: 2 },
} as const;

export const policy_entry = {
  size: 12,
  verdict: { offset: 0, size: 1 },
  reason: { offset: 1, size: 1 },
  rule_set: { offset: 4, size: 4 },
  rule: { offset: 8, size: 4 },
} as const;

export const settings = {
  size: 32,
  revision: { offset: 0, size: 4 },
  workers: { offset: 4, size: 4 },
  mark: { offset: 8, size: 4 },
  judge: { offset: 12, size: 4 },
  hash_key: { offset: 16, size: 16 },
} as const;

export const counter = {
  size: 16,
  packets: { offset: 0, size: 8 },
  bytes: { offset: 8, size: 8 },
} as const;

export const event = {
  size: 72,
  time: { offset: 0, size: 8 },
  flow: { offset: 8, size: 40 },
  endpoint: { offset: 48, size: 4 },
  peer: { offset: 52, size: 4 },
  rule: { offset: 56, size: 4 },
  ifindex: { offset: 60, size: 4 },
  length: { offset: 64, size: 4 },
  verdict: { offset: 68, size: 1 },
  reason: { offset: 69, size: 1 },
  tcp_flags: { offset: 70, size: 1 },
} as const;

export const stream_side = {
  size: 20,
  next: { offset: 0, size: 4 },
  acked: { offset: 4, size: 4 },
  timestamp: { offset: 8, size: 4 },
  window: { offset: 12, size: 2 },
  mss: { offset: 14, size: 2 },
  scale: { offset: 16, size: 1 },
  options: { offset: 17, size: 1 },
  fin: { offset: 18, size: 1 },
} as const;

export const stream = {
  size: 248,
  lock: { offset: 0, size: 4 },
  mode: { offset: 4, size: 1 },
  doubt: { offset: 5, size: 1 },
  renewed: { offset: 6, size: 1 },
  waiting: { offset: 7, size: 1 },
  settled: { offset: 8, size: 8 },
  client: { offset: 16, size: 20 },
  server: { offset: 36, size: 20 },
  body_left: { offset: 56, size: 8 },
  head_start: { offset: 64, size: 4 },
  head_end: { offset: 68, size: 4 },
  head_hash: { offset: 72, size: 8 },
  rule_set: { offset: 80, size: 4 },
  rule: { offset: 84, size: 4 },
  response_start: { offset: 88, size: 4 },
  requests: { offset: 92, size: 4 },
  mismatches: { offset: 96, size: 4 },
  ifindex: { offset: 100, size: 4 },
  requested: { offset: 104, size: 8 },
  generation: { offset: 112, size: 8 },
  told: { offset: 120, size: 8 },
  offered: { offset: 128, size: 20 },
  client_start: { offset: 148, size: 4 },
  server_start: { offset: 152, size: 4 },
  endpoint: { offset: 156, size: 4 },
  peer: { offset: 160, size: 4 },
  seen: { offset: 164, size: 4 },
  returns: { offset: 168, size: 4 },
  client_clock: { offset: 176, size: 24 },
  server_clock: { offset: 200, size: 24 },
  kept: { offset: 224, size: 8 },
  client_rtt: { offset: 232, size: 4 },
  server_rtt: { offset: 236, size: 4 },
  turned: { offset: 240, size: 8 },
} as const;

export const steering = {
  size: 80,
  ethernet: { offset: 0, size: 16 },
  flow: { offset: 16, size: 40 },
  generation: { offset: 56, size: 8 },
  command: { offset: 64, size: 4 },
  client_next: { offset: 68, size: 4 },
  server_next: { offset: 72, size: 4 },
  server_acked: { offset: 76, size: 4 },
} as const;

export const expiring = {
  size: 2576,
  ethernet: { offset: 0, size: 16 },
  flows: { offset: 16, size: 2560 },
} as const;

export const takeover = {
  size: 1728,
  time: { offset: 0, size: 8 },
  generation: { offset: 8, size: 8 },
  flow: { offset: 16, size: 40 },
  length: { offset: 56, size: 4 },
  doubt: { offset: 60, size: 1 },
  from_client: { offset: 61, size: 1 },
  frame: { offset: 64, size: 1664 },
} as const;

export const judged_request = {
  size: 304,
  kind: { offset: 0, size: 4 },
  request: { offset: 4, size: 4 },
  time: { offset: 8, size: 8 },
  body: { offset: 16, size: 8 },
  generation: { offset: 24, size: 8 },
  flow: { offset: 32, size: 40 },
  endpoint: { offset: 72, size: 4 },
  peer: { offset: 76, size: 4 },
  rule_set: { offset: 80, size: 4 },
  rule: { offset: 84, size: 4 },
  method_length: { offset: 88, size: 2 },
  target_length: { offset: 90, size: 2 },
  host_length: { offset: 92, size: 2 },
  head_length: { offset: 94, size: 2 },
  method: { offset: 96, size: 16 },
  target: { offset: 112, size: 128 },
  host: { offset: 240, size: 64 },
} as const;

export const judged_response = {
  size: 96,
  kind: { offset: 0, size: 4 },
  request: { offset: 4, size: 4 },
  time: { offset: 8, size: 8 },
  latency: { offset: 16, size: 8 },
  generation: { offset: 24, size: 8 },
  flow: { offset: 32, size: 40 },
  endpoint: { offset: 72, size: 4 },
  peer: { offset: 76, size: 4 },
  rule_set: { offset: 80, size: 4 },
  rule: { offset: 84, size: 4 },
  status: { offset: 88, size: 4 },
  reserved: { offset: 92, size: 4 },
} as const;

export const rule_key = {
  size: 8,
  rule_set: { offset: 0, size: 4 },
  rule: { offset: 4, size: 4 },
} as const;

export const rule_counter = {
  size: 72,
  requests: { offset: 0, size: 8 },
  responses: { offset: 8, size: 64 },
} as const;

export const direction = {
  egress: 0,
  ingress: 1,
} as const;

export const verdict = {
  deny: 0,
  allow: 1,
  redirect: 2,
  audit: 3,
} as const;

export const reason = {
  allowed: 0,
  unenforced: 1,
  diverted: 2,
  reinjected: 3,
  audited: 4,
  link: 5,
  judged: 6,
  untracked: 7,
  reset: 8,
  first_denial: 9,
  no_rule: 9,
  deny_rule: 10,
  revoked: 11,
  spoofed: 12,
  not_syn: 13,
  takeover_needed: 14,
  table_full: 15,
  collision: 16,
  malformed: 17,
  fragment: 18,
  ip_options: 19,
  unknown_l3: 20,
  no_policy: 21,
  no_connection: 22,
  held: 23,
  beyond: 24,
  mismatch: 25,
  stream: 26,
  count: 27,
} as const;

export const conn_state = {
  new: 0,
  established: 1,
  closing: 2,
  closed: 3,
} as const;

export const bound = {
  rule_sets: 4096,
  endpoints: 4096,
  policy_entries: 65536,
  workers: 16,
} as const;

export const stream_mode = {
  opening: 0,
  judged: 1,
  held: 2,
  diverted: 3,
  offered: 4,
  returning: 5,
} as const;

export const option = {
  window_scale: 1,
  sack: 2,
  timestamps: 4,
} as const;

export const doubt = {
  none: 0,
  refused: 1,
  no_table: 2,
  more: 3,
  long: 4,
  urgent: 5,
  mismatch: 6,
  server_first: 7,
  older: 8,
  asked: 9,
} as const;

export const command = {
  freeze: 1,
  thaw: 2,
  divert: 3,
  offer: 4,
  give_back: 5,
  refuse: 6,
  abandon: 7,
} as const;

export const steered = {
  done: 0,
  unknown: 1,
  replaced: 2,
  wrong_mode: 3,
  malformed: 4,
  waits: 5,
  clock: 6,
} as const;

export const record_kind = {
  request: 1,
  response: 2,
} as const;

export const loss = {
  events: 0,
  requests: 1,
  sampled: 2,
  takeovers: 3,
  rules: 4,
  count: 5,
} as const;
