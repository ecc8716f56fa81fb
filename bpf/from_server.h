/* What the server sends on a judged connection: followed, and where a response begins, told. */
#pragma once

/* The status of a response that begins with this segment; 0: none that can be told. */
static __always_inline __u32 status_of(struct __sk_buff *skb, const struct segment *segment)
{
	__u8 line[12]; /* "HTTP/1.1 200" */
	if (segment->length < sizeof(line) || bpf_skb_load_bytes(skb, segment->payload, line, sizeof(line)))
		return 0;
	if (*(__u32 *)line != bpf_htonl(0x48545450) || line[4] != '/' || line[8] != ' ' || line[9] < '1' || line[9] > '5' ||
	    line[10] < '0' || line[10] > '9' || line[11] < '0' || line[11] > '9')
		return 0;
	return (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
}

/* What the server sends: passes as it comes, unless the stream is held. */
static __always_inline int stream_from_server(struct __sk_buff *skb, struct stream *stream, struct stream_step *step)
{
	const struct segment *segment = &step->segment;
	__u32 end = segment->sequence + segment->length;
	__u8 fin = segment->flags & TCP_FIN;
	__u8 mode;
	bool fresh, begins = false, starts = false, first = false;
	__u32 status = 0;

	/* The request that it answers had passed before the server could begin. */
	if (segment->length && stream->waiting)
		status = status_of(skb, segment);
	bpf_spin_lock(&stream->lock);
	mode = stream->mode;
	fresh = behind(end, stream->server.next) || (fin && !stream->server.fin);
	if (mode == STREAM_JUDGED && fresh && segment->length && !stream->requests) {
		/* An HTTP/2 server's SETTINGS: once they passed, no proxy could go on from them. */
		first = true;
		mode = STREAM_HELD;
		stream->mode = STREAM_HELD;
		stream->doubt = DOUBT_SERVER_FIRST;
		stream->told = 0;
	}
	if (mode == STREAM_JUDGED && fresh && segment->sequence - stream->server.acked < WINDOW_MAX) {
		if (segment->length && stream->waiting && behind(end, stream->response_start)) {
			starts = true;
			begins = segment->sequence == stream->response_start;
			/* 100 to 199 come before the response itself (RFC 9110 section 15.2) */
			if (begins && status >= 100 && status < 200)
				stream->response_start = end;
			else
				stream->waiting = 0;
		}
		if (behind(end, stream->server.next))
			stream->server.next = end;
		if (fin && end == stream->server.next) {
			stream->server.fin = 1;
			step->ends = 1;
		}
	}
	if (mode == STREAM_JUDGED || mode == STREAM_HELD)
		read_acknowledgement(stream, segment);
	step->requested = stream->requested;
	step->rule_set = stream->rule_set;
	step->rule = stream->rule;
	step->request = stream->requests;
	bpf_spin_unlock(&stream->lock);

	if (first)
		tell_takeover(stream, step, DOUBT_SERVER_FIRST, 0, 0);
	if (mode == STREAM_DIVERTED)
		return STEP_DIVERT;
	if (mode == STREAM_OPENING) {
		if (segment->length)
			return refuse(step, REASON_STREAM);
		step->ends = fin;
		return STEP_PASS;
	}
	if (mode == STREAM_HELD && fresh && (segment->length || fin))
		return refuse(step, REASON_HELD);
	if (starts && !(begins && status >= 100 && status < 200))
		tell_response(step, stream, begins ? status : 0);
	return STEP_PASS;
}
