/* What the agent asks of a judged connection's stream, each step only from the mode and the use of the ports that it has seen. */

static __always_inline int steer_locked(struct stream *stream, const struct steering *steering, __u64 now)
{
	switch (steering->command) {
	case COMMAND_FREEZE:
		if (stream->mode != STREAM_JUDGED)
			return STEERED_WRONG_MODE;
		begin_hold(stream, DOUBT_ASKED);
		return STEERED_DONE;
	case COMMAND_THAW:
		if (stream->mode != STREAM_HELD)
			return STEERED_WRONG_MODE;
		stream->mode = STREAM_JUDGED;
		return STEERED_DONE;
	case COMMAND_DIVERT:
		if (stream->mode != STREAM_HELD && stream->mode != STREAM_OFFERED && stream->mode != STREAM_RETURNING)
			return STEERED_WRONG_MODE;
		if (stream->mode == STREAM_HELD) {
			stream->client_clock = (struct stream_clock){.seen_at = now};
			stream->server_clock = (struct stream_clock){.seen_at = now};
		}
		stream->mode = STREAM_DIVERTED;
		return STEERED_DONE;
	case COMMAND_OFFER:
		if (stream->mode != STREAM_DIVERTED)
			return STEERED_WRONG_MODE;
		stream->mode = STREAM_OFFERED;
		return STEERED_DONE;
	case COMMAND_GIVE_BACK:
		if (stream->mode != STREAM_OFFERED)
			return STEERED_WRONG_MODE;
		if (!clocks_ever_fit(stream)) {
			stream->mode = STREAM_DIVERTED;
			return STEERED_CLOCK;
		}
		stream->client.next = steering->client_next;
		stream->client.fin = 0;
		stream->server.next = steering->server_next;
		stream->server.fin = 0;
		/* All that came before is acknowledged: no head of it can be asked for again. */
		stream->head_start = steering->client_next;
		stream->head_end = steering->client_next;
		stream->body_left = 0;
		stream->waiting = 0;
		stream->renewed = 0;
		stream->mismatches = 0;
		stream->doubt = DOUBT_NONE;
		stream->mode = STREAM_RETURNING;
		if (steering->server_acked != steering->server_next || !clocks_fit(stream, now))
			return STEERED_WAITS;
		judge_again(stream);
		return STEERED_DONE;
	case COMMAND_REFUSE:
		if (stream->mode != STREAM_HELD || stream->doubt != DOUBT_OLDER)
			return STEERED_WRONG_MODE;
		stream->mode = STREAM_OPENING;
		return STEERED_DONE;
	case COMMAND_ABANDON:
		stream->mode = STREAM_OPENING;
		stream->renewed = 0;
		return STEERED_DONE;
	default:
		return STEERED_MALFORMED;
	}
}

/* Answers enum steered. */
SEC("tc")
int steer(struct __sk_buff *skb)
{
	struct steering steering;
	struct stream *stream;
	struct conn *conn;
	__u64 now = bpf_ktime_get_ns();
	int answer = STEERED_REPLACED;
	if (bpf_skb_load_bytes(skb, 0, &steering, sizeof(steering)))
		return STEERED_MALFORMED;
	conn = bpf_map_lookup_elem(&connections, &steering.flow);
	stream = bpf_map_lookup_elem(&streams, &steering.flow);
	if (!conn || !conn->judged || !stream)
		return STEERED_UNKNOWN;
	bpf_spin_lock(&stream->lock);
	if (stream->generation == steering.generation)
		answer = steer_locked(stream, &steering, now);
	bpf_spin_unlock(&stream->lock);
	if (answer == STEERED_DONE && steering.command == COMMAND_REFUSE) {
		conn->judged = 0;
		conn->diverted = 1;
		conn->reason = REASON_DIVERTED;
		conn->state = CONN_CLOSED;
		conn->fins = 3; /* for good: a SYN of the same ports begins anew */
		bpf_map_delete_elem(&streams, &steering.flow);
	}
	return answer;
}
