/* Forgets connections that ended or fell silent. The agent walks the table in user space, some at a time, and asks for all of them
 * by BPF_PROG_TEST_RUN: packets of this CPU wait for no more than these, and other threads for no more than one part of the walk. */

/* A function that the verifier looks at once, not as often as the loop below calls it. */
__noinline int forget(const struct flow_key *flow, __u64 now)
{
	struct conn *conn;
	__u32 ifindex;
	if (!flow)
		return 0;
	conn = bpf_map_lookup_elem(&connections, flow);
	if (!conn)
		return 0;
	ifindex = conn->ifindex;
	if (!expired(flow, conn, now) && bpf_map_lookup_elem(&endpoints, &ifindex))
		return 0;
	bpf_map_delete_elem(&connections, flow);
	bpf_map_delete_elem(&streams, flow);
	return 1;
}

/* Answers how many were forgotten. */
SEC("tc")
int expire(struct __sk_buff *skb)
{
	__u64 now = bpf_ktime_get_ns();
	int forgotten = 0;
	for (__u32 i = 0; i < EXPIRE_FLOWS; i++) {
		struct flow_key flow;
		if (bpf_skb_load_bytes(skb, offsetof(struct expiring, flows) + i * sizeof(flow), &flow, sizeof(flow)))
			break;
		forgotten += forget(&flow, now);
	}
	return forgotten;
}
