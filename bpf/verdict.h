/* The end of a packet's way: counted, told, passed, dropped or diverted. */
#pragma once

/* Set by the agent before load. */
volatile const __u32 proxy_ifindex[2] = {0}; /* host side of the way into the proxy's namespace, by direction */
volatile const __u8 proxy_mac[2][6] = {{0}}; /* of the interface inside */

static __always_inline void count(struct __sk_buff *skb, __u8 reason, __u8 direction)
{
	__u32 index = reason * 2 + direction;
	struct counter *counter = bpf_map_lookup_elem(&counters, &index);
	if (counter) {
		counter->packets++;
		counter->bytes += skb->len;
	}
}

static __always_inline void lose(__u32 what)
{
	__u64 *lost = bpf_map_lookup_elem(&lost_events, &what);
	if (lost)
		(*lost)++;
}

static __always_inline void tell(struct __sk_buff *skb, const struct flow_key *flow, const struct packet *packet, __u32 endpoint,
				 __u32 peer, const struct policy_entry *entry)
{
	__u64 fill = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	struct event *event;
	/* Denials are told as long as there is room: they are what somebody looks for. */
	if (fill > EVENT_RING_SAMPLED && entry->verdict != VERDICT_DENY && bpf_get_prandom_u32() % EVENT_SAMPLE) {
		lose(LOSS_SAMPLED);
		return;
	}
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		lose(LOSS_EVENTS);
		return;
	}
	event->time = bpf_ktime_get_ns();
	event->flow = *flow;
	event->endpoint = endpoint;
	event->peer = peer;
	event->rule = entry->rule;
	event->ifindex = skb->ifindex;
	event->length = skb->len;
	event->verdict = entry->verdict;
	event->reason = entry->reason;
	event->tcp_flags = packet->tcp_flags;
	event->pad = 0;
	bpf_ringbuf_submit(event, fill < EVENT_RING_QUIET ? BPF_RB_NO_WAKEUP : 0);
}

static __always_inline int pass(struct __sk_buff *skb, __u8 reason, __u8 direction)
{
	count(skb, reason, direction);
	return TC_ACT_OK;
}

static __always_inline int drop(struct __sk_buff *skb, __u8 reason, __u8 direction)
{
	count(skb, reason, direction);
	return TC_ACT_SHOT;
}

/* Counted, and ready to come in at the interface that the one in the proxy's namespace of this direction is a macvlan of: never to
 * go out there, where the proxy's own packets are re-injected. */
static __always_inline bool address_to_proxy(struct __sk_buff *skb, __u8 direction)
{
	__u8 mac[6];
	for (int i = 0; i < 6; i++)
		mac[i] = proxy_mac[direction & 1][i];
	count(skb, REASON_DIVERTED, direction);
	skb->mark = 0; /* macvlan keeps it, and marks are the host's own */
	return !bpf_skb_store_bytes(skb, 0, mac, sizeof(mac), 0);
}

/* Into the proxy's namespace of this direction. */
static __always_inline int divert(struct __sk_buff *skb, __u8 direction)
{
	return address_to_proxy(skb, direction) ? bpf_redirect(proxy_ifindex[direction & 1], BPF_F_INGRESS) : TC_ACT_SHOT;
}
