/* The tap: both hooks at the host side of an endpoint's interface. tc ingress sees what the endpoint sends, tc egress what it receives. */

struct match {
	struct flow_key *flow; /* in the workspace */
	struct conn *conn;
	bool from_client;
};

static __always_inline bool is_syn(const struct packet *packet)
{
	return packet->protocol == IPPROTO_TCP && (packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

/* `flow`: room for its key. */
static __always_inline struct match find_connection(const struct packet *packet, bool from_endpoint, struct flow_key *flow)
{
	struct match match = {.flow = flow};
	/* The end with the higher port is mostly the client: one lookup instead of two. */
	match.from_client = bpf_ntohs(packet->source_port) >= bpf_ntohs(packet->destination_port) || is_syn(packet);
	for (int i = 0; i < 2; i++) {
		*flow = flow_of(packet, from_endpoint == match.from_client ? DIRECTION_EGRESS : DIRECTION_INGRESS, match.from_client);
		match.conn = bpf_map_lookup_elem(&connections, flow);
		if (match.conn)
			break;
		match.from_client = !match.from_client;
	}
	return match;
}

/* What neither IP nor ARP is passes where no rule selects the endpoint. */
static __always_inline int tap_unknown_l3(struct __sk_buff *skb, const struct endpoint *endpoint, __u8 direction)
{
	struct policy_entry entry = policy_lookup(endpoint->id, direction, 0, PROTOCOL_ANY, 0);
	return entry.verdict == VERDICT_ALLOW ? pass(skb, entry.reason, direction) : drop(skb, REASON_UNKNOWN_L3, direction);
}

/* An L7 rule holds for TCP whose bytes the proxy's kernel sees exactly as the server's would. */
static __always_inline __u8 undivertable(const struct packet *packet)
{
	if (packet->fragment)
		return REASON_FRAGMENT;
	if (packet->options)
		return REASON_IP_OPTIONS;
	return 0;
}

/* A TCP segment of no known connection under an L7 rule: older than the tap, or than the table. The client's payload is held for
 * the agent (bpf/older.h); all else goes to the proxy's namespace, whose kernel knows no such socket and resets the sender, which
 * may then connect anew. Of the server's no byte goes further, but its client hears of it (bpf/stray.h). */
static __always_inline int reset_stray(struct __sk_buff *skb, const struct endpoint *endpoint, const struct packet *packet, __u32 peer,
				       struct flow_key *flow, bool from_client, const struct policy_entry *entry)
{
	struct workspace *workspace = current_workspace();
	struct conn *conn;
	__u8 reason = undivertable(packet), direction = flow->direction & 1;
	/* An RST is never answered by another. */
	if (!workspace || reason || packet->tcp_flags & TCP_RST)
		return drop(skb, REASON_NOT_SYN, direction);
	conn = &workspace->conn;
	__builtin_memset(conn, 0, sizeof(*conn));
	conn->endpoint = endpoint->id;
	conn->peer = peer;
	conn->ifindex = skb->ifindex;
	conn->revision = current_settings().revision;
	conn->rule_set = entry->rule_set;
	conn->rule = entry->rule;
	conn->verdict = VERDICT_REDIRECT;
	conn->state = CONN_CLOSED; /* a SYN of the same ports begins anew */
	conn->last_seen = bpf_ktime_get_ns();
	remember_l2(skb, conn, from_client);
	if (from_client && hold_older(skb, flow))
		return drop(skb, REASON_HELD, direction);
	conn->judged = 0;
	conn->reason = REASON_DIVERTED;
	conn->diverted = 1;
	conn->fins = 3;
	if (bpf_map_update_elem(&connections, flow, conn, BPF_NOEXIST))
		return drop(skb, REASON_NOT_SYN, direction);
	return from_client ? divert(skb, direction) : reset_both(skb, direction);
}

/* A TCP segment of no known connection, e.g. one that is older than the tap. Which end opened it is not known, so it
 * passes only where both answers allow it without an L7 rule. */
static __always_inline int tap_stray_segment(struct __sk_buff *skb, const struct endpoint *endpoint, const struct packet *packet,
					     __u32 peer, __u8 direction)
{
	struct policy_entry opened = policy_lookup(endpoint->id, direction, peer, IPPROTO_TCP, packet->destination_port);
	struct policy_entry answered = policy_lookup(endpoint->id, !direction, peer, IPPROTO_TCP, packet->source_port);
	struct flow_key flow;
	if ((opened.verdict == VERDICT_ALLOW || opened.verdict == VERDICT_AUDIT) &&
	    (answered.verdict == VERDICT_ALLOW || answered.verdict == VERDICT_AUDIT))
		return pass(skb, opened.reason, direction);
	if (opened.verdict == VERDICT_REDIRECT) {
		flow = flow_of(packet, direction, true);
		return reset_stray(skb, endpoint, packet, peer, &flow, true, &opened);
	}
	if (answered.verdict == VERDICT_REDIRECT) {
		flow = flow_of(packet, !direction, false);
		return reset_stray(skb, endpoint, packet, peer, &flow, false, &answered);
	}
	return drop(skb, REASON_NOT_SYN, direction);
}

static __always_inline int tap_open(struct __sk_buff *skb, const struct endpoint *endpoint, const struct packet *packet,
				    const struct flow_key *flow, __u32 peer, __u8 direction, __u32 revision)
{
	struct policy_entry entry;
	struct workspace *workspace = current_workspace();
	struct conn *conn;
	entry = policy_lookup(endpoint->id, direction, peer, packet->protocol, packet->destination_port);
	if (entry.verdict == VERDICT_REDIRECT) {
		__u8 reason = packet->protocol == IPPROTO_TCP ? undivertable(packet) : REASON_NO_RULE;
		if (reason) {
			entry.verdict = VERDICT_DENY;
			entry.reason = reason;
		}
	}
	if (entry.verdict == VERDICT_DENY) {
		tell(skb, flow, packet, endpoint->id, peer, &entry);
		return drop(skb, entry.reason, direction);
	}
	if (!workspace)
		return drop(skb, REASON_NO_POLICY, direction);
	conn = &workspace->conn;
	__builtin_memset(conn, 0, sizeof(*conn));
	conn->endpoint = endpoint->id;
	conn->peer = peer;
	conn->ifindex = skb->ifindex;
	conn->revision = revision;
	conn->rule_set = entry.rule_set;
	conn->rule = entry.rule;
	conn->verdict = entry.verdict;
	conn->reason = entry.reason;
	if (entry.verdict == VERDICT_REDIRECT) {
		conn->judged = open_stream(skb, packet, flow, conn);
		conn->diverted = !conn->judged;
		if (conn->judged)
			conn->reason = entry.reason = REASON_JUDGED;
	}
	follow_state(conn, packet, true, bpf_ktime_get_ns());
	remember_l2(skb, conn, true);
	if (bpf_map_update_elem(&connections, flow, conn, BPF_ANY)) {
		if (conn->judged)
			bpf_map_delete_elem(&streams, flow);
		entry.verdict = VERDICT_DENY;
		entry.reason = REASON_TABLE_FULL;
		tell(skb, flow, packet, endpoint->id, peer, &entry);
		return drop(skb, REASON_TABLE_FULL, direction);
	}
	tell(skb, flow, packet, endpoint->id, peer, &entry);
	return conn->diverted ? divert(skb, direction) : pass(skb, conn->reason, direction);
}

/* The policy changed since this connection was last looked at. */
static __always_inline void judge_anew(struct conn *conn, __u32 endpoint, const struct flow_key *flow, __u32 peer, __u32 revision)
{
	struct policy_entry entry = policy_lookup(endpoint, flow->direction, peer, flow->protocol, flow->server_port);
	conn->endpoint = endpoint; /* a new agent may number them anew */
	conn->peer = peer;
	conn->rule_set = entry.rule_set;
	conn->rule = entry.rule;
	conn->verdict = entry.verdict;
	conn->reason = entry.reason;
	if (entry.verdict == VERDICT_DENY) {
		conn->reason = REASON_REVOKED;
	} else if (conn->judged) {
		judge_stream_anew(conn, flow);
	} else if (entry.verdict == VERDICT_REDIRECT && !conn->diverted) {
		conn->verdict = VERDICT_DENY;
		conn->reason = REASON_TAKEOVER_NEEDED;
	}
	conn->revision = revision;
}

/* May the stream's plain segments go the short way from now on (see bpf/plain.h)? Policy and identities are asked anew: `revision`
 * was read before them, and what `conn` says may be another CPU's, of a packet that was read before this one's policy. */
static __always_inline void settle(struct stream_step *step, const struct packet *packet, __u32 endpoint, const struct match *match,
				   __u32 revision)
{
	bool from_endpoint = match->from_client == (match->flow->direction == DIRECTION_EGRESS);
	struct policy_entry entry;
	/* Only what the endpoint sends tells that the address is its own. */
	if (!from_endpoint || packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST))
		return;
	entry = policy_lookup(endpoint, match->flow->direction, identity_of(packet->destination), IPPROTO_TCP, match->flow->server_port);
	if (entry.verdict != VERDICT_REDIRECT)
		return;
	step->settles = 1;
	step->revision = revision;
	step->rule_set = entry.rule_set;
}

/* An open connection that comes under an L7 rule was not followed until now: it is as one that is older than its tap. */
static __always_inline bool comes_under_l7(const struct match *match, __u32 endpoint, __u32 peer, __u32 revision)
{
	const struct conn *conn = match->conn;
	struct policy_entry entry;
	if (conn->revision == revision || conn->judged || conn->diverted || conn->state == CONN_CLOSED ||
	    match->flow->protocol != IPPROTO_TCP)
		return false;
	entry = policy_lookup(endpoint, match->flow->direction, peer, IPPROTO_TCP, match->flow->server_port);
	return entry.verdict == VERDICT_REDIRECT;
}

/* A packet of a connection whose requests the kernel judges. */
static __always_inline int tap_judged(struct __sk_buff *skb, const struct endpoint *endpoint, struct workspace *workspace,
				      struct match *match, __u8 direction, __u32 revision)
{
	struct conn *conn = match->conn;
	struct packet *packet = &workspace->packet;
	struct stream_step *step = &workspace->step;
	int action;
	step->flow = *match->flow;
	step->rule_set = conn->rule_set;
	step->plain = 0;
	step->settles = 0;
	step->ends = 0;
	settle(step, packet, endpoint->id, match, revision);
	step->segment.transport = packet->transport;
	step->segment.payload = packet->payload;
	step->segment.length = packet->end - packet->payload;
	step->segment.from_client = match->from_client;
	action = stream_step(skb, step);
	if (action == STEP_DROP)
		return drop(skb, step->reason, direction);
	if (action == STEP_LOST)
		return drop(skb, REASON_TAKEOVER_NEEDED, direction);
	if (action == STEP_PASS && !step->ends)
		packet->tcp_flags &= ~(TCP_FIN | TCP_RST);
	follow_state(conn, packet, match->from_client, bpf_ktime_get_ns());
	remember_l2(skb, conn, match->from_client);
	return action == STEP_DIVERT ? divert(skb, direction) : pass(skb, REASON_JUDGED, direction);
}

/* Is the address that the endpoint's packets carry not its own? */
static __always_inline bool is_foreign(const struct endpoint *endpoint, const __u8 *address)
{
	return endpoint->check_source && identity_of(address) != endpoint->identity && !is_unspecified(address) && !is_link_local(address);
}

static __always_inline bool is_spoofed(const struct endpoint *endpoint, const struct packet *packet)
{
	return is_foreign(endpoint, packet->source);
}

static __always_inline int tap_known(struct __sk_buff *skb, const struct endpoint *endpoint, struct workspace *workspace,
				     struct match *match, bool from_endpoint, __u32 revision)
{
	struct conn *conn = match->conn;
	struct packet *packet = &workspace->packet;
	__u8 direction = match->flow->direction & 1;
	if (conn->revision != revision) {
		__u32 peer = identity_of(from_endpoint ? packet->destination : packet->source);
		/* From here on its packets are vouched for (is_vouched_for), whichever end's came first. */
		if (!from_endpoint && !match->from_client && is_foreign(endpoint, packet->destination))
			return drop(skb, REASON_SPOOFED, direction);
		judge_anew(conn, endpoint->id, match->flow, peer, revision);
	}
	if (conn->verdict == VERDICT_DENY)
		return drop(skb, conn->reason, direction);
	if (conn->diverted || conn->judged) {
		__u8 reason = undivertable(packet);
		if (reason)
			return drop(skb, reason, direction);
	}
	if (conn->judged)
		return tap_judged(skb, endpoint, workspace, match, direction, revision);
	follow_state(conn, packet, match->from_client, bpf_ktime_get_ns());
	remember_l2(skb, conn, match->from_client);
	return conn->diverted ? divert(skb, direction) : pass(skb, conn->reason, direction);
}

/* An ICMP error goes where the packet went that it is about. */
static __always_inline int tap_icmp_error(struct __sk_buff *skb, struct workspace *workspace, bool from_endpoint, __u8 direction,
					  bool *done)
{
	struct packet *quoted = &workspace->quoted;
	struct match match;
	*done = true;
	__builtin_memset(quoted, 0, sizeof(*quoted));
	if (parse_quoted(skb, &workspace->packet, quoted) != PARSE_OK)
		return drop(skb, REASON_MALFORMED, direction);
	match = find_connection(quoted, !from_endpoint, &workspace->quoted_flow);
	if (match.conn && match.conn->ifindex == skb->ifindex && match.conn->verdict != VERDICT_DENY)
		return goes_to_proxy(match.conn, match.flow) ? divert(skb, match.flow->direction)
							    : pass(skb, match.conn->reason, direction);
	*done = false;
	return TC_ACT_SHOT;
}

/* The endpoint opened the connection itself, and nobody's addresses have changed since its source was looked at. */
static __always_inline bool is_vouched_for(const struct match *match, __u32 ifindex, __u32 revision)
{
	return match->conn && match->from_client && match->conn->ifindex == ifindex && match->conn->revision == revision;
}

static __always_inline int tap(struct __sk_buff *skb, bool from_endpoint)
{
	/* of a flow that this packet would open */
	__u8 direction = from_endpoint ? DIRECTION_EGRESS : DIRECTION_INGRESS;
	__u32 ifindex = skb->ifindex, peer;
	/* Before any lookup: a policy that comes between is looked up again. */
	struct settings settings = current_settings();
	struct endpoint *endpoint;
	struct workspace *workspace = current_workspace();
	struct packet *packet;
	struct match match;

	if (settings.mark && skb->mark == settings.mark) {
		skb->mark = 0;
		return pass(skb, REASON_REINJECTED, direction);
	}
	if (!workspace)
		return drop(skb, REASON_NO_POLICY, direction);
	if (read_plain(skb, &workspace->step, from_endpoint)) {
		switch (step_plain(skb, &workspace->step, settings.revision)) {
		case STEP_PASS:
			return pass(skb, REASON_JUDGED, workspace->step.flow.direction & 1);
		case STEP_DROP:
			return drop(skb, workspace->step.reason, workspace->step.flow.direction & 1);
		default:
			break;
		}
	}
	endpoint = bpf_map_lookup_elem(&endpoints, &ifindex);
	if (!endpoint)
		return drop(skb, REASON_NO_POLICY, direction);
	packet = &workspace->packet;
	__builtin_memset(packet, 0, sizeof(*packet));
	switch (parse_packet(skb, packet)) {
	case PARSE_OK:
		break;
	case PARSE_LINK:
		return pass(skb, REASON_LINK, direction);
	case PARSE_UNKNOWN_L3:
		return tap_unknown_l3(skb, endpoint, direction);
	default:
		return drop(skb, REASON_MALFORMED, direction);
	}
	if (!is_as_read(skb, packet))
		return drop(skb, REASON_MALFORMED, direction);
	if (packet->fragment) {
		if (from_endpoint && is_spoofed(endpoint, packet))
			return drop(skb, REASON_SPOOFED, direction);
		if (!resolve_fragment(packet))
			return drop(skb, REASON_FRAGMENT, direction);
	}
	match = find_connection(packet, from_endpoint, &workspace->flow);
	if (from_endpoint && !is_vouched_for(&match, ifindex, settings.revision) && is_spoofed(endpoint, packet))
		return drop(skb, REASON_SPOOFED, direction);
	if (packet->icmp_error) {
		bool done;
		int action = tap_icmp_error(skb, workspace, from_endpoint, direction, &done);
		if (done)
			return action;
	}

	if (match.conn && match.conn->ifindex != ifindex) {
		/* A tap that is gone leaves its connections behind; another live one has the same four-tuple. */
		__u32 other = match.conn->ifindex;
		if (bpf_map_lookup_elem(&endpoints, &other))
			return drop(skb, REASON_COLLISION, direction);
		match.conn = 0;
	}
	if (match.conn && match.conn->state == CONN_CLOSED && match.from_client && is_syn(packet))
		match.conn = 0; /* the ports are used again */
	peer = identity_of(from_endpoint ? packet->destination : packet->source);
	if (match.conn && comes_under_l7(&match, endpoint->id, peer, settings.revision)) {
		bpf_map_delete_elem(&connections, match.flow);
		match.conn = 0;
	}
	if (match.conn)
		return tap_known(skb, endpoint, workspace, &match, from_endpoint, settings.revision);
	if (packet->protocol == IPPROTO_TCP && !is_syn(packet))
		return tap_stray_segment(skb, endpoint, packet, peer, direction);
	*match.flow = flow_of(packet, direction, true);
	return tap_open(skb, endpoint, packet, match.flow, peer, direction, settings.revision);
}

SEC("tc")
int tap_from_endpoint(struct __sk_buff *skb)
{
	return tap(skb, true);
}

SEC("tc")
int tap_to_endpoint(struct __sk_buff *skb)
{
	return tap(skb, false);
}
