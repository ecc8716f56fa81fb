/* What kernel and agent share: every struct and number that crosses the border, declared here only.
 *
 * src/datapath/abi.generated.ts is made from the object's BTF (scripts/generate-abi.ts), and a test fails when it is stale.
 * Addresses are 16 bytes in network order everywhere, IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2).
 */
#pragma once

enum direction {
	DIRECTION_EGRESS = 0,  /* the endpoint is the client */
	DIRECTION_INGRESS = 1, /* the endpoint is the server */
};

enum verdict {
	VERDICT_DENY = 0,
	VERDICT_ALLOW = 1,
	VERDICT_REDIRECT = 2, /* an L7 rule set decides */
	VERDICT_AUDIT = 3,    /* would be denied; passes and is recorded */
};

/* Why a packet went where it went: index of a counter, and a metric label by its name in lower case. */
enum reason {
	REASON_ALLOWED,
	REASON_UNENFORCED,  /* no rule selects the endpoint in this direction */
	REASON_DIVERTED,    /* into the proxy's namespace */
	REASON_REINJECTED,  /* out of it again */
	REASON_AUDITED,     /* would have been denied */
	REASON_LINK,        /* ARP and neighbour discovery always pass */
	REASON_JUDGED,      /* on a connection whose requests the kernel judges */
	REASON_UNTRACKED,   /* diverted from its SYN on, because the table of streams is full */
	REASON_RESET,       /* an RST of the proxy's namespace: an end of a proxied connection is told that it is over */
	REASON_FIRST_DENIAL,
	REASON_NO_RULE = REASON_FIRST_DENIAL, /* default deny */
	REASON_DENY_RULE,
	REASON_REVOKED,         /* the policy changed and no longer allows the connection */
	REASON_SPOOFED,         /* source address is not the endpoint's */
	REASON_NOT_SYN,         /* TCP of a connection that is not known */
	REASON_TAKEOVER_NEEDED, /* under an L7 rule, and nobody follows its stream */
	REASON_TABLE_FULL,      /* no room for the connection */
	REASON_COLLISION,       /* same four-tuple at another tap */
	REASON_MALFORMED,       /* headers do not parse */
	REASON_FRAGMENT,        /* first fragment not seen, or fragmented TCP under an L7 rule */
	REASON_IP_OPTIONS,      /* IP options or extension headers under an L7 rule */
	REASON_UNKNOWN_L3,      /* neither IP nor ARP, and the endpoint is under default deny */
	REASON_NO_POLICY,       /* the tap's endpoint has no policy loaded */
	REASON_NO_CONNECTION,   /* the proxy sent for a connection that is not diverted */
	REASON_HELD,            /* payload that waits for the agent to take its connection over */
	REASON_BEYOND,          /* payload that comes too early to be judged; TCP sends it again */
	REASON_MISMATCH,        /* a retransmission that is not what was judged, or can't be told to be */
	REASON_STREAM,          /* a segment that does not fit a judged connection's numbers or state */
	REASON_COUNT,
};

enum conn_state {
	CONN_NEW = 0,         /* seen from the client only */
	CONN_ESTABLISHED = 1, /* seen from both */
	CONN_CLOSING = 2,     /* a FIN from one side */
	CONN_CLOSED = 3,      /* FINs from both, or an RST */
};

/* Bounds that the agent needs too. */
enum bound {
	BOUND_RULE_SETS = MAX_RULE_SETS, /* rule sets of higher number are never judged in the kernel */
	BOUND_ENDPOINTS = MAX_ENDPOINTS,
	BOUND_POLICY_ENTRIES = MAX_POLICY_ENTRIES,
	BOUND_WORKERS = MAX_WORKERS,
};

/* One flow as its endpoint sees it. `client` is who opened it. For ICMP echo the ports are the identifier and the request's type. */
struct flow_key {
	__u8 client[16];
	__u8 server[16];
	__be16 client_port;
	__be16 server_port;
	__u8 protocol;
	__u8 direction; /* enum direction */
	__u8 pad[2];
};

#define L2_HEADER 14 /* destination, source, type */

