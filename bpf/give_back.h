/* Packets of a connection that the proxy has, and its way back to the kernel.
 *
 * The agent offers a connection between two requests (OFFERED), reads the proxy's sockets, and gives it back by their
 * numbers: at once if the client has acknowledged all, else (RETURNING) with the client's next segment that does, which is
 * judged like any other. Whatever either end, or the proxy in its name, says meanwhile beyond those numbers cancels it.
 */
#pragma once

/* An end drops what comes with an older TSval than it has seen (PAWS, RFC 7323 section 5), and the proxy's clock in a peer's
 * name may be ahead of the peer's own: by rounding, which a moment's wait makes up for, or because that one ticks more
 * slowly than 1 kHz, which it does not. */
static __always_inline __s64 ahead_ns(const struct stream_side *side, const struct stream_clock *clock)
{
	return clock->said ? (__s64)(__s32)(clock->said - side->timestamp) * CLOCK_TICK : 0;
}

static __always_inline bool clocks_matter(const struct stream *stream)
{
	return stream->client.options & stream->server.options & OPTION_TIMESTAMPS;
}

/* What the proxy said last, was it about what the end itself would have said then? */
static __always_inline bool clock_is_right(const struct stream_side *side, const struct stream_clock *clock)
{
	return !clock->said || ahead_ns(side, clock) - (__s64)(clock->said_at - clock->seen_at) <= CLOCK_AHEAD_MAX;
}

static __always_inline bool clock_has_come(const struct stream_side *side, const struct stream_clock *clock, __u64 now)
{
	__s64 ahead = ahead_ns(side, clock);
	return ahead <= 0 || (__s64)(now - clock->seen_at) > ahead + CLOCK_TICK;
}

static __always_inline bool clocks_fit(const struct stream *stream, __u64 now)
{
	return !clocks_matter(stream) || (clock_has_come(&stream->client, &stream->client_clock, now) &&
					  clock_has_come(&stream->server, &stream->server_clock, now));
}

static __always_inline bool clocks_ever_fit(const struct stream *stream)
{
	return !clocks_matter(stream) ||
	       (clock_is_right(&stream->client, &stream->client_clock) && clock_is_right(&stream->server, &stream->server_clock));
}

static __always_inline __u32 later_of(__u32 a, __u32 b)
{
	return behind(a, b) ? a : b;
}

/* Back to the judge, from `client.next` and `server.next` on. Call it with the lock held. */
static __always_inline void judge_again(struct stream *stream)
{
	stream->client.acked = stream->client.next;
	stream->server.acked = stream->server.next;
	/* A later takeover must go on from what the ends have seen, whoever said it. */
	if (stream->client_clock.said)
		stream->client.timestamp = later_of(stream->client.timestamp, stream->client_clock.said);
	if (stream->server_clock.said)
		stream->server.timestamp = later_of(stream->server.timestamp, stream->server_clock.said);
	stream->returns++;
	stream->mode = STREAM_JUDGED;
}

/* The client has acknowledged all that it was sent, and has sent nothing that its server does not have. */
static __always_inline bool completes_return(const struct stream *stream, const struct segment *segment, __u64 now)
{
	if (!segment->from_client || segment->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_URG) || !(segment->flags & TCP_ACK))
		return false;
	/* Its own clock is seen here: no wait is needed to know whether its server will take this. */
	if (clocks_matter(stream) && stream->client_clock.said && behind(stream->client_clock.said, stream->client.timestamp))
		return false;
	return segment->sequence == stream->client.next && segment->acknowledgement == stream->server.next && clocks_fit(stream, now);
}

/* A word of an end's own, in its name or by itself, that the numbers do not count. Call it with the lock held. */
static __always_inline bool says_more(const struct stream *stream, const struct segment *segment)
{
	const struct stream_side *own = segment->from_client ? &stream->client : &stream->server;
	const struct stream_side *other = segment->from_client ? &stream->server : &stream->client;
	if (segment->flags & (TCP_SYN | TCP_FIN | TCP_RST))
		return true;
	if (segment->length && (stream->mode == STREAM_OFFERED || behind(segment->sequence + segment->length, own->next)))
		return true;
	return stream->mode == STREAM_RETURNING && behind(segment->acknowledgement, other->next);
}

/* A segment of an end. A function of its own, because the stack of the longest chain of calls is full. */
static __noinline int stream_proxied(struct stream *stream, struct stream_step *step)
{
	const struct segment *segment = &step->segment;
	struct stream_side *own = segment->from_client ? &stream->client : &stream->server;
	struct stream_clock *clock = segment->from_client ? &stream->client_clock : &stream->server_clock;
	__u64 now = bpf_ktime_get_ns();
	int action = STEP_DIVERT;
	bpf_spin_lock(&stream->lock);
	own->window = segment->window;
	if (segment->timestamp && (behind(segment->timestamp, own->timestamp) || !own->timestamp)) {
		own->timestamp = segment->timestamp;
		clock->seen_at = now;
	}
	if (stream->mode == STREAM_RETURNING && completes_return(stream, segment, now)) {
		judge_again(stream);
		action = STEP_PASS;
	} else if ((stream->mode == STREAM_OFFERED || stream->mode == STREAM_RETURNING) && says_more(stream, segment)) {
		stream->mode = STREAM_DIVERTED;
	} else if (!is_proxied(stream->mode)) {
		action = STEP_PASS;
	}
	bpf_spin_unlock(&stream->lock);
	return action;
}

/* A segment of the proxy, in the name of the end that it would come from: may it go out? */
static __always_inline bool may_speak(struct stream *stream, const struct segment *segment, __u64 now)
{
	struct stream_clock *clock = segment->from_client ? &stream->client_clock : &stream->server_clock;
	bool may;
	bpf_spin_lock(&stream->lock);
	/* The sockets of an agent that is killed meanwhile reset both ends; nobody is left to give anything back. */
	may = stream->mode == STREAM_DIVERTED || stream->mode == STREAM_RETURNING ||
	      (stream->mode == STREAM_OFFERED && segment->flags & TCP_RST);
	if (may && stream->mode != STREAM_DIVERTED && says_more(stream, segment))
		stream->mode = STREAM_DIVERTED;
	if (may && segment->timestamp) {
		clock->said = segment->timestamp;
		clock->said_at = now;
	}
	bpf_spin_unlock(&stream->lock);
	return may;
}
