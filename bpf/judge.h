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
	__u32 accepted;
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

/* What a byte does beyond leading to the next state. Answers the next state; JUDGE_ENDS: the head ends here, accepted or not. */
#define JUDGE_ENDS (-1)
static __always_inline int act(const __u32 *cells, __u32 mask, __u32 at, __u32 cell)
{
	struct judging *judging = current_judging();
	__u32 bits, operands = cell >> 12;
	if (!judging)
		return JUDGE_ENDS;
	switch (cell >> 8 & 15) {
	case JUDGE_METHOD_END:
		judging->method_end = at;
		return operands;
	case JUDGE_TARGET_END:
		judging->target_end = at;
		return operands;
	case JUDGE_HOST_START:
		judging->host_start = at;
		return operands;
	case JUDGE_DIGIT:
		judging->body = judging->body * 10 + judging->bytes[at & (JUDGE_BUFFER - 1)] - '0';
		return operands;
	case JUDGE_LINE_END:
		return ++judging->fields <= JUDGE_FIELDS ? (int)operands : JUDGE_ENDS;
	case JUDGE_HEAD_END:
		judging->head_length = at + 1;
		judging->accepted = find_rule(judging, cells, mask);
		return JUDGE_ENDS;
	case JUDGE_GROUP:
		judging->group = operands + 1;
		break;
	case JUDGE_MARK:
		bits = cells[(operands + 1) & mask] >> 12;
		if (judging->marks & bits)
			return JUDGE_ENDS;
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
		return JUDGE_ENDS;
	}
	return cells[operands & mask] >> 12;
}

#define EACH_BYTE(value) ((value) * 0x0101010101010101ULL)

/* Eight bytes of visible ASCII or space: none of 0x80 and more, none of 0x7f, none below 0x20. */
static __always_inline bool is_visible(__u64 word)
{
	return !((word | (word + EACH_BYTE(1))) & EACH_BYTE(0x80ULL)) && ((word + EACH_BYTE(0x60)) & EACH_BYTE(0x80ULL)) == EACH_BYTE(0x80ULL);
}

/* One run of a table over the first `length` bytes in `judging`. */
struct run {
	struct judging *judging;
	void *table;
	__u32 state;
	__u32 length;
};

typedef int act_function(void *table, __u32 at, __u32 cell);

/* JUDGE_STEP bytes. A plain loop over the whole head is no faster and a hundred times the work for the verifier; one call of
 * bpf_loop for every byte takes three times as long. `act` is a function that is verified by itself, for the verifier's sake
 * too. Answers 1 at the head's end, or when it is not accepted. */
static __always_inline long run_step(__u32 index, struct run *run, const struct judge_table_head *head, const __u32 *cells, __u32 mask,
				     act_function *act)
{
	struct judging *judging = run->judging;
	__u32 state = run->state, length = run->length;
	for (__u32 i = 0; i < JUDGE_STEP; i++) {
		__u32 at = (index * JUDGE_STEP + i) & (JUDGE_BUFFER - 1), class, cell;
		if (at >= length)
			return 1;
		if (!(i & 7) && state & JUDGE_LOOP && at + 8 <= length && is_visible(judging->words[at / 8])) {
			i += 7;
			continue;
		}
		class = head->classes[judging->bytes[at]];
		cell = cells[(state + class) & mask];
		state = cell >> 12;
		class ^= cell;
		if (!(class & 0xfff))
			continue;
		if (class & 0xff)
			return 1;
		state = act(run->table, at, cell);
		if (state == (__u32)JUDGE_ENDS)
			return 1;
	}
	run->state = state;
	return 0;
}

/* Answers enum doubt; DOUBT_NONE: the bytes begin with a head that is surely allowed. */
static __always_inline int run_table(void *table, __u32 start, __u32 length, void *step)
{
	struct judging *judging = current_judging();
	struct run run = {.judging = judging, .table = table, .state = start, .length = length};
	if (!judging)
		return DOUBT_NO_TABLE;
	judging->accepted = 0;
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
	return judging->accepted ? DOUBT_NONE : DOUBT_REFUSED;
}

/* Two functions a size, verified by itself each. */
#define JUDGE_BY(size, cells_of_size)                                                                   \
	__noinline int act_##size(struct judge_table_##size *table, __u32 at, __u32 cell)               \
	{                                                                                               \
		return table ? act(table->cells, cells_of_size - 1, at, cell) : JUDGE_ENDS;             \
	}                                                                                               \
	static long step_##size(__u32 index, struct run *run)                                           \
	{                                                                                               \
		struct judge_table_##size *table = run->table;                                          \
		return run_step(index, run, &table->head, table->cells, cells_of_size - 1, (act_function *)act_##size); \
	}                                                                                               \
	__noinline int judge_##size(__u32 rule_set, __u32 length)                                       \
	{                                                                                               \
		__u32 zero = 0;                                                                         \
		void *inner = bpf_map_lookup_elem(&judges_##size, &rule_set);                           \
		struct judge_table_##size *table = inner ? bpf_map_lookup_elem(inner, &zero) : 0;       \
		return table ? run_table(table, table->head.start, length, step_##size) : DOUBT_NO_TABLE; \
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