struct conn {
	__u64 last_seen; /* CLOCK_MONOTONIC, ns */
	__u32 endpoint;
	__u32 peer;     /* identity of the other end */
	__u32 ifindex;  /* of the tap */
	__u32 revision; /* of the policy that the verdict comes from */
	__u32 rule_set;
	__u32 rule;
	__u8 verdict; /* enum verdict */
	__u8 reason;  /* enum reason */
	__u8 state;   /* enum conn_state */
	__u8 diverted;
	__u8 fins;    /* bit 0: from the client, bit 1: from the server */
	__u8 l2_seen; /* the same bits */
	__u8 l2_forward[L2_HEADER];
	__u8 l2_reply[L2_HEADER];
	__u8 judged; /* 1: not diverted from its SYN on; `streams` says where its packets go */
	__u8 pad[1];
};

/* How a judged connection's stream is treated. Only the kernel's programs write it; the agent asks by `steer`. */
enum stream_mode {
	STREAM_OPENING = 0,  /* no SYN-ACK yet, or the connection ended: no payload passes */
	STREAM_JUDGED = 1,   /* accepted requests pass, all else makes it HELD */
	STREAM_HELD = 2,     /* new payload of both directions is dropped, what passed before may come again, ACKs pass and are read */
	/* In these the proxy has its sockets. */
	STREAM_DIVERTED = 3,
	STREAM_OFFERED = 4,   /* nothing of the proxy's passes, while the agent reads where its sockets stand */
	STREAM_RETURNING = 5, /* JUDGED with the client's next segment that acknowledges all; DIVERTED with anything else new */
};

/* Why a stream was held. */
enum doubt {
	DOUBT_NONE = 0,
	DOUBT_REFUSED,    /* the segment is no single accepted head: not allowed, not complete, nothing that is judged, or two */
	DOUBT_NO_TABLE,   /* judging is off, or the rule set has no table any more */
	DOUBT_MORE,       /* the segment has a body's end and more, and is too long to be cut there (bpf/cut.h) */
	DOUBT_LONG,       /* the head is longer than a segment that arrives at the server can be */
	DOUBT_URGENT,     /* TCP urgent data */
	DOUBT_MISMATCH,   /* retransmissions of the head that can't be told to be the same, time and again */
	DOUBT_SERVER_FIRST, /* the server spoke before any request: no HTTP/1.1, and its first words are the proxy's to read */
	DOUBT_OLDER,      /* nobody saw it begin: the numbers are those of the held segment */
	DOUBT_ASKED,      /* the agent froze it */
};

/* Bits of `options` below. */
enum option {
	OPTION_WINDOW_SCALE = 1,
	OPTION_SACK = 2,
	OPTION_TIMESTAMPS = 4,
};

/* One end of a judged connection's TCP, as its own packets told it. Numbers in the machine's order. */
struct stream_side {
	__u32 next;      /* sequence number behind the last byte of its that passed, FIN not counted */
	__u32 acked;     /* highest number of its that the other end acknowledged, FIN counted */
	__u32 timestamp; /* its last TSval */
	__u16 window;    /* its last window, as sent: not scaled */
	__u16 mss;       /* it announced; 536 without the option */
	__u8 scale;      /* of its windows after the SYNs */
	__u8 options;    /* that it sent in its SYN or SYN-ACK, enum option; in force when both sent it */
	__u8 fin;        /* 1: its FIN passed, at `next` */
	__u8 pad[1];
};

/* An end's clock beside the proxy's in its name, while the proxy has the connection. */
struct stream_clock {
	__u64 seen_at; /* CLOCK_MONOTONIC of the end's `timestamp`, ns */
	__u64 said_at; /* of `said` */
	__u32 said;    /* the proxy's last TSval in its name; 0: none */
	__u32 reserved;
};

/* A judged connection's stream. A plain read may be torn, but in STREAM_HELD, once each side's `acked` is its `next` + `fin`,
 * nothing changes but windows and timestamps. */
