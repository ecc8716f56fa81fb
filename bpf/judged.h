/* Which connections are judged in the kernel, from their SYN on and when the policy changes. */
#pragma once

/* Has the stream begun by a double of the SYN with which the client's bytes begin at `start`, and has nothing come since? */
static __always_inline bool is_begun(const struct stream *stream, __u32 start)
{
	if (stream->mode == STREAM_OPENING)
		return stream->renewed && stream->offered.next == start;
	return stream->mode == STREAM_JUDGED && stream->client_start == start && stream->client.next == start;
}

/* The SYN of a connection under an L7 rule set. True: it has a stream and is judged; else it is diverted. */
static __always_inline bool open_stream(struct __sk_buff *skb, const struct packet *packet, const struct flow_key *flow,
					const struct conn *conn)
{
	struct workspace *workspace = current_workspace();
	struct stream *stream, *other;
	__u32 zero = 0;
	struct settings *current = bpf_map_lookup_elem(&settings, &zero);
	__be32 sequence;
	long failed;
	/* Data on the SYN (RFC 7413) is the server's before the handshake is done. */
	if (!workspace || !current || !current->judge || packet->end != packet->payload || packet->tcp_flags & TCP_URG ||
	    !has_table(conn->rule_set))
		return false;
	stream = (struct stream *)workspace->stream;
	__builtin_memset(stream, 0, sizeof(*stream));
	if (!read_syn_options(skb, packet->transport + 20, packet->payload, &stream->offered) ||
	    bpf_skb_load_bytes(skb, packet->transport + 4, &sequence, sizeof(sequence)))
		return false;
	stream->offered.next = bpf_ntohl(sequence) + 1;
	stream->renewed = 1;
	stream->generation = bpf_ktime_get_ns();
	stream->turned = stream->generation;
	stream->ifindex = conn->ifindex;
	stream->endpoint = conn->endpoint;
	stream->peer = conn->peer;
	/* Two doubles of a SYN on two CPUs find no connection both; who comes second must not undo what the first has begun. */
	other = bpf_map_lookup_elem(&streams, flow);
	if (other && is_begun(other, stream->offered.next))
		return true;
	failed = bpf_map_update_elem(&streams, flow, stream, other ? BPF_ANY : BPF_NOEXIST);
	if (failed == -EEXIST)
		return true;
	if (failed) {
		count(skb, REASON_UNTRACKED, flow->direction & 1);
		return false;
	}
	return true;
}

/* The policy has changed. Without an L7 rule set a judged connection goes on unwatched, for good: what it sends is not
 * followed any more. One that the proxy has stays the proxy's. */
static __always_inline void judge_stream_anew(struct conn *conn, const struct flow_key *flow)
{
	struct stream *stream = bpf_map_lookup_elem(&streams, flow);
	if (stream) {
		stream->endpoint = conn->endpoint;
		stream->peer = conn->peer;
	}
	if (conn->verdict == VERDICT_REDIRECT)
		conn->reason = REASON_JUDGED;
	if (conn->verdict == VERDICT_REDIRECT || (stream && is_proxied(stream->mode)))
		return;
	conn->judged = 0;
	bpf_map_delete_elem(&streams, flow);
}
