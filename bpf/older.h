/* A connection that is older than its tap, or than the tap's table, and now under an L7 rule: the first payload of its client is
 * held, for the agent to look at the server's own socket and go on with the client, or to have it reset. Nobody followed what
 * came before, so no byte of it passes. */
#pragma once

/* What the segment echoes of the other end's clock, as `timestamp_of`. */
static __always_inline __u32 echo_of(struct __sk_buff *skb, const struct segment *segment)
{
	__be32 echo;
	if (!segment->timestamp || bpf_skb_load_bytes(skb, segment->transport + 28, &echo, sizeof(echo)))
		return 0;
	return bpf_ntohl(echo);
}

/* The workspace has the client's packet, and in `conn` what the policy says. 1: its payload is held. */
static __noinline int hold_older(struct __sk_buff *skb, struct flow_key *flow)
{
	struct workspace *workspace = current_workspace();
	struct stream_step *step;
	struct segment *segment;
	struct stream *stream;
	struct conn *conn;
	if (!workspace)
		return 0;
	step = &workspace->step;
	segment = &step->segment;
	conn = &workspace->conn;
	stream = (struct stream *)workspace->stream;
	segment->transport = workspace->packet.transport;
	segment->payload = workspace->packet.payload;
	segment->length = workspace->packet.end - workspace->packet.payload;
	segment->from_client = 1;
	if (!segment->length || !read_segment(skb, segment) || (segment->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_URG)) ||
	    !(segment->flags & TCP_ACK))
		return 0;
	__builtin_memset(stream, 0, sizeof(*stream));
	stream->generation = bpf_ktime_get_ns();
	stream->ifindex = conn->ifindex;
	stream->endpoint = conn->endpoint;
	stream->peer = conn->peer;
	stream->client.next = segment->sequence;
	stream->client.acked = segment->sequence;
	stream->client.window = segment->window;
	stream->client.timestamp = segment->timestamp;
	stream->server.next = segment->acknowledgement;
	stream->server.acked = segment->acknowledgement;
	stream->server.timestamp = echo_of(skb, segment);
	stream->head_start = segment->sequence;
	stream->head_end = segment->sequence;
	begin_hold(stream, DOUBT_OLDER);
	if (bpf_map_update_elem(&streams, flow, stream, BPF_ANY))
		return 0;
	conn->judged = 1;
	conn->reason = REASON_JUDGED;
	if (bpf_map_update_elem(&connections, flow, conn, BPF_NOEXIST)) {
		bpf_map_delete_elem(&streams, flow);
		return 0;
	}
	step->flow = *flow;
	tell_takeover(skb, step);
	return 1;
}
