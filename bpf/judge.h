/* The automaton over a request head. The loop is the one that src/judge/table.ts explains. */
#pragma once

#define JUDGE_BUFFER 2048 /* a power of two from JUDGE_HEAD_BYTES on, for the verifier's sake */
#define JUDGE_STEP 32     /* bytes; divides JUDGE_HEAD_BYTES */

/* What one packet's judgement is made from and comes to; too large for a stack. What the loop sets rarely stands here and
 * not in registers, so that the verifier sees one state at the loop's head and not one a history. */
struct judging {
	union {
		__u8 bytes[JUDGE_BUFFER + TARGET_BYTES]; /* room behind: fields are copied with their full width */
		__u64 words[(JUDGE_BUFFER + TARGET_BYTES) / 8];
	};
	__u64 body;
	__u32 head_length;
	__u32 rule;
	__u32 group;
	__u32 marks;
	__u32 host;
	__u32 fields;
	__u32 method_end;
	__u32 target_end;
	__u32 host_start;
	__u32 host_end;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct judging);
} judgings SEC(".maps");

static __always_inline struct judging *current_judging(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&judgings, &zero);
}

/* Is one of the rules that are left content with host and headers? */
static __always_inline bool find_rule(struct judging *judging, const __u32 *cells, __u32 mask)
{
	__u32 group = judging->group, count = cells[group & mask] >> 12;
	for (__u32 i = 0; i < JUDGE_CANDIDATES && i < count; i++) {
		__u32 at = group + 1 + 3 * i;
		__u32 need = cells[at & mask] >> 12, want = cells[(at + 1) & mask] >> 12;
		if ((judging->marks & need) == need && (!want || want == judging->host)) {
			judging->rule = cells[(at + 2) & mask] >> 12;
			return true;
		}
	}
	return false;
}

/* One run of a table over a head. */
struct run {
	struct judging *judging;
	const struct judge_table_head *head;
	const __u32 *cells;
	__u32 state;
	__u32 length;
	__u32 accepted;
};

/* What a byte does beyond leading to the next state. False: the head is not accepted. */
static __always_inline bool act(struct run *run, __u32 mask, __u32 at, __u32 cell)
{
	struct judging *judging = run->judging;
	const __u32 *cells = run->cells;
	__u32 bits, operands = cell >> 12;
	switch (cell >> 8 & 15) {
	case JUDGE_METHOD_END:
		judging->method_end = at;
		return true;
	case JUDGE_TARGET_END:
		judging->target_end = at;
		return true;
	case JUDGE_HOST_START:
		judging->host_start = at;
		return true;
	case JUDGE_DIGIT:
		judging->body = judging->body * 10 + judging->bytes[at] - '0';
		return true;
	case JUDGE_LINE_END:
		return ++judging->fields <= JUDGE_FIELDS;
	case JUDGE_HEAD_END:
		judging->head_length = at + 1;
		run->accepted = find_rule(judging, cells, mask);
		return false;
	case JUDGE_GROUP:
		judging->group = operands + 1;
		break;
	case JUDGE_MARK:
		bits = cells[(operands + 1) & mask] >> 12;
		if (judging->marks & bits)
			return false;
		judging->marks |= bits;
		break;
	case JUDGE_HOST_END:
	case JUDGE_HOST:
		if ((cell >> 8 & 15) == JUDGE_HOST_END)
			judging->host_end = at;
		bits = cells[(operands + 1) & mask] >> 12;
		if (bits)
			judging->host = bits;
		break;
	default:
		return false;
	}
	run->state = cells[operands & mask] >> 12;
	return true;
}

/* JUDGE_STEP bytes. A plain loop over the whole head is no faster and a hundred times the work for the verifier; one call of
 * bpf_loop for every byte takes three times as long. Answers 1 at the head's end, or when it is not accepted. */
static __always_inline long run_step(__u32 index, struct run *run, __u32 mask)
{
	struct judging *judging = run->judging;
	const struct judge_table_head *head = run->head;
	const __u32 *cells = run->cells;
	__u32 state = run->state, length = run->length;
	for (__u32 i = 0; i < JUDGE_STEP; i++) {
		__u32 at = (index * JUDGE_STEP + i) & (JUDGE_BUFFER - 1), class, cell;
		if (at >= length)
			return 1;
		class = head->classes[judging->bytes[at]];
		cell = cells[(state + class) & mask];
		state = cell >> 12;
		class ^= cell;
		if (!(class & 0xfff))
			continue;
		if (class & 0xff)
			return 1;
		run->state = state;
		if (!act(run, mask, at, cell))
			return 1;
		state = run->state;
	}
	run->state = state;
	return 0;
}

/* Answers enum doubt; DOUBT_NONE: the first `length` bytes in `judging` begin with a head that is surely allowed. */
static __always_inline int run_table(const struct judge_table_head *head, const __u32 *cells, __u32 length, void *step)
{
	struct judging *judging = current_judging();
	struct run run = {.judging = judging, .head = head, .cells = cells, .state = head->start, .length = length};
	if (!judging)
		return DOUBT_NO_TABLE;
	judging->body = 0;
	judging->group = 0;
	judging->marks = 0;
	judging->host = 0;
	judging->fields = 0;
	judging->method_end = 0;
	judging->target_end = 0;
	judging->host_start = 0;
	judging->host_end = 0;
	bpf_loop(JUDGE_HEAD_BYTES / JUDGE_STEP, step, &run, 0);
	return run.accepted ? DOUBT_NONE : DOUBT_REFUSED;
}

/* One function a size, verified by itself each. */
#define JUDGE_BY(size, cells_of_size)                                                            \
	static long step_##size(__u32 index, void *run)                                          \
	{                                                                                        \
		return run_step(index, run, cells_of_size - 1);                                  \
	}                                                                                        \
	__noinline int judge_##size(__u32 rule_set, __u32 length)                                \
	{                                                                                        \
		__u32 zero = 0;                                                                  \
		void *inner = bpf_map_lookup_elem(&judges_##size, &rule_set);                    \
		struct judge_table_##size *table = inner ? bpf_map_lookup_elem(inner, &zero) : 0; \
		return table ? run_table(&table->head, table->cells, length, step_##size) : DOUBT_NO_TABLE; \
	}

JUDGE_BY(small, JUDGE_CELLS_SMALL)
JUDGE_BY(medium, JUDGE_CELLS_MEDIUM)
JUDGE_BY(large, JUDGE_CELLS_LARGE)

/* While a rule set moves from one size to another it has two tables, either of which is sound. */
static __always_inline int judge_head(__u32 rule_set, __u32 length)
{
	int doubt = judge_small(rule_set, length);
	if (doubt == DOUBT_NO_TABLE)
		doubt = judge_medium(rule_set, length);
	if (doubt == DOUBT_NO_TABLE)
		doubt = judge_large(rule_set, length);
	return doubt;
}

static __always_inline bool has_table(__u32 rule_set)
{
	return bpf_map_lookup_elem(&judges_small, &rule_set) || bpf_map_lookup_elem(&judges_medium, &rule_set) ||
	       bpf_map_lookup_elem(&judges_large, &rule_set);
}
