/* One segment's way through its stream. */
#pragma once

/* Takes a segment through its stream. Answers enum step_action. */
__noinline int stream_step(struct __sk_buff *skb, struct stream_step *step)
{
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
			return STEP_UNSETTLED;
		step->rule_set = settled;
		if (!stream->seen)
			stream->seen = 1;
		return segment->from_client ? stream_from_client(skb, stream, step) : stream_from_server(skb, stream, step);
	}
	if (!read_segment(skb, segment))
		return refuse(step, REASON_MALFORMED);
	if (is_proxied(stream->mode) && stream_proxied(stream, step) == STEP_DIVERT)
		return STEP_DIVERT;
	if (step->settles)
		stream->settled = (__u64)step->revision << 32 | step->rule_set;
	if (segment->flags & TCP_SYN) {
		if (segment->flags & TCP_RST)
			return refuse(step, REASON_STREAM);
		return segment->from_client ? stream_syn(skb, stream, step) : stream_syn_ack(skb, stream, step);
	}
	if (segment->flags & TCP_RST)
		return stream_reset(stream, step);
	if (!(segment->flags & TCP_ACK)) /* every receiver drops it; RFC 9293 section 3.10.7.4 */
		return refuse(step, REASON_STREAM);
	/* Never a plain one: nothing settles the stream before the handshake is done. */
	if (segment->from_client && stream->turned) {
		stream->client_rtt = answered_after(stream->turned, bpf_ktime_get_ns());
		stream->turned = 0;
	}
	return segment->from_client ? stream_from_client(skb, stream, step) : stream_from_server(skb, stream, step);
}
