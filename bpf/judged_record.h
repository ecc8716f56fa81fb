/* What is told about judged requests: to the agent by rings, and counted exactly by rule. */
#pragma once

/* Room in the ring of requests, which holds `fill` bytes; or a loss that is counted. A request and its response are of one
 * fate, and so that short connections have their share, it hangs on when they began too. */
static __always_inline void *reserve_record(__u32 size, const struct stream_step *step, __u64 fill)
{
	void *record;
	if (fill > (current_settings().followed ? REQUEST_RING_FOLLOWED : REQUEST_RING_SAMPLED) && (step->request + (__u32)(step->generation >> 6)) % REQUEST_SAMPLE) {
		lose(LOSS_SAMPLED);
		return 0;
	}
	record = bpf_ringbuf_reserve(&requests, size, 0);
	if (!record)
		lose(LOSS_REQUESTS);
	return record;
}

static __always_inline void submit_record(void *record, __u64 fill)
{
	bpf_ringbuf_submit(record, fill < REQUEST_RING_QUIET ? BPF_RB_NO_WAKEUP : 0);
}

static volatile const struct rule_counter no_requests = {};

static __always_inline struct rule_counter *counter_of_rule(__u32 rule_set, __u32 rule)
{
	struct rule_key key = {.rule_set = rule_set, .rule = rule};
	struct rule_counter *counter = bpf_map_lookup_elem(&rule_counters, &key);
	if (!counter) {
		bpf_map_update_elem(&rule_counters, &key, (const void *)&no_requests, BPF_NOEXIST);
		counter = bpf_map_lookup_elem(&rule_counters, &key);
		if (!counter)
			lose(LOSS_RULES);
	}
	return counter;
}

/* The caller's packet holds a head that was accepted; `judging` says which. */
__noinline int tell_request(struct stream_step *step)
{
	struct judging *judging = current_judging();
	struct judged_request *record;
	struct rule_counter *counter;
	__u64 fill = bpf_ringbuf_query(&requests, BPF_RB_AVAIL_DATA);
	__u32 at;
	if (!step || !judging)
		return 0;
	counter = counter_of_rule(step->rule_set, judging->rule);
	if (counter)
		counter->requests++;
	record = reserve_record(sizeof(*record), step, fill);
	if (!record)
		return 0;
	record->kind = RECORD_REQUEST;
	record->request = step->request;
	record->time = step->now;
	record->generation = step->generation;
	record->body = judging->body;
	record->flow = step->flow;
	record->endpoint = step->endpoint;
	record->peer = step->peer;
	record->rule_set = step->rule_set;
	record->rule = judging->rule;
	record->method_length = judging->method_end;
	record->target_length = judging->target_end - judging->method_end - 1;
	record->host_length = judging->host_end - judging->host_start;
	record->head_length = judging->head_length;
	bpf_probe_read_kernel(record->method, METHOD_BYTES, judging->bytes);
	at = judging->method_end + 1;
	if (at < JUDGE_HEAD_BYTES)
		bpf_probe_read_kernel(record->target, TARGET_BYTES, judging->bytes + at);
	at = judging->host_start;
	if (at < JUDGE_HEAD_BYTES)
		bpf_probe_read_kernel(record->host, HOST_BYTES, judging->bytes + at);
	submit_record(record, fill);
	return 0;
}

__noinline int tell_response(struct stream_step *step, __u32 status)
{
	struct judged_response *record;
	struct rule_counter *counter;
	__u64 fill = bpf_ringbuf_query(&requests, BPF_RB_AVAIL_DATA);
	if (!step)
		return 0;
	counter = counter_of_rule(step->rule_set, step->rule);
	if (counter)
		counter->responses[status / 100 & 7]++;
	record = reserve_record(sizeof(*record), step, fill);
	if (!record)
		return 0;
	record->kind = RECORD_RESPONSE;
	record->request = step->request;
	record->time = step->now;
	record->generation = step->generation;
	record->latency = step->now - step->requested;
	record->flow = step->flow;
	record->endpoint = step->endpoint;
	record->peer = step->peer;
	record->rule_set = step->rule_set;
	record->rule = step->rule;
	record->status = status;
	record->reserved = 0;
	submit_record(record, fill);
	return 0;
}

/* `held`: the segment's payload; 0 where it was not read whole, then the client sends it again by itself. */
static __always_inline void tell_takeover(struct stream *stream, const struct stream_step *step, __u8 doubt, __u32 length,
					  const __u8 *held)
{
	struct takeover *takeover;
	if (step->now - stream->told < TAKEOVER_PAUSE)
		return;
	stream->told = step->now;
	takeover = bpf_ringbuf_reserve(&takeovers, sizeof(*takeover), 0);
	if (!takeover) {
		lose(LOSS_TAKEOVERS);
		return;
	}
	takeover->time = step->now;
	takeover->generation = step->generation;
	takeover->flow = step->flow;
	takeover->length = length;
	takeover->doubt = doubt;
	takeover->held = held != 0;
	takeover->pad[0] = takeover->pad[1] = 0;
	if (held)
		bpf_probe_read_kernel(takeover->payload, JUDGE_HEAD_BYTES, held);
	bpf_ringbuf_submit(takeover, BPF_RB_FORCE_WAKEUP);
}
