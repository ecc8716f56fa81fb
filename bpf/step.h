/* One segment's way through its stream. */
#pragma once

/* Takes a segment through its stream. Answers enum step_action. */
__noinline int stream_step(struct __sk_buff *skb, struct stream_step *step)
{
	struct {
		__be32 sequence;
		__be32 acknowledgement;
		__u8 offset;
		__u8 flags;
		__be16 window;
	} tcp;
	struct segment *segment;
	struct stream *stream;
	if (!step)
		return STEP_LOST;
	segment = &step->segment;
	stream = bpf_map_lookup_elem(&streams, &step->flow);
	if (!stream)
		return STEP_LOST;
	if (step->plain) {
		/* One word, so that no revision ever stands beside another one's rule set. */
		__u64 settled = stream->settled;
		if (settled >> 32 != step->revision || stream->ifindex != step->ifindex || stream->mode != STREAM_JUDGED)
			return STEP_LOST;
		step->rule_set = settled;
		if (!stream->seen)
			stream->seen = 1;
		return segment->from_client ? stream_from_client(skb, stream, step) : stream_from_server(skb, stream, step);
	}
	if (stream->mode == STREAM_DIVERTED)
		return STEP_DIVERT;
	if (step->settles)
		stream->settled = (__u64)step->revision << 32 | step->rule_set;
	if (bpf_skb_load_bytes(skb, segment->transport + 4, &tcp, sizeof(tcp)))
		return refuse(step, REASON_MALFORMED);
	segment->sequence = bpf_ntohl(tcp.sequence);
	segment->acknowledgement = bpf_ntohl(tcp.acknowledgement);
	segment->window = bpf_ntohs(tcp.window);
	segment->flags = tcp.flags;
	if (tcp.flags & TCP_SYN) {
		if (tcp.flags & TCP_RST)
			return refuse(step, REASON_STREAM);
		return segment->from_client ? stream_syn(skb, stream, step) : stream_syn_ack(skb, stream, step);
	}
	if (tcp.flags & TCP_RST)
		return stream_reset(stream, step);
	if (!(tcp.flags & TCP_ACK)) /* every receiver drops it; RFC 9293 section 3.10.7.4 */
		return refuse(step, REASON_STREAM);
	segment->timestamp = timestamp_of(skb, segment);
	return segment->from_client ? stream_from_client(skb, stream, step) : stream_from_server(skb, stream, step);
}
