/* Address -> identity -> policy entry: the L3/L4 half of every verdict. */
#pragma once

#define IDENTITY_WORLD 2

static __always_inline __u32 identity_of(const __u8 *address)
{
	struct prefix_key key = {.prefixlen = 128};
	__u32 *identity;
	__builtin_memcpy(key.address, address, 16);
	identity = bpf_map_lookup_elem(&identities, &key);
	return identity ? *identity : IDENTITY_WORLD;
}

/* What the policy of `endpoint` says about a new flow. A missing policy or entry denies. */
static __always_inline struct policy_entry policy_lookup(__u32 endpoint, __u8 direction, __u32 peer, __u8 protocol, __be16 port)
{
	struct policy_entry none = {.verdict = VERDICT_DENY, .reason = REASON_NO_RULE}, *entry;
	struct policy_key key = {.prefixlen = 64, .direction = direction, .protocol = protocol};
	void *policy = bpf_map_lookup_elem(&policies, &endpoint);
	if (!policy) {
		none.reason = REASON_NO_POLICY;
		return none;
	}
	*(__be32 *)key.identity = bpf_htonl(peer);
	*(__be16 *)key.port = port;
	entry = bpf_map_lookup_elem(policy, &key);
	return entry ? *entry : none;
}
