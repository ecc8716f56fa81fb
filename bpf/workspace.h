/* What one packet's way needs and no stack has room for. Programs of one CPU run one after the other: no lock. */
#pragma once

struct workspace {
	struct packet packet;
	struct flow_key flow;
	struct packet quoted; /* in an ICMP error */
	struct flow_key quoted_flow;
	struct stream_step step;
	struct conn conn; /* that begins */
	__u64 stream[sizeof(struct stream) / 8]; /* the same; no struct stream, because a per-CPU map has no locks */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct workspace);
} workspaces SEC(".maps");

static __always_inline struct workspace *current_workspace(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&workspaces, &zero);
}
