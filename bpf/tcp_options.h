/* TCP options (RFC 9293 section 3.1, RFC 7323, RFC 2018): what a takeover must go on with. */
#pragma once

#define TCPOPT_END 0
#define TCPOPT_PAD 1
#define TCPOPT_SEGMENT_SIZE 2
#define TCPOPT_SCALE 3
#define TCPOPT_SELECTIVE 4
#define TCPOPT_TIMES 8
#define TCPOPT_COOKIE 34

/* Reads the options of a SYN or SYN-ACK into `side`. 1: all of them are of the kinds that a judged connection may have. A
 * Fast Open cookie is (RFC 7413): the data that it is for is looked for by itself. MPTCP, MD5 and AO are not: their bytes go
 * other ways than the sequence numbers say. */
__noinline int read_syn_options(struct __sk_buff *skb, __u32 at, __u32 end, struct stream_side *side)
{
	if (!side)
		return 0;
	*side = (struct stream_side){.mss = 536}; /* RFC 9293 section 3.7.1 */
	for (int i = 0; i < MAX_TCP_OPTIONS && at < end; i++) {
		__u8 kind = 0, length = 0, value[4] = {};
		if (bpf_skb_load_bytes(skb, at, &kind, 1))
			return 0;
		if (kind == TCPOPT_END)
			return 1;
		if (kind == TCPOPT_PAD) {
			at++;
			continue;
		}
		if (bpf_skb_load_bytes(skb, at + 1, &length, 1) || length < 2 || at + length > end)
			return 0;
		if (kind == TCPOPT_SEGMENT_SIZE && length == 4) {
			if (bpf_skb_load_bytes(skb, at + 2, value, 2))
				return 0;
			side->mss = value[0] << 8 | value[1];
		} else if (kind == TCPOPT_SCALE && length == 3) {
			if (bpf_skb_load_bytes(skb, at + 2, value, 1))
				return 0;
			side->scale = value[0] > 14 ? 14 : value[0]; /* RFC 7323 section 2.3 */
			side->options |= OPTION_WINDOW_SCALE;
		} else if (kind == TCPOPT_SELECTIVE && length == 2) {
			side->options |= OPTION_SACK;
		} else if (kind == TCPOPT_TIMES && length == 10) {
			if (bpf_skb_load_bytes(skb, at + 2, value, 4))
				return 0;
			side->timestamp = (__u32)value[0] << 24 | (__u32)value[1] << 16 | (__u32)value[2] << 8 | value[3];
			side->options |= OPTION_TIMESTAMPS;
		} else if (kind != TCPOPT_COOKIE) {
			return 0;
		}
		at += length;
	}
	return 1;
}

/* The TSval of a segment in the layout of RFC 7323 appendix A, which all systems send; 0: another layout, or none. */
static __always_inline __u32 timestamp_of(struct __sk_buff *skb, const struct segment *segment)
{
	__be32 options[2];
	if (segment->payload - segment->transport < 32 || bpf_skb_load_bytes(skb, segment->transport + 20, options, sizeof(options)))
		return 0;
	return options[0] == bpf_htonl(0x0101080a) ? bpf_ntohl(options[1]) : 0;
}

/* Fills in what the packet itself says; `transport`, `payload`, `length` and `from_client` are known. */
static __always_inline bool read_segment(struct __sk_buff *skb, struct segment *segment)
{
	struct {
		__be32 sequence;
		__be32 acknowledgement;
		__u8 offset;
		__u8 flags;
		__be16 window;
	} tcp;
	if (bpf_skb_load_bytes(skb, segment->transport + 4, &tcp, sizeof(tcp)))
		return false;
	segment->sequence = bpf_ntohl(tcp.sequence);
	segment->acknowledgement = bpf_ntohl(tcp.acknowledgement);
	segment->window = bpf_ntohs(tcp.window);
	segment->flags = tcp.flags;
	segment->timestamp = timestamp_of(skb, segment);
	return true;
}
