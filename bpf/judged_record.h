/* What is told about judged requests: to the agent by rings, and counted exactly by rule. */
#pragma once

/* Is the stream's next request to be recorded? Its response is of the same fate. So that short connections have their share,
 * it hangs on when they began, too. */
static __always_inline bool is_wanted(const struct stream *stream)
{
	__u64 fill = bpf_ringbuf_query(&requests, BPF_RB_AVAIL_DATA);
	return fill <= REQUEST_RING_SAMPLED ||
	       (stream->requests + (__u32)(stream->generation >> 6)) % REQUEST_SAMPLE == 0;
}

/* Room in the ring of requests, or a loss that is counted. */
static __always_inline void *reserve_record(__u32 size)
{
	void *record = bpf_ringbuf_reserve(&requests, size, 0);
	if (!record)
		lose(LOSS_REQUESTS);
	return record;
}

static __always_inline void submit_record(void *record)
{
	__u64 fill = bpf_ringbuf_query(&requests, BPF_RB_AVAIL_DATA);
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
__noinline int record_request(struct stream_step *step)
{
	struct judging *judging = current_judging();
	struct judged_request *record;
	__u32 at;
	if (!step || !judging)
		return 0;
	record = reserve_record(sizeof(*record));
	if (!record)
		return 0;
	record->kind = RECORD_REQUEST;
	record->request = step->request;
	record->time = step->requested;
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
	submit_record(record);
	return 0;
}

__noinline int record_response(struct stream_step *step, __u32 status)
{
	struct judged_response *record;
	if (!step)
		return 0;
	record = reserve_record(sizeof(*record));
	if (!record)
		return 0;
	record->kind = RECORD_RESPONSE;
	record->request = step->request;
	record->time = bpf_ktime_get_ns();
	record->generation = step->generation;
	record->latency = record->time - step->requested;
	record->flow = step->flow;
	record->endpoint = step->endpoint;
	record->peer = step->peer;
	record->rule_set = step->rule_set;
	record->rule = step->rule;
	record->status = status;
	record->reserved = 0;
	submit_record(record);
	return 0;
}

static __always_inline void name_stream(struct stream_step *step, const struct stream *stream)
{
	step->generation = stream->generation;
	step->endpoint = stream->endpoint;
	step->peer = stream->peer;
}

static __always_inline void tell_request(struct stream_step *step, const struct stream *stream, __u32 rule)
{
	struct rule_counter *counter = counter_of_rule(step->rule_set, rule);
	if (counter)
		counter->requests++;
	if (!step->requested) {
		lose(LOSS_SAMPLED);
		return;
	}
	name_stream(step, stream);
	record_request(step);
}

/* The response to the request that `step` tells of. */
static __always_inline void tell_response(struct stream_step *step, const struct stream *stream, __u32 status)
{
	struct rule_counter *counter = counter_of_rule(step->rule_set, step->rule);
	__u32 class = status / 100;
	barrier_var(class); /* for the verifier, which does not know what the compiler does */
	if (counter)
		counter->responses[class & 7]++;
	if (!step->requested) {
		lose(LOSS_SAMPLED);
		return;
	}
	name_stream(step, stream);
	record_response(step, status);
}
