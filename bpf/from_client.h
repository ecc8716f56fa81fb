/* What the client sends on a judged connection: requests that are surely allowed pass, their bytes again, and nothing else. */
#pragma once

/* Is the stream still what was read of it? Call it with the lock held. */
static __always_inline bool unchanged(const struct stream *stream, const struct stream_view *view)
{
	return stream->mode == view->mode && stream->client.next == view->next && stream->head_end == view->head_end &&
	       stream->body_left == view->body_left;
}

static __always_inline int hold(struct stream *stream, struct stream_step *step, const struct stream_view *view, __u8 doubt,
				const __u8 *held)
{
	bool told = false;
	bpf_spin_lock(&stream->lock);
	if (unchanged(stream, view)) {
		stream->mode = STREAM_HELD;
		stream->doubt = doubt;
		stream->told = 0;
		told = true;
	}
	bpf_spin_unlock(&stream->lock);
	if (told)
		tell_takeover(stream, step, doubt, step->segment.length, held);
	return refuse(step, REASON_HELD);
}

/* Bytes `count` of the body, from `next` on, pass; with a FIN if the segment has one. */
static __always_inline int pass_body(struct stream *stream, struct stream_step *step, const struct stream_view *view, __u32 count)
{
	bool same;
	__u8 fin = step->segment.flags & TCP_FIN;
	bpf_spin_lock(&stream->lock);
	same = unchanged(stream, view);
	if (same) {
		stream->client.next += count;
		stream->body_left -= count;
		/* Numbers come round within a long body; what the server has is all that its start is remembered for. */
		if (stream->client.next - stream->head_end > WINDOW_MAX && !behind(stream->head_end, stream->client.acked)) {
			stream->head_start = stream->client.acked;
			stream->head_end = stream->client.acked;
		}
		if (count || fin)
			stream->client.fin = fin;
	}
	bpf_spin_unlock(&stream->lock);
	if (!same)
		return refuse(step, REASON_BEYOND);
	step->ends = fin;
	return STEP_PASS;
}

/* The request before this one had no response that could be told from another's. */
static __always_inline void tell_untold(struct stream_step *step, __u32 rule_set)
{
	__u32 current = step->rule_set;
	step->rule_set = rule_set;
	step->request--;
	tell_response(step, 0);
	step->request++;
	step->rule_set = current;
}

/* The segment begins where the next head must. */
static __always_inline int stream_head(struct __sk_buff *skb, struct stream *stream, struct stream_step *step,
				       const struct stream_view *view)
{
	const struct segment *segment = &step->segment;
	struct judging *judging = current_judging();
	__u32 zero = 0, size = segment->length, rest, head_length;
	struct settings *current = bpf_map_lookup_elem(&settings, &zero);
	__u64 hash, body;
	bool same, untold = false;
	__u32 earlier = 0;
	int doubt;

	if (!judging || !current)
		return refuse(step, REASON_HELD);
	/* Only one head's hash is kept: what came before must be beyond doubt. A client that does not wait for the answer sends
	 * this again when the server has the request before it. */
	if (view->acked != view->next)
		return refuse(step, REASON_BEYOND);
	if (size > JUDGE_HEAD_BYTES)
		size = JUDGE_HEAD_BYTES;
	if (!size || bpf_skb_load_bytes(skb, segment->payload, judging->bytes, size))
		return refuse(step, REASON_HELD);
	doubt = current->judge ? judge_head(step->rule_set, size) : DOUBT_NO_TABLE;
	head_length = judging->head_length;
	body = judging->body;
	if (doubt == DOUBT_NONE) {
		if (head_length > segment->length || segment->length - head_length > body)
			doubt = DOUBT_REFUSED;
		else if (head_length > view->longest)
			doubt = DOUBT_LONG;
	}
	/* Who takes over has to know that the request before is being answered, or it would never be: HELD stops the server too. */
	if (doubt != DOUBT_NONE)
		return view->waiting ? refuse(step, REASON_BEYOND)
				     : hold(stream, step, view, doubt, size == segment->length ? judging->bytes : 0);
	rest = segment->length - head_length;
	hash = hash_head(head_length);

	bpf_spin_lock(&stream->lock);
	same = unchanged(stream, view);
	if (same) {
		untold = stream->waiting;
		step->requested = stream->requested;
		step->rule = stream->rule;
		earlier = stream->rule_set;
		stream->head_start = view->next;
		stream->head_end = view->next + head_length;
		stream->head_hash = hash;
		stream->body_left = body - rest;
		stream->client.next = view->next + segment->length;
		stream->client.fin = segment->flags & TCP_FIN;
		stream->requests++;
		stream->mismatches = 0;
		step->request = stream->requests;
		stream->requested = step->now;
		stream->rule_set = step->rule_set;
		stream->rule = judging->rule;
		stream->response_start = stream->server.next;
		stream->waiting = 1;
	}
	bpf_spin_unlock(&stream->lock);
	if (!same)
		return refuse(step, REASON_BEYOND);
	step->ends = segment->flags & TCP_FIN;
	if (untold)
		tell_untold(step, earlier);
	tell_request(step);
	return STEP_PASS;
}

/* The server may have the head from another copy, or this one may be all that it ever gets: its ACK tells, and when none comes
 * the connection can't go on. */
