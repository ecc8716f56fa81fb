/* Out of the proxy's namespace: what its sockets send goes on at the tap, as if the endpoint or the network had sent it there.
 *
 * Their interface is a macvlan, so this runs within their own call, and no packet waits in a queue for it. */

static __always_inline bool proxy_may_speak(struct __sk_buff *skb, const struct conn *conn, const struct flow_key *flow,
					    const struct packet *packet, bool from_client)
{
	struct segment segment = {.transport = packet->transport, .payload = packet->payload, .from_client = from_client};
	struct stream *stream;
	if (!conn->judged)
		return conn->diverted;
	segment.length = packet->end - packet->payload;
	stream = bpf_map_lookup_elem(&streams, flow);
	return stream && read_segment(skb, &segment) && may_speak(stream, &segment, bpf_ktime_get_ns());
}

static __always_inline int reinject(struct __sk_buff *skb, __u8 direction)
{
	struct packet packet = {};
	struct flow_key flow;
	struct conn *conn;
	bool from_client = true, to_endpoint;
	__u8 header[L2_HEADER];
	struct settings settings = current_settings();

	/* Of a packet socket of the agent's: a held frame, on its way in. */
	if (settings.mark && skb->mark == settings.mark) {
		skb->mark = 0;
		return bpf_redirect(skb->ifindex, BPF_F_INGRESS);
	}
	if (parse_packet(skb, &packet) != PARSE_OK || packet.protocol != IPPROTO_TCP || packet.fragment)
		return drop(skb, REASON_NO_CONNECTION, direction);
	flow = flow_of(&packet, direction, true);
	conn = bpf_map_lookup_elem(&connections, &flow);
	if (!conn) {
		from_client = false;
		flow = flow_of(&packet, direction, false);
		conn = bpf_map_lookup_elem(&connections, &flow);
	}
	if (!conn || !proxy_may_speak(skb, conn, &flow, &packet, from_client))
		return drop(skb, REASON_NO_CONNECTION, direction);
	for (int i = 0; i < L2_HEADER; i++)
		header[i] = from_client ? conn->l2_forward[i] : conn->l2_reply[i];
	if (bpf_skb_store_bytes(skb, 0, header, sizeof(header), 0))
		return drop(skb, REASON_NO_CONNECTION, direction);
	conn->last_seen = bpf_ktime_get_ns();
	if (packet.tcp_flags & TCP_RST) {
		/* Before both ends were seen, a listener may have refused no more than one odd segment. */
		if (conn->state != CONN_NEW)
			conn->state = CONN_CLOSED;
		count(skb, REASON_RESET, direction);
	}
	skb->mark = settings.mark;
	to_endpoint = from_client == (direction == DIRECTION_INGRESS);
	return bpf_redirect(conn->ifindex, to_endpoint ? 0 : BPF_F_INGRESS);
}

SEC("tc")
int reinject_egress(struct __sk_buff *skb)
{
	return reinject(skb, DIRECTION_EGRESS);
}

SEC("tc")
int reinject_ingress(struct __sk_buff *skb)
{
	return reinject(skb, DIRECTION_INGRESS);
}
