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
	REASON_FIRST_DENIAL,
	REASON_NO_RULE = REASON_FIRST_DENIAL, /* default deny */
	REASON_DENY_RULE,
	REASON_REVOKED,         /* the policy changed and no longer allows the connection */
	REASON_SPOOFED,         /* source address is not the endpoint's */
	REASON_NOT_SYN,         /* TCP of a connection that is not known */
	REASON_TAKEOVER_NEEDED, /* an open connection came under an L7 rule */
	REASON_TABLE_FULL,      /* no room for the connection */
	REASON_COLLISION,       /* same four-tuple at another tap */
	REASON_MALFORMED,       /* headers do not parse */
	REASON_FRAGMENT,        /* first fragment not seen, or fragmented TCP under an L7 rule */
	REASON_IP_OPTIONS,      /* IP options or extension headers under an L7 rule */
	REASON_UNKNOWN_L3,      /* neither IP nor ARP, and the endpoint is under default deny */
	REASON_NO_POLICY,       /* the tap's endpoint has no policy loaded */
	REASON_NO_CONNECTION,   /* the proxy sent for a connection that is not diverted */
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
	__u8 pad[2];
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