struct stream {
	struct bpf_spin_lock lock;
	__u8 mode;   /* enum stream_mode */
	__u8 doubt;  /* enum doubt, of STREAM_HELD */
	__u8 renewed; /* 1: a SYN came after the handshake and waits for its SYN-ACK */
	__u8 waiting; /* 1: the judged request's response has not begun */
	__u64 settled; /* policy revision (upper half) and its rule set by which the tap passes the stream's plain segments */
	struct stream_side client;
	struct stream_side server;
	__u64 body_left; /* bytes of the last judged head's body that are still to come */
	__u32 head_start; /* of the last judged head */
	__u32 head_end;
	__u64 head_hash; /* keyed */
	__u32 rule_set; /* of the last judged head */
	__u32 rule;
	__u32 response_start; /* server's number where its response must begin */
	__u32 requests;
	__u32 mismatches; /* since the last judged head */
	__u32 ifindex;    /* of the tap */
	__u64 requested;  /* CLOCK_MONOTONIC of the last judged head, ns; 0: it is not recorded */
	__u64 generation; /* the same of its SYN: names this use of the ports */
	__u64 told;       /* the same of the last record in `takeovers` */
	struct stream_side offered; /* by the client's last SYN; next = its number + 1 */
	__u32 client_start; /* number of the first byte behind the SYN */
	__u32 server_start;
	__u32 endpoint;
	__u32 peer;
	__u32 seen; /* 1: plain segments came since `expire` looked */
	__u32 returns; /* how often the proxy gave it back */
	struct stream_clock client_clock;
	struct stream_clock server_clock;
	__u32 kept[2]; /* of a held stream: number behind the last byte in `takeovers`, of the client and of the server */
	/* From the tap to an end and back, as the handshake took it, µs; 0: not known. */
	__u32 client_rtt;
	__u32 server_rtt;
	__u64 turned; /* CLOCK_MONOTONIC of the SYN or SYN-ACK that waits for its answer, ns; 0: none, or it was sent again */
};

/* What the agent asks of a stream: the program `steer`, by BPF_PROG_TEST_RUN with this as the packet; it returns enum steered. */
enum command {
	COMMAND_FREEZE = 1, /* JUDGED -> HELD */
	COMMAND_THAW,       /* HELD -> JUDGED, as it was */
	COMMAND_DIVERT,     /* HELD, OFFERED or RETURNING -> DIVERTED */
	COMMAND_OFFER,      /* DIVERTED -> OFFERED */
	/* OFFERED -> JUDGED from `client_next` and `server_next` on, no body left. RETURNING where the client has not acknowledged
	 * all of the server's, or it is too early for the clocks; the server must have acknowledged all of the client's. */
	COMMAND_GIVE_BACK,
	COMMAND_REFUSE,     /* HELD for DOUBT_OLDER -> forgotten: whoever speaks next is reset */
	COMMAND_ABANDON,    /* any -> OPENING: no payload passes any more; the agent has reset both ends */
};

enum steered {
	STEERED_DONE = 0,
	STEERED_UNKNOWN,    /* no such judged connection */
	STEERED_REPLACED,   /* the ports are used again: other generation */
	STEERED_WRONG_MODE, /* not in the mode that the command starts from */
	STEERED_MALFORMED,
	STEERED_WAITS, /* with COMMAND_GIVE_BACK: RETURNING */
	STEERED_CLOCK, /* an end's clock is too far behind what the proxy said in its name: it can't be given back */
};

struct steering {
	__u8 ethernet[16]; /* zero: BPF_PROG_TEST_RUN reads a frame's header here */
	struct flow_key flow;
	__u64 generation;
	__u32 command; /* enum command */
	__u32 client_next;
	__u32 server_next;
	__u32 server_acked; /* with COMMAND_GIVE_BACK */
};

/* Connections that the program `expire` is asked about, as many of them as the packet has. */
struct expiring {
	__u8 ethernet[16]; /* as in struct steering */
	struct flow_key flows[EXPIRE_FLOWS];
};

/* By interface index of the tap. */
struct endpoint {
	__u32 id;
	__u32 identity;
	__u32 check_source; /* 1: what it sends must carry an address of its identity */
};

struct prefix_key {
	__u32 prefixlen;
	__u8 address[16];
};

/* Longest prefix decides: direction (8 bits) > identity (40) > protocol (48) > leading bits of the port (49–64).
 * A prefix of 8 bits is the direction's default; none = deny. ICMP has its type in place of the port. */
struct policy_key {
	__u32 prefixlen;
	__u8 direction;
	__u8 identity[4]; /* most significant byte first */
	__u8 protocol;
	__u8 port[2];
};

