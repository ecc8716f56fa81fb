/* Every map, in the order in which a packet meets them. */
#pragma once

/* tap's interface index -> endpoint */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ENDPOINTS);
	__type(key, __u32);
	__type(value, struct endpoint);
} endpoints SEC(".maps");

/* address -> identity */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_PREFIXES);
	__type(key, struct prefix_key);
	__type(value, __u32);
} identities SEC(".maps");

struct policy_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_POLICY_ENTRIES);
	/* Sizes, not types: clang leaves the types of a nested map out of BTF. */
	__uint(key_size, sizeof(struct policy_key));
	__uint(value_size, sizeof(struct policy_entry));
};

/* endpoint's number -> its policy; an array, because its slots are exchanged atomically */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_ENDPOINTS);
	__type(key, __u32);
	__array(values, struct policy_map);
} policies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_CONNECTIONS);
	__type(key, struct flow_key);
	__type(value, struct conn);
} connections SEC(".maps");

/* The TCP streams of judged connections, by the same key. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_STREAMS);
	__type(key, struct flow_key);
	__type(value, struct stream);
} streams SEC(".maps");

struct fragment_key {
	__u8 source[16];
	__u8 destination[16];
	__u32 id;
	__u32 protocol;
};

struct fragment_ports {
	__be16 source;
	__be16 destination;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_FRAGMENTED);
	__type(key, struct fragment_key);
	__type(value, struct fragment_ports);
} fragments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct settings);
} settings SEC(".maps");

/* An array's only element is always there; the verifier wants to see the test all the same. */
static __always_inline struct settings current_settings(void)
{
	__u32 zero = 0;
	struct settings none = {}, *current = bpf_map_lookup_elem(&settings, &zero);
	return current ? *current : none;
}

/* reason * 2 + direction -> packets and bytes */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REASON_COUNT * 2);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENT_RING_BYTES);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TAKEOVER_RING_BYTES);
} takeovers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, REQUEST_RING_BYTES);
} requests SEC(".maps");

/* enum loss -> how many */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOSS_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} lost_events SEC(".maps");

/* direction * MAX_WORKERS + worker -> its listening socket */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2 * MAX_WORKERS);
	__type(key, __u32);
	__type(value, __u64);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_COUNTED_RULES);
	__type(key, struct rule_key);
	__type(value, struct rule_counter);
} rule_counters SEC(".maps");

/* Rule set -> its table, in the map of the table's size. Arrays, because their slots are exchanged atomically. */
#define JUDGES(size)                                               \
	struct judge_map_##size {                                  \
		__uint(type, BPF_MAP_TYPE_ARRAY);                  \
		__uint(max_entries, 1);                            \
		__uint(key_size, sizeof(__u32));                   \
		__uint(value_size, sizeof(struct judge_table_##size)); \
	};                                                         \
	struct {                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);          \
		__uint(max_entries, MAX_RULE_SETS);                \
		__type(key, __u32);                                \
		__array(values, struct judge_map_##size);          \
	} judges_##size SEC(".maps")

JUDGES(small);
JUDGES(medium);
JUDGES(large);
