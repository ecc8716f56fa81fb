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
  size: 12,
  revision: { offset: 0, size: 4 },
  workers: { offset: 4, size: 4 },
  mark: { offset: 8, size: 4 },
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
  first_denial: 6,
  no_rule: 6,
  deny_rule: 7,
  revoked: 8,
  spoofed: 9,
  not_syn: 10,
  takeover_needed: 11,
  table_full: 12,
  collision: 13,
  malformed: 14,
  fragment: 15,
  ip_options: 16,
  unknown_l3: 17,
  no_policy: 18,
  no_connection: 19,
  count: 20,
} as const;

export const conn_state = {
  new: 0,
  established: 1,
  closing: 2,
  closed: 3,
} as const;

export const bound = {
  endpoints: 4096,
  policy_entries: 65536,
  workers: 16,
} as const;