struct policy_entry {
	__u8 verdict; /* enum verdict */
	__u8 reason;  /* enum reason: what a packet under this entry is counted as */
	__u8 pad[2];
	__u32 rule_set; /* with VERDICT_REDIRECT */
	__u32 rule;     /* the agent's number of the rule's place; 0: none */
};

struct settings {
	__u32 revision; /* grows with each change of policy; connections are judged anew */
	__u32 workers;  /* slots 0 .. workers - 1 of each direction in `listeners` */
	__u32 mark;     /* of re-injected packets; random, so that nothing else on the host sets it by chance */
	__u32 judge;    /* 1: requests are judged in the kernel where their rule set has a table */
	__u64 hash_key[2]; /* random, of the hashes of judged heads; a new agent goes on with it */
};

struct counter {
	__u64 packets;
	__u64 bytes;
};

/* One record of the event ring. */
struct event {
	__u64 time; /* CLOCK_MONOTONIC, ns */
	struct flow_key flow;
	__u32 endpoint;
	__u32 peer;
	__u32 rule;
	__u32 ifindex;
	__u32 length; /* of the packet, bytes */
	__u8 verdict;
	__u8 reason;
	__u8 tcp_flags;
	__u8 pad;
};

/* One record of the ring `takeovers`: a stream was held, or more came of a held one. Sent again with the retransmissions of what
 * is held. It ends with the frame as the tap saw it, of HELD_SMALL or HELD_LARGE bytes of room. */
struct takeover {
	__u64 time; /* CLOCK_MONOTONIC, ns */
	__u64 generation;
	struct flow_key flow;
	__u32 length; /* of the frame, bytes; 0: it found no room, its sender sends it again */
	__u8 doubt;   /* enum doubt */
	__u8 from_client; /* 1: the frame is the client's */
	__u8 pad[2];
	__u8 frame[HELD_SMALL];
};

#define METHOD_BYTES 16
#define TARGET_BYTES 128
#define HOST_BYTES 64

enum record_kind {
	RECORD_REQUEST = 1,
	RECORD_RESPONSE = 2,
};

/* One record of the ring `requests`: a head that passed. No wake-up comes for it before the ring is 1/8 full: its reader
 * looks by a timer. What is longer than its field is cut off; the length is the whole one. */
struct judged_request {
	__u32 kind;    /* RECORD_REQUEST */
	__u32 request; /* number on its connection, from 1 */
	__u64 time;    /* CLOCK_MONOTONIC, ns */
	__u64 body;    /* bytes that follow */
	__u64 generation;
	struct flow_key flow;
	__u32 endpoint;
	__u32 peer;
	__u32 rule_set;
	__u32 rule; /* index in the rule set */
	__u16 method_length;
	__u16 target_length;
	__u16 host_length;
	__u16 head_length;
	__u8 method[METHOD_BYTES];
	__u8 target[TARGET_BYTES];
	__u8 host[HOST_BYTES];
};

/* The other record of the ring `requests`: the response's first bytes. */
struct judged_response {
	__u32 kind;    /* RECORD_RESPONSE */
	__u32 request; /* number of the request that it answers */
	__u64 time;    /* CLOCK_MONOTONIC, ns */
	__u64 latency; /* ns from the request's head */
	__u64 generation;
	struct flow_key flow;
	__u32 endpoint;
	__u32 peer;
	__u32 rule_set;
	__u32 rule;
	__u32 status; /* 0: it could not be told */
	__u32 reserved;
};

struct rule_key {
	__u32 rule_set;
	__u32 rule;
};

/* Exact, per CPU. By the status's first digit; 0: it could not be told. */
struct rule_counter {
	__u64 requests;
	__u64 responses[8];
};

/* Slots of `lost_events`. */
enum loss {
	LOSS_EVENTS = 0,    /* events that found the ring full */
	LOSS_REQUESTS = 1,  /* judged requests and responses that found theirs full */
	LOSS_SAMPLED = 2,   /* both, left out because they come faster than they are read */
	LOSS_TAKEOVERS = 3, /* takeovers that found theirs full; they are sent again */
	LOSS_RULES = 4,     /* requests and responses that no rule_counter had room for */
	LOSS_COUNT,
};
