/* Every bound of the kernel side, each with its unit and the reason for the number. src/limits.ts has the other half. */
#pragma once

/* Endpoints of one node. Kubernetes' own bound is 110 pods a node; dense nodes run 500. */
#define MAX_ENDPOINTS 4096
/* Tracked connections. A conn is under 256 bytes and made on demand, so this is 64 MiB when full. */
#define MAX_CONNECTIONS 262144
/* Addresses and prefixes that have an identity. */
#define MAX_PREFIXES 131072
/* Entries of one endpoint's policy: identities times port prefixes. */
#define MAX_POLICY_ENTRIES 65536
/* Datagrams whose first fragment was seen and whose others may follow; the oldest give way. */
#define MAX_FRAGMENTED 8192
/* Bytes of the event ring. 128 bytes an event: 16,384 events between two reads. */
#define EVENT_RING_BYTES (2 * 1024 * 1024)
/* Above this fill, in bytes, one new connection in EVENT_SAMPLE is told, denials all. With 136 bytes an event that is 950 a second
 * for a reader that looks every second, and 19,000 for one that looks 20 times, as while somebody follows the flows. */
#define EVENT_RING_SAMPLED (128 * 1024)
#define EVENT_SAMPLE 64
/* Below this fill the reader is not woken: it looks by a timer. */
#define EVENT_RING_QUIET (EVENT_RING_BYTES / 2)
/* Proxy workers a direction: one per core of a large node is enough. */
#define MAX_WORKERS 16
/* IPv6 extension headers that are walked. RFC 8200 section 4.1 lists each kind once; real traffic has at most two. */
#define MAX_EXTENSION_HEADERS 6
/* Connections whose requests the kernel judges at a time. 270 bytes each, on demand; what is beyond is proxied. */
#define MAX_STREAMS 131072
/* Rule sets that may have a judge's table: one per distinct list of HTTP rules on the node. */
#define MAX_RULE_SETS 4096
/* Rules that are counted apart. */
#define MAX_COUNTED_RULES 65536
/* Bytes of the longest head that is judged: one Ethernet segment's payload holds no more. Longer ones are proxied. */
#define JUDGE_HEAD_BYTES 1536
/* Bytes of the ring of judged requests. 420 bytes a request with its response: 5,000 between two reads. */
#define REQUEST_RING_BYTES (2 * 1024 * 1024)
/* Above this fill, in bytes, one request in REQUEST_SAMPLE is recorded: a record costs its reader more than a request the
 * kernel. With 420 bytes a request up to 310 requests a second are recorded all for a reader that looks every second, and up to
 * 6,000 for one that looks 20 times. */
#define REQUEST_RING_SAMPLED (128 * 1024)
#define REQUEST_SAMPLE 128
/* Below this fill the reader is not woken: it looks by a timer. */
#define REQUEST_RING_QUIET (REQUEST_RING_BYTES / 2)
/* Frames that are kept for the proxy until it has their connection, bytes of room: one segment of Ethernet, and what the kernel
 * hands down at once before it is segmented. Longer ones are sent again. */
#define HELD_SMALL 1664
#define HELD_LARGE (16 * 1024)
/* Bytes of one end's stream that are kept: ten segments are all that a new connection may have under way (RFC 6928). */
#define HELD_WINDOW (64 * 1024)
/* Bytes of the ring of takeovers: 1,200 small ones at a time, and lost ones come again. */
#define TAKEOVER_RING_BYTES (2 * 1024 * 1024)
/* Time before a held segment that comes again is in a record again, ns: less than any retransmission takes, and no flood. */
#define TAKEOVER_PAUSE 50000000ULL
/* Retransmissions of one head that were no match, before the agent is asked. One happens when an ACK is late. */
#define JUDGE_MISMATCHES 3
/* Bytes of an interim response (RFC 9110 section 15.2) in which its end is looked for: a 103 with a dozen links. */
#define INTERIM_BYTES 1024
/* How far the proxy's clock in an end's name may be ahead of the end's own when a connection is given back, ns. Clocks of
 * 1 kHz, which all of today's systems have, differ by rounding, and by what a segment takes to the tap. */
#define CLOCK_AHEAD_MAX 64000000
/* Of such a clock, ns. */
#define CLOCK_TICK 1000000
/* TCP options of one SYN that are walked: 40 bytes. */
#define MAX_TCP_OPTIONS 40

/* Connections that are asked at once whether they are to be forgotten: some microseconds without softirqs, and a test run's packet
 * has to fit one page. */
#define EXPIRE_FLOWS 64
/* Time without a packet after which a connection is forgotten, in seconds. */
/* TCP before the handshake is complete: the kernel's own SYN retries end after 127 s. */
#define TIMEOUT_SYN 130
/* TCP, open. As nf_conntrack_tcp_timeout_established's usual tuning; a later packet is adopted or reset. */
#define TIMEOUT_ESTABLISHED 21600
/* TCP, closed by both: what is sent again comes within seconds. Not TIME_WAIT's 60, in which a client that opens thousands of
 * connections a second would fill the tables. */
#define TIMEOUT_CLOSED 5
/* UDP, seen one way only, and both ways. As nf_conntrack_udp_timeout and _stream. */
#define TIMEOUT_UDP 30
#define TIMEOUT_UDP_STREAM 120
/* ICMP echo: its answer. */
#define TIMEOUT_ICMP 30
