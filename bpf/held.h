/* What is held on a judged connection's way: told to the agent with the frame, which gives it to the proxy's socket once there
 * is one. Else its sender had to send it again, and waited for that. */
#pragma once

/* A record with room for `room` bytes of frame. */
static __always_inline void record_takeover(struct __sk_buff *skb, const struct stream *stream, const struct stream_step *step, __u64 now,
					    __u32 length, const __u32 room)
{
	struct takeover *takeover = bpf_ringbuf_reserve(&takeovers, sizeof(*takeover) - HELD_SMALL + room, 0);
	if (!takeover) {
		lose(LOSS_TAKEOVERS);
		return;
	}
	takeover->time = now;
	takeover->generation = stream->generation;
	takeover->flow = step->flow;
	takeover->doubt = stream->doubt;
	takeover->from_client = step->segment.from_client;
	takeover->pad[0] = takeover->pad[1] = 0;
	takeover->length = 0;
	if (length && length <= room && !bpf_skb_load_bytes(skb, 0, takeover->frame, length))
		takeover->length = length;
	bpf_ringbuf_submit(takeover, BPF_RB_FORCE_WAKEUP);
}

/* The segment is held. The stream is looked up anew: what has a lock is no argument of a function that is verified by itself. */
__noinline int tell_takeover(struct __sk_buff *skb, struct stream_step *step)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 length, end, next, side;
	struct stream *stream;
	if (!step)
		return 0;
	stream = bpf_map_lookup_elem(&streams, &step->flow);
	if (!stream)
		return 0;
	side = !step->segment.from_client;
	end = step->segment.sequence + step->segment.length + (step->segment.flags & TCP_FIN);
	next = side ? stream->server.next : stream->client.next;
	length = skb->len;
	if (behind(end, stream->kept[side]) && !behind(end, next + HELD_WINDOW))
		stream->kept[side] = end;
	else if (now - stream->told < TAKEOVER_PAUSE)
		return 0;
	stream->told = now;
	if (length <= HELD_SMALL)
		record_takeover(skb, stream, step, now, length, HELD_SMALL);
	else if (length <= HELD_LARGE)
		record_takeover(skb, stream, step, now, length, HELD_LARGE);
	else
		record_takeover(skb, stream, step, now, 0, HELD_SMALL);
	return 0;
}

/* Makes the stream one that is held: nothing of it is kept yet. Call it with the lock held. */
static __always_inline void begin_hold(struct stream *stream, __u8 doubt)
{
	stream->mode = STREAM_HELD;
	stream->doubt = doubt;
	stream->told = 0;
	stream->kept[0] = stream->client.next;
	stream->kept[1] = stream->server.next;
}
