/* What the server sends on a judged connection: followed, and where a response begins, told. */
#pragma once

/* The status of a response that begins `at` bytes into the segment's payload; 0: none that can be told. */
static __always_inline __u32 status_of(struct __sk_buff *skb, const struct segment *segment, __u32 at)
{
	__u8 line[12]; /* "HTTP/1.1 200" */
	if (segment->length < at + sizeof(line) || bpf_skb_load_bytes(skb, segment->payload + at, line, sizeof(line)))
		return 0;
	if (*(__u32 *)line != bpf_htonl(0x48545450) || line[4] != '/' || line[8] != ' ' || line[9] < '1' || line[9] > '5' ||
	    line[10] < '0' || line[10] > '9' || line[11] < '0' || line[11] > '9')
		return 0;
	return (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
}

/* 100 to 199 come before the response itself, but for 101 (RFC 9110 section 15.2). */
static __always_inline bool is_interim(__u32 status)
{
	return status >= 100 && status < 200 && status != 101;
}

/* The segment begins with an interim response. Answers how many bytes of payload that takes, or all of them. */
__noinline __u32 interim_length(struct __sk_buff *skb, const struct segment *segment)
{
	struct judging *judging = current_judging();
	__u32 size, last = 0;
	if (!segment || !judging)
		return 0;
	size = segment->length < INTERIM_BYTES ? segment->length : INTERIM_BYTES;
	if (!size || bpf_skb_load_bytes(skb, segment->payload, judging->bytes, size))
		return segment->length;
	for (__u32 i = 0; i < INTERIM_BYTES; i++) {
		if (i >= size)
			break;
		last = last << 8 | judging->bytes[i];
		if (last == 0x0d0a0d0a)
			return i + 1;
	}
	return segment->length;
}

/* What the server sends: passes as it comes, unless the stream is held. */
static __always_inline int stream_from_server(struct __sk_buff *skb, struct stream *stream, struct stream_step *step)
{
	const struct segment *segment = &step->segment;
	__u32 end = segment->sequence + segment->length;
	__u8 fin = segment->flags & TCP_FIN;
	__u8 mode;
	bool fresh, begins = false, starts = false;
	__u32 status = 0, interim = 0;

	/* The request that it answers had passed before the server could begin. */
	if (segment->length && stream->waiting)
		status = status_of(skb, segment, 0);
	if (is_interim(status)) {
		interim = interim_length(skb, segment);
		if (interim < segment->length) /* sent at once, or put into one segment when they were sent again */
			status = status_of(skb, segment, interim);
	}
	bpf_spin_lock(&stream->lock);
	mode = stream->mode;
	/* An empty segment may have overtaken what its number counts. */
	fresh = (segment->length && (behind(end, stream->server.next) || stream->doubt == DOUBT_OLDER)) ||
		(fin && !stream->server.fin);
	if (mode == STREAM_JUDGED && fresh && segment->length && !stream->requests) {
		/* An HTTP/2 server's SETTINGS: once they passed, no proxy could go on from them. */
		mode = STREAM_HELD;
		begin_hold(stream, DOUBT_SERVER_FIRST);
	}
	/* What is sent again together with more may begin before what was acknowledged. */
	if (mode == STREAM_JUDGED && fresh && behind(stream->server.acked + WINDOW_MAX, segment->sequence)) {
		if (stream->waiting && behind(end, stream->response_start)) {
			starts = true;
			begins = segment->sequence == stream->response_start;
			if (begins && is_interim(status))
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

	if (is_proxied(mode))
		return STEP_DIVERT;
	if (mode == STREAM_OPENING) {
		if (segment->length)
			return refuse(step, REASON_STREAM);
		step->ends = fin;
		return STEP_PASS;
	}
	if (mode == STREAM_HELD && fresh) {
		/* An answer to what was asked before is nothing for the one who goes on from there. */
		if (stream->doubt != DOUBT_OLDER)
			tell_takeover(skb, step);
		return refuse(step, REASON_HELD);
	}
	if (starts && !(begins && is_interim(status)))
		tell_response(step, stream, begins ? status : 0);
	return STEP_PASS;
}
