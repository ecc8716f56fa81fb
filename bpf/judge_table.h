/* The judge's table. What it means stands in src/judge/table.ts, which has the same numbers. */
#pragma once

/* bits 8-11 of a cell */
#define JUDGE_METHOD_END 1
#define JUDGE_TARGET_END 2
#define JUDGE_MARK 3
#define JUDGE_HOST_START 4
#define JUDGE_HOST_END 5
#define JUDGE_DIGIT 6
#define JUDGE_LINE_END 7
#define JUDGE_HEAD_END 8
#define JUDGE_GROUP 9
#define JUDGE_HOST 10

/* bit of a state: visible ASCII and the space lead to itself and do nothing */
#define JUDGE_LOOP (1 << 19)

/* Cells of the three sizes of table: a handful of rules, hundreds, 10,000. */
#define JUDGE_CELLS_SMALL (1 << 13)
#define JUDGE_CELLS_MEDIUM (1 << 16)
#define JUDGE_CELLS_LARGE (1 << 19)

/* Field lines of one judged head; real requests have 5 to 30. */
#define JUDGE_FIELDS 100
/* Rules that one target may still fit, by host and headers. */
#define JUDGE_CANDIDATES 16

struct judge_table_head {
	__u32 start; /* first state */
	__u32 reserved;
	__u8 classes[256]; /* byte -> class */
};

struct judge_table_small {
	struct judge_table_head head;
	__u32 cells[JUDGE_CELLS_SMALL];
};

struct judge_table_medium {
	struct judge_table_head head;
	__u32 cells[JUDGE_CELLS_MEDIUM];
};

struct judge_table_large {
	struct judge_table_head head;
	__u32 cells[JUDGE_CELLS_LARGE];
};
