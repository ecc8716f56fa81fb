/* A segment of a judged connection, and what is to become of it. */
#pragma once

enum step_action {
	STEP_PASS,
	STEP_DROP, /* for `reason` */
	STEP_DIVERT,
	STEP_LOST, /* the connection has no stream */
	STEP_UNSETTLED, /* with `plain`: the stream does not pass it without a look at the tap's other maps */
};

/* The TCP facts of one segment. */
struct segment {
	__u32 transport; /* offsets in the packet */
	__u32 payload;
	__u32 sequence;
	__u32 acknowledgement;
	__u32 length; /* of the payload, bytes */
	__u32 timestamp;
	__u16 window;
	__u8 flags;
	__u8 from_client;
};

/* What a segment of the client is judged against. */
struct stream_view {
	__u32 next;
	__u32 acked;
	__u32 head_start;
	__u32 head_end;
	__u64 head_hash;
	__u64 body_left;
	__u8 mode;
	__u8 fin;
	__u8 waiting;
	__u8 pad[5];
};

/* Between the tap and the stream's functions, which the verifier looks at one by one: what goes in and what comes out. */
struct stream_step {
	struct flow_key flow;
	struct segment segment;
	struct stream_view view;
	struct stream_side side; /* of a SYN or SYN-ACK */
	__u64 generation;
	__u64 requested; /* see struct stream */
	__u32 revision;
	__u32 ifindex;
	__u32 rule_set;
	__u32 rule;
	__u32 earlier; /* rule set of the request before */
	__u32 endpoint;
	__u32 peer;
	__u32 request;
	__u8 plain;   /* 1: the short way, see bpf/plain.h: the segment is filled in */
	__u8 settles; /* 1: the tap has looked at everything, also at the address that the endpoint sends from */
	__u8 reason;  /* enum reason, with STEP_DROP */
	__u8 ends;    /* 1: the segment's FIN or RST counts: its receiver would accept it */
};

/* a is behind b in sequence space; RFC 9293 section 3.4 */
static __always_inline bool behind(__u32 a, __u32 b)
{
	return (__s32)(a - b) > 0;
}

static __always_inline int refuse(struct stream_step *step, __u8 reason)
{
	step->reason = reason;
	return STEP_DROP;
}
