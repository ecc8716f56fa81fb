/* The table of connections: which packets belong together, and what was decided about them. */
#pragma once

static __always_inline struct flow_key flow_of(const struct packet *packet, __u8 direction, bool from_client)
{
	struct flow_key flow = {.protocol = packet->protocol, .direction = direction};
	__builtin_memcpy(flow.client, from_client ? packet->source : packet->destination, 16);
	__builtin_memcpy(flow.server, from_client ? packet->destination : packet->source, 16);
	flow.client_port = from_client ? packet->source_port : packet->destination_port;
	flow.server_port = from_client ? packet->destination_port : packet->source_port;
	return flow;
}

static __always_inline bool is_proxied(__u8 mode)
{
	return mode >= STREAM_DIVERTED;
}

/* Do its packets go into the proxy's namespace, from its SYN on or since it was taken over? */
static __always_inline bool goes_to_proxy(const struct conn *conn, const struct flow_key *flow)
{
	struct stream *stream;
	if (!conn->judged)
		return conn->diverted;
	stream = bpf_map_lookup_elem(&streams, flow);
	return stream && is_proxied(stream->mode);
}

/* Keeps the Ethernet header of this way; until the other way was seen, its header is the reverse of this one. */
static __always_inline void remember_l2(struct __sk_buff *skb, struct conn *conn, bool from_client)
{
	__u8 header[L2_HEADER];
	__u8 seen = from_client ? 1 : 2;
	__u8 *own = from_client ? conn->l2_forward : conn->l2_reply;
	__u8 *other = from_client ? conn->l2_reply : conn->l2_forward;
	if (conn->l2_seen & seen)
		return;
	if (bpf_skb_load_bytes(skb, 0, header, sizeof(header)))
		return;
	for (int i = 0; i < L2_HEADER; i++)
		own[i] = header[i];
	if (!conn->l2_seen) {
		for (int i = 0; i < 6; i++) {
			other[i] = header[6 + i];
			other[6 + i] = header[i];
		}
		other[12] = header[12];
		other[13] = header[13];
	}
	conn->l2_seen |= seen;
}

static __always_inline void follow_state(struct conn *conn, const struct packet *packet, bool from_client, __u64 now)
{
	conn->last_seen = now;
	if (packet->protocol != IPPROTO_TCP) {
		if (!from_client)
			conn->state = CONN_ESTABLISHED;
		return;
	}
	if (packet->tcp_flags & TCP_RST) {
		conn->state = CONN_CLOSED;
		return;
	}
	if (packet->tcp_flags & TCP_FIN) {
		conn->fins |= from_client ? 1 : 2;
		conn->state = conn->fins == 3 ? CONN_CLOSED : CONN_CLOSING;
	} else if (conn->state == CONN_CLOSED ? conn->fins != 3 : !from_client && conn->state == CONN_NEW) {
		/* An RST that its receiver did not believe ends nothing. */
		conn->state = CONN_ESTABLISHED;
	}
}

static __always_inline __u64 timeout_of(const struct flow_key *flow, const struct conn *conn)
{
	__u64 seconds;
	if (flow->protocol == IPPROTO_TCP)
		seconds = conn->state == CONN_NEW      ? TIMEOUT_SYN
			  : conn->state == CONN_CLOSED ? TIMEOUT_CLOSED
						       : TIMEOUT_ESTABLISHED;
	else if (flow->protocol == IPPROTO_ICMP || flow->protocol == IPPROTO_ICMPV6)
		seconds = TIMEOUT_ICMP;
	else
		seconds = conn->state == CONN_NEW ? TIMEOUT_UDP : TIMEOUT_UDP_STREAM;
	return seconds * 1000000000ULL;
}

static __always_inline bool expired(const struct flow_key *flow, struct conn *conn, __u64 now)
{
	struct stream *stream;
	/* Another CPU may have written a moment that is later than ours. */
	if (now <= conn->last_seen || now - conn->last_seen <= timeout_of(flow, conn))
		return false;
	stream = conn->judged ? bpf_map_lookup_elem(&streams, flow) : 0;
	if (!stream || !stream->seen)
		return true;
	/* Plain segments of a judged connection read no clock: they leave a mark, and the connection has its time once more. */
	stream->seen = 0;
	conn->last_seen = now;
	return false;
}
