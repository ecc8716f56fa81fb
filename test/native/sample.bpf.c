// A little of everything the addon handles.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TC_ACT_UNSPEC -1
#define TC_ACT_SHOT 2

const volatile __u32 first_constant = 1;
const volatile __u64 second_constant = 2;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} packets SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} inner_a SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} listeners SEC(".maps");

// One event of the first byte, as many bytes long as the second says; counts; returns first_constant.
SEC("tc")
int report(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u32 *count = bpf_map_lookup_elem(&packets, &zero);
	if (count)
		*count += 1;
	struct {
		__u32 constant;
		__u32 length;
	} event = {first_constant, skb->len};
	bpf_ringbuf_output(&events, &event, sizeof event, 0);
	return first_constant;
}

SEC("tc")
int drop(struct __sk_buff *skb)
{
	return TC_ACT_SHOT;
}

SEC("tc")
int inner_value(struct __sk_buff *skb)
{
	__u32 key = 7, zero = 0;
	void *inner = bpf_map_lookup_elem(&outer, &key);
	__u32 *value = inner ? bpf_map_lookup_elem(inner, &zero) : 0;
	return value ? *value : second_constant;
}

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("cgroup_skb/egress")
int permit(struct __sk_buff *skb)
{
	return 1;
}

// Every new TCP connection of the namespace goes to the listener in slot 0.
SEC("sk_lookup")
int steer(struct bpf_sk_lookup *ctx)
{
	__u32 zero = 0;
	struct bpf_sock *listener = bpf_map_lookup_elem(&listeners, &zero);
	if (!listener)
		return SK_DROP;
	long error = bpf_sk_assign(ctx, listener, 0);
	bpf_sk_release(listener);
	return error ? SK_DROP : SK_PASS;
}

char permission[] SEC("license") = "GPL";
