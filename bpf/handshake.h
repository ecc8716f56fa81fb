/* Where a judged connection's stream begins and ends: SYN, SYN-ACK, RST. */
#pragma once

/* Microseconds since `turned`; 0: whose answer came can't be told (Karn's rule, RFC 6298 section 3). */
static __always_inline __u32 answered_after(__u64 turned, __u64 now)
{
	return turned ? (now - turned) / 1000 : 0;
}

/* A SYN. The server's answer alone makes it the stream's beginning. */
static __always_inline int stream_syn(struct __sk_buff *skb, struct stream *stream, struct stream_step *step)
{
	const struct segment *segment = &step->segment;
	struct stream_side *offered = &step->side;
	bool held, late;
	/* Its data would be the server's before anybody judged it; a second SYN with options of MPTCP, MD5 or AO is no better. */
	if (segment->flags & (TCP_ACK | TCP_FIN | TCP_URG) || segment->length ||
	    !read_syn_options(skb, segment->transport + 20, segment->payload, offered))
		return refuse(step, REASON_STREAM);
	offered->next = segment->sequence + 1;
	offered->window = segment->window;
	bpf_spin_lock(&stream->lock);
	held = stream->mode == STREAM_HELD || is_proxied(stream->mode);
	/* Of an open connection, whose data is acknowledged: no end sends it any more. A server that has forgotten the connection
	 * could answer by the very same numbers, as SYN cookies do, and old bytes would be new ones. */
	late = stream->mode == STREAM_JUDGED && offered->next == stream->client_start && stream->client.acked != stream->client_start;
	if (!held && !late) {
		stream->offered = *offered;
		stream->renewed = 1;
		stream->turned = 0;
	}
	bpf_spin_unlock(&stream->lock);
	if (held)
		return refuse(step, REASON_HELD);
	return late ? refuse(step, REASON_STREAM) : STEP_PASS;
}

static __always_inline int stream_syn_ack(struct __sk_buff *skb, struct stream *stream, struct stream_step *step)
{
	const struct segment *segment = &step->segment;
	struct stream_side *server = &step->side;
	__u64 now = bpf_ktime_get_ns();
	bool same, known, answer, passes;
	if (!(segment->flags & TCP_ACK) || segment->flags & (TCP_FIN | TCP_URG) || segment->length ||
	    !read_syn_options(skb, segment->transport + 20, segment->payload, server))
		return refuse(step, REASON_STREAM);
	server->next = segment->sequence + 1;
	server->acked = server->next;
	server->window = segment->window;
	bpf_spin_lock(&stream->lock);
	same = segment->acknowledgement == stream->client_start && server->next == stream->server_start;
	/* Sent again, to a SYN that came again, before any data was acknowledged: nothing begins anew. */
	known = stream->mode == STREAM_JUDGED && same && (!stream->renewed || stream->client.acked == stream->client_start);
	/* With the numbers that the open connection has begun with it is a double that comes late: see stream_syn. */
	answer = (stream->mode == STREAM_OPENING || (stream->mode == STREAM_JUDGED && !same)) && stream->renewed &&
		 segment->acknowledgement == stream->offered.next;
	if (known) {
		stream->renewed = 0;
		stream->turned = 0;
	} else if (answer) {
		__u32 start = segment->acknowledgement;
		stream->client = stream->offered;
		stream->client.acked = start;
		stream->server = *server;
		/* All later ones are scaled (RFC 7323 section 2.2), so this one is kept as they come. */
		if (server->options & stream->client.options & OPTION_WINDOW_SCALE)
			stream->server.window >>= server->scale & 15;
		stream->client_start = start;
		stream->server_start = server->next;
		stream->head_start = start;
		stream->head_end = start;
		stream->body_left = 0;
		stream->waiting = 0;
		stream->renewed = 0;
		stream->server_rtt = answered_after(stream->turned, now);
		stream->client_rtt = 0;
		stream->turned = now;
		stream->mode = STREAM_JUDGED;
	}
	passes = known || answer;
	bpf_spin_unlock(&stream->lock);
	return passes ? STEP_PASS : refuse(step, REASON_STREAM);
}

/* An RST passes if its receiver may believe it, and ends the stream if it must be feared that it does: exactly in order (RFC
 * 5961 section 3), and to a server of any age anywhere in the window. What was dropped here puts its sender's numbers ahead. */
static __always_inline int stream_reset(struct stream *stream, struct stream_step *step)
{
	const struct segment *segment = &step->segment;
	struct stream_side *own = segment->from_client ? &stream->client : &stream->server;
	struct stream_side *other = segment->from_client ? &stream->server : &stream->client;
	__u32 ahead, reach;
	bool passes = true, ends = false, diverted = false;
	if (segment->length || segment->flags & (TCP_FIN | TCP_URG))
		return refuse(step, REASON_STREAM);
	bpf_spin_lock(&stream->lock);
	if (is_proxied(stream->mode)) {
		diverted = true;
	} else if (stream->mode == STREAM_OPENING) {
		ends = true;
	} else if (!segment->from_client && stream->renewed && segment->flags & TCP_ACK &&
		   segment->acknowledgement == stream->offered.next) {
		stream->renewed = 0; /* the later SYN is refused */
	} else {
		ahead = segment->sequence - own->acked;
		reach = own->next + own->fin - own->acked;
		if (segment->from_client && reach < (__u32)other->window << (other->scale & 15))
			reach = (__u32)other->window << (other->scale & 15);
		ends = ahead <= reach;
		passes = ahead < WINDOW_MAX;
		if (ends) {
			stream->mode = STREAM_OPENING;
			stream->renewed = 0;
		}
	}
	bpf_spin_unlock(&stream->lock);
	step->ends = ends;
	if (diverted)
		return STEP_DIVERT;
	return passes ? STEP_PASS : refuse(step, REASON_STREAM);
}
