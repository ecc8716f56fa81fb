/* Forgets connections that ended or fell silent. The agent runs it every few seconds by BPF_PROG_TEST_RUN. */

struct sweep {
	__u64 now;
	__u32 kept;
	__u32 removed;
};

struct bpf_map;

static long expire_one(struct bpf_map *map, const struct flow_key *flow, struct conn *conn, struct sweep *sweep)
{
	__u32 ifindex = conn->ifindex;
	if (expired(flow, conn, sweep->now) || !bpf_map_lookup_elem(&endpoints, &ifindex)) {
		bpf_map_delete_elem(map, flow);
		bpf_map_delete_elem(&streams, flow);
		sweep->removed++;
	} else {
		sweep->kept++;
	}
	return 0;
}

/* Returns how many connections remain. */
SEC("tc")
int expire(struct __sk_buff *skb)
{
	struct sweep sweep = {.now = bpf_ktime_get_ns()};
	bpf_for_each_map_elem(&connections, expire_one, &sweep, 0);
	return sweep.kept;
}
