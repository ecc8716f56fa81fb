/* Inside the proxy's namespace: which worker's listener takes a new connection. No listener, no connection. */

static __always_inline int lookup(struct bpf_sk_lookup *ctx, __u8 direction)
{
	__u32 hash = ctx->remote_port * 0x9e3779b1u ^ ctx->remote_ip4 ^ ctx->remote_ip6[3] * 0x85ebca6bu;
	struct settings settings = current_settings();
	if (!settings.workers || ctx->protocol != IPPROTO_TCP)
		return SK_DROP;
	hash ^= hash >> 16;
	/* The slot of a worker that is down is empty: the next one takes its share. */
	for (__u32 i = 0; i < MAX_WORKERS; i++) {
		__u32 slot = direction * MAX_WORKERS + ((hash + i) % settings.workers) % MAX_WORKERS;
		struct bpf_sock *listener = bpf_map_lookup_elem(&listeners, &slot);
		long failed;
		if (!listener)
			continue;
		failed = bpf_sk_assign(ctx, listener, 0);
		bpf_sk_release(listener);
		if (!failed)
			return SK_PASS;
	}
	return SK_DROP;
}

SEC("sk_lookup")
int lookup_egress(struct bpf_sk_lookup *ctx)
{
	return lookup(ctx, DIRECTION_EGRESS);
}

SEC("sk_lookup")
int lookup_ingress(struct bpf_sk_lookup *ctx)
{
	return lookup(ctx, DIRECTION_INGRESS);
}
