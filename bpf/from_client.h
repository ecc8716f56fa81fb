/* What the client sends on a judged connection: requests that are surely allowed pass, their bytes again, and nothing else. */
#pragma once

/* Is the stream still what was read of it? Call it with the lock held. */
static __always_inline bool unchanged(const struct stream *stream, const struct stream_view *view)
{
	return stream->mode == view->mode && stream->client.next == view->next && stream->head_end == view->head_end &&
	       stream->body_left == view->body_left;
}

static __always_inline int hold(struct __sk_buff *skb, struct stream *stream, struct stream_step *step, const struct stream_view *view,
				__u8 doubt)
{
	bool same;
	bpf_spin_lock(&stream->lock);
	same = unchanged(stream, view);
	if (same)
		begin_hold(stream, doubt);
	bpf_spin_unlock(&stream->lock);
	if (same)
		tell_takeover(skb, step);
	return refuse(step, REASON_HELD);
}

/* Of a held stream: what is new waits for the proxy. */
static __always_inline int keep(struct __sk_buff *skb, struct stream_step *step)
{
	tell_takeover(skb, step);
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

/* Reads the segment's payload, which begins where the next head must, into `judging`. Answers enum doubt, DOUBT_NONE: it is one
 * accepted head and no more than its own body; or UNREAD. */
#define UNREAD (-1)
static __always_inline int examine_head(struct __sk_buff *skb, const struct stream_step *step)
{
	const struct segment *segment = &step->segment;
	struct judging *judging = current_judging();
	__u32 zero = 0, size = segment->length;
	struct settings *current = bpf_map_lookup_elem(&settings, &zero);
	int doubt;
	if (!judging || !current)
		return UNREAD;
	if (size > JUDGE_HEAD_BYTES)
		size = JUDGE_HEAD_BYTES;
	if (!size || bpf_skb_load_bytes(skb, segment->payload, judging->bytes, size))
		return UNREAD;
	doubt = current->judge ? judge_head(step->rule_set, size) : DOUBT_NO_TABLE;
	if (doubt == DOUBT_NONE &&
	    (judging->head_length > segment->length || segment->length - judging->head_length > judging->body))
		return DOUBT_REFUSED;
	return doubt;
}

/* An accepted head that nothing stands against passes. `hash`: its keyed hash; `now`: 0, it is not recorded. Call it with the
 * lock held. True: the request before had no response that could be told from another's; `step` tells of that one. */
static __always_inline bool take_head(struct stream *stream, struct stream_step *step, const struct judging *judging, __u64 hash,
				      __u64 now)
{
	const struct segment *segment = &step->segment;
	bool untold = stream->waiting;
	step->requested = stream->requested;
	step->rule = stream->rule;
	step->earlier = stream->rule_set;
	stream->head_start = segment->sequence;
	stream->head_end = segment->sequence + judging->head_length;
	stream->head_hash = hash;
	stream->body_left = judging->body - (segment->length - judging->head_length);
	stream->client.next = segment->sequence + segment->length;
	stream->client.fin = segment->flags & TCP_FIN;
	stream->requests++;
	stream->mismatches = 0;
	step->request = stream->requests;
	stream->requested = now;
	stream->rule_set = step->rule_set;
	stream->rule = judging->rule;
	stream->response_start = stream->server.next;
	stream->waiting = 1;
	return untold;
}

/* A head passed; `untold` and `now` as with take_head. */
static __always_inline void tell_head(struct stream *stream, struct stream_step *step, __u32 rule, bool untold, __u64 now)
{
	if (untold) {
		__u32 current = step->rule_set;
		step->rule_set = step->earlier;
		step->request--;
		tell_response(step, stream, 0);
		step->request++;
		step->rule_set = current;
	}
	step->requested = now;
	tell_request(step, stream, rule);
}

/* The segment begins where the next head must, and `found` of it was no reason to pass it. */
static __always_inline int refuse_head(struct __sk_buff *skb, struct stream *stream, struct stream_step *step, const struct stream_view *view, int found)
{
	struct judging *judging = current_judging();
	/* Only one head's hash is kept: what came before must be beyond doubt. A client that does not wait for the answer sends
	 * this again when the server has the request before it. */
	if (view->acked != view->next || !judging)
		return refuse(step, REASON_BEYOND);
	if (found == UNREAD) /* or the stream came to this only after it was looked at */
		return refuse(step, REASON_BEYOND);
	if (found == DOUBT_NONE)
		found = DOUBT_LONG;
	/* Who takes over has to know that the request before is being answered, or it would never be: HELD stops the server too. */
	return view->waiting ? refuse(step, REASON_BEYOND)
			     : hold(skb, stream, step, view, found);
}

/* The server may have the head from another copy, or this one may be all that it ever gets: its ACK tells, and when none comes
 * the connection can't go on. */
static __always_inline int mismatch(struct __sk_buff *skb, struct stream *stream, struct stream_step *step, const struct stream_view *view)
{
	if (view->mode == STREAM_JUDGED && __sync_fetch_and_add(&stream->mismatches, 1) + 1 >= JUDGE_MISMATCHES)
		hold(skb, stream, step, view, DOUBT_MISMATCH);
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
	if (behind(end, view->acked)) {
		/* It has to have the whole head: one hash stands for it. */
		if (behind(view->head_end, segment->sequence) &&
		    (segment->sequence != view->head_start || segment->length < size || !judging || !size || size > JUDGE_HEAD_BYTES ||
		     bpf_skb_load_bytes(skb, segment->payload, judging->bytes, size) || hash_head(size) != view->head_hash))
			return mismatch(skb, stream, step, view);
		/* From here on it is in the body. */
		if (behind(end, view->next))
			more = end - view->next;
		if (more > view->body_left) {
			if (behind(view->head_end, segment->sequence) ||
			    !cut_payload(skb, step, view->next + view->body_left - segment->sequence))
				return mismatch(skb, stream, step, view);
			more = view->body_left;
			fin = 0;
		}
	}
	if (view->mode == STREAM_HELD && (more || (fin && !view->fin)))
		return keep(skb, step);
	return more || fin ? pass_body(stream, step, view, more) : STEP_PASS;
}

/* Payload behind a gap. Within the body that is still to come its order does not matter: the server gets body bytes only, and
 * what fills the gap comes as a retransmission would. No next head passes before the server has acknowledged all of it. */
static __always_inline int stream_ahead(struct __sk_buff *skb, struct stream *stream, struct stream_step *step, const struct stream_view *view)
{
	const struct segment *segment = &step->segment;
	__u32 count = segment->sequence + segment->length - view->next;
	if (view->mode == STREAM_HELD && (segment->length || segment->flags & TCP_FIN))
		return keep(skb, step);
	if (view->mode != STREAM_JUDGED || !segment->length || segment->flags & (TCP_FIN | TCP_URG) || count > view->body_left ||
	    count > WINDOW_MAX || segment->sequence - view->acked > WINDOW_MAX)
		return refuse(step, REASON_BEYOND);
	return pass_body(stream, step, view, count);
}

/* Payload that fits one segment, on both ends' word. */
static __always_inline __u32 longest_payload(const struct stream *stream)
{
	__u32 longest = stream->server.mss < stream->client.mss ? stream->server.mss : stream->client.mss;
	/* The option and its padding are in every segment. */
	return stream->client.options & stream->server.options & OPTION_TIMESTAMPS ? longest - 12 : longest;
}

static __always_inline int stream_from_client(struct __sk_buff *skb, struct stream *stream, struct stream_step *step)
{
	const struct segment *segment = &step->segment;
	struct stream_view *view = &step->view;
	const struct judging *judging = current_judging();
	__u8 fin = segment->flags & TCP_FIN;
	bool passes = false, untold = false;
	__u64 hash = 0, now = 0;
	__u32 rule = 0;
	int found = UNREAD;

	if (!judging)
		return refuse(step, REASON_BEYOND);
	/* The next head, most likely: looked at before the lock is taken, under which all of this is asked again. */
	if (segment->length && !(segment->flags & TCP_URG) && stream->mode == STREAM_JUDGED && segment->sequence == stream->client.next &&
	    stream->client.acked == segment->sequence && !stream->body_left) {
		found = examine_head(skb, step);
		if (found == DOUBT_NONE) {
			hash = hash_head(judging->head_length);
			rule = judging->rule;
			now = is_wanted(stream) ? bpf_ktime_get_ns() : 0;
		}
	}
	bpf_spin_lock(&stream->lock);
	if (stream->mode == STREAM_JUDGED || stream->mode == STREAM_HELD)
		read_acknowledgement(stream, segment);
	passes = found == DOUBT_NONE && stream->mode == STREAM_JUDGED && segment->sequence == stream->client.next &&
		 stream->client.acked == segment->sequence && !stream->body_left && judging->head_length <= longest_payload(stream);
	if (passes)
		untold = take_head(stream, step, judging, hash, now);
	view->mode = stream->mode;
	view->fin = stream->client.fin;
	view->waiting = stream->waiting;
	view->next = stream->client.next;
	view->acked = stream->client.acked;
	view->head_start = stream->head_start;
	view->head_end = stream->head_end;
	view->head_hash = stream->head_hash;
	view->body_left = stream->body_left;
	bpf_spin_unlock(&stream->lock);

	if (passes) {
		step->ends = fin;
		tell_head(stream, step, rule, untold, now);
		return STEP_PASS;
	}
	if (is_proxied(view->mode))
		return STEP_DIVERT;
	if (view->mode == STREAM_OPENING) {
		if (segment->length)
			return refuse(step, REASON_STREAM);
		step->ends = fin;
		return STEP_PASS;
	}
	if (!segment->length && !fin)
		return STEP_PASS;
	/* Nothing of it was followed: what claims to have been acknowledged may be new to the server. */
	if (view->mode == STREAM_HELD && stream->doubt == DOUBT_OLDER)
		return keep(skb, step);
	if (behind(segment->sequence, view->next))
		return stream_ahead(skb, stream, step, view);
	if (segment->sequence != view->next) {
		if (!segment->length)
			return refuse(step, REASON_STREAM);
		return stream_again(skb, stream, step, view);
	}
	if (!segment->length) {
		if (view->mode == STREAM_HELD && !view->fin)
			return keep(skb, step);
		return pass_body(stream, step, view, 0);
	}
	if (view->mode == STREAM_HELD)
		return keep(skb, step);
	if (segment->flags & TCP_URG)
		return hold(skb, stream, step, view, DOUBT_URGENT);
	if (!view->body_left)
		return refuse_head(skb, stream, step, view, found);
	if (segment->length <= view->body_left)
		return pass_body(stream, step, view, segment->length);
	/* The body's end and the next request: it comes again by itself. So does what is segmented later, in its segments. */
	if (cut_payload(skb, step, view->body_left))
		return pass_body(stream, step, view, view->body_left);
	return skb->gso_size ? refuse(step, REASON_BEYOND) : hold(skb, stream, step, view, DOUBT_MORE);
}