static __always_inline int mismatch(struct stream *stream, struct stream_step *step, const struct stream_view *view)
{
	if (view->mode == STREAM_JUDGED && __sync_fetch_and_add(&stream->mismatches, 1) + 1 >= JUDGE_MISMATCHES)
		hold(stream, step, view, DOUBT_MISMATCH, 0);
	return refuse(step, REASON_MISMATCH);
}

/* Payload that begins before `next`: a retransmission, or what claims to be one. The server may have nothing of it yet (lost,
 * TTL, checksum, closed window), so only bytes that can't change what was judged pass. */
static __always_inline int stream_again(struct __sk_buff *skb, struct stream *stream, struct stream_step *step,
					const struct stream_view *view)
{
	const struct segment *segment = &step->segment;
	struct judging *judging = current_judging();
	__u32 end = segment->sequence + segment->length, size = view->head_end - view->head_start, more = 0;
	__u8 fin = segment->flags & TCP_FIN;

	if (segment->flags & TCP_URG || (fin && behind(view->next, end)))
		return refuse(step, REASON_STREAM);
	if (!behind(end, view->acked))
		return STEP_PASS;
	if (behind(view->head_end, segment->sequence)) {
		/* It has to have the whole head: one hash stands for it. */
		if (segment->sequence != view->head_start || segment->length < size || !judging || !size || size > JUDGE_HEAD_BYTES ||
		    bpf_skb_load_bytes(skb, segment->payload, judging->bytes, size) || hash_head(size) != view->head_hash)
			return mismatch(stream, step, view);
	}
	/* From here on it is in the body. */
	if (behind(end, view->next))
		more = end - view->next;
	if (more > view->body_left)
		return mismatch(stream, step, view);
	if (view->mode == STREAM_HELD && (more || (fin && !view->fin)))
		return refuse(step, REASON_HELD);
	return more || fin ? pass_body(stream, step, view, more) : STEP_PASS;
}

/* Payload behind a gap. Within the body that is still to come its order does not matter: the server gets body bytes only, and
 * what fills the gap comes as a retransmission would. No next head passes before the server has acknowledged all of it. */
static __always_inline int stream_ahead(struct stream *stream, struct stream_step *step, const struct stream_view *view)
{
	const struct segment *segment = &step->segment;
	__u32 count = segment->sequence + segment->length - view->next;
	if (view->mode != STREAM_JUDGED || !segment->length || segment->flags & (TCP_FIN | TCP_URG) || count > view->body_left ||
	    count > WINDOW_MAX || segment->sequence - view->acked > WINDOW_MAX)
		return refuse(step, REASON_BEYOND);
	return pass_body(stream, step, view, count);
}

static __always_inline int stream_from_client(struct __sk_buff *skb, struct stream *stream, struct stream_step *step)
{
	const struct segment *segment = &step->segment;
	struct stream_view *view = &step->view;
	__u8 fin = segment->flags & TCP_FIN, doubt;

	bpf_spin_lock(&stream->lock);
	if (stream->mode == STREAM_JUDGED || stream->mode == STREAM_HELD)
		read_acknowledgement(stream, segment);
	/* Bytes of the server beyond where the response must begin are the response's, whichever of its segments told so. */
	if (behind(stream->server.next, stream->response_start))
		stream->waiting = 0;
	view->mode = stream->mode;
	view->fin = stream->client.fin;
	view->waiting = stream->waiting;
	view->next = stream->client.next;
	view->acked = stream->client.acked;
	view->head_start = stream->head_start;
	view->head_end = stream->head_end;
	view->head_hash = stream->head_hash;
	view->body_left = stream->body_left;
	view->longest = stream->server.mss < stream->client.mss ? stream->server.mss : stream->client.mss;
	if (stream->client.options & stream->server.options & OPTION_TIMESTAMPS)
		view->longest -= 12; /* the option and its padding are in every segment */
	doubt = stream->doubt;
	bpf_spin_unlock(&stream->lock);

	if (view->mode == STREAM_DIVERTED)
		return STEP_DIVERT;
	if (view->mode == STREAM_OPENING) {
		if (segment->length)
			return refuse(step, REASON_STREAM);
		step->ends = fin;
		return STEP_PASS;
	}
	if (!segment->length && !fin)
		return STEP_PASS;
	if (behind(segment->sequence, view->next))
		return stream_ahead(stream, step, view);
	if (segment->sequence != view->next) {
		if (!segment->length)
			return refuse(step, REASON_STREAM);
		return stream_again(skb, stream, step, view);
	}
	if (!segment->length) {
		if (view->mode == STREAM_HELD && !view->fin)
			return refuse(step, REASON_HELD);
		return pass_body(stream, step, view, 0);
	}
	if (view->mode == STREAM_HELD) {
		tell_takeover(stream, step, doubt, segment->length, 0);
		return refuse(step, REASON_HELD);
	}
	if (segment->flags & TCP_URG)
		return hold(stream, step, view, DOUBT_URGENT, 0);
	if (!view->body_left)
		return stream_head(skb, stream, step, view);
	return segment->length <= view->body_left ? pass_body(stream, step, view, segment->length)
						 : hold(stream, step, view, DOUBT_MORE, 0);
}
