/* From the bytes of a packet to the facts that decide about it. */
#pragma once

#define PROTOCOL_ANY 0

enum parse_result {
	PARSE_OK,
	PARSE_LINK,       /* ARP or neighbour discovery */
	PARSE_UNKNOWN_L3, /* some other protocol above Ethernet */
	PARSE_MALFORMED,
};

enum fragment_kind { FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER };

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10
#define TCP_URG 0x20

struct packet {
	__u8 source[16];
	__u8 destination[16];
	__be16 source_port; /* of ICMP echo: see struct flow_key */
	__be16 destination_port;
	__u8 protocol;
	__u8 tcp_flags;
	__u8 fragment;   /* enum fragment_kind */
	__u8 options;    /* IP options or IPv6 extension headers are there */
	__u8 icmp_error; /* about the packet at `inner` */
	__u8 ipv6;
	__u32 fragment_id;
	__u32 transport; /* offset of the transport header */
	__u32 payload;   /* offset of what follows it (TCP only) */
	__u32 end;       /* offset behind the last byte that IP's own length covers */
	__u32 inner;     /* offset of the IP header inside an ICMP error */
};

static __always_inline void map_ipv4(__u8 *address, __be32 ipv4)
{
	__u32 *words = (__u32 *)address;
	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = ipv4;
}

static __always_inline bool is_unspecified(const __u8 *address)
{
	const __u32 *words = (const __u32 *)address;
	return words[0] == 0 && words[1] == 0 && (words[2] == 0 || words[2] == bpf_htonl(0xffff)) && words[3] == 0;
}

/* fe80::/10; RFC 4291 section 2.5.6 */
static __always_inline bool is_link_local(const __u8 *address)
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static __always_inline enum parse_result parse_icmp(struct __sk_buff *skb, struct packet *packet, bool inner)
{
	struct {
		__u8 type;
		__u8 code;
		__be16 checksum;
		__be16 id;
		__be16 sequence;
	} icmp;
	__u8 request, reply;
	if (bpf_skb_load_bytes(skb, packet->transport, &icmp, sizeof(icmp)))
		return PARSE_MALFORMED;
	if (packet->ipv6) {
		if (icmp.type >= 133 && icmp.type <= 137 && !inner) /* RFC 4861 */
			return PARSE_LINK;
		packet->icmp_error = icmp.type < 128;
		request = 128;
		reply = 129;
	} else {
		packet->icmp_error = icmp.type == 3 || icmp.type == 4 || icmp.type == 5 || icmp.type == 11 || icmp.type == 12;
		request = 8;
		reply = 0;
	}
	packet->inner = packet->transport + sizeof(icmp);
	if (icmp.type == reply) {
		packet->source_port = bpf_htons(request);
		packet->destination_port = icmp.id;
	} else {
		packet->source_port = icmp.type == request ? icmp.id : 0;
		packet->destination_port = bpf_htons(icmp.type);
	}
	return PARSE_OK;
}

/* `inner`: the packet is quoted inside an ICMP error, so only the first 8 bytes of its transport header need be there. */
static __always_inline enum parse_result parse_transport(struct __sk_buff *skb, struct packet *packet, bool inner)
{
	struct {
		__be16 source;
		__be16 destination;
	} ports;
	if (packet->fragment == FRAGMENT_LATER)
		return PARSE_OK;
	switch (packet->protocol) {
	case IPPROTO_TCP: {
		__u8 offset_and_flags[2];
		if (bpf_skb_load_bytes(skb, packet->transport, &ports, sizeof(ports)))
			return PARSE_MALFORMED;
		packet->source_port = ports.source;
		packet->destination_port = ports.destination;
		if (inner)
			return PARSE_OK;
		if (bpf_skb_load_bytes(skb, packet->transport + 12, offset_and_flags, 2))
			return PARSE_MALFORMED;
		packet->tcp_flags = offset_and_flags[1];
		packet->payload = packet->transport + (offset_and_flags[0] >> 4) * 4;
		if ((offset_and_flags[0] >> 4) < 5 || packet->payload > packet->end)
			return PARSE_MALFORMED;
		return PARSE_OK;
	}
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		if (bpf_skb_load_bytes(skb, packet->transport, &ports, sizeof(ports)))
			return PARSE_MALFORMED;
		packet->source_port = ports.source;
		packet->destination_port = ports.destination;
		return PARSE_OK;
	case IPPROTO_ICMP:
		return packet->ipv6 ? PARSE_OK : parse_icmp(skb, packet, inner);
	case IPPROTO_ICMPV6:
		return packet->ipv6 ? parse_icmp(skb, packet, inner) : PARSE_OK;
	default:
		return PARSE_OK;
	}
}

static __always_inline enum parse_result parse_ipv4(struct __sk_buff *skb, __u32 offset, struct packet *packet, bool inner)
{
	struct iphdr ip;
	__u32 total;
	if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)))
		return PARSE_MALFORMED;
	total = bpf_ntohs(ip.tot_len);
	if (ip.version != 4 || ip.ihl < 5 || total < ip.ihl * 4 || (!inner && offset + total > skb->len))
		return PARSE_MALFORMED;
	map_ipv4(packet->source, ip.saddr);
	map_ipv4(packet->destination, ip.daddr);
	packet->protocol = ip.protocol;
	packet->options = ip.ihl > 5;
	packet->transport = offset + ip.ihl * 4;
	packet->end = offset + total;
	if (ip.frag_off & bpf_htons(0x1fff))
		packet->fragment = FRAGMENT_LATER;
	else if (ip.frag_off & bpf_htons(0x2000))
		packet->fragment = FRAGMENT_FIRST;
	packet->fragment_id = ip.id;
	return parse_transport(skb, packet, inner);
}

static __always_inline enum parse_result parse_ipv6(struct __sk_buff *skb, __u32 offset, struct packet *packet, bool inner)
{
	struct ipv6hdr ip;
	__u8 next;
	__u32 at = offset + sizeof(ip);
	if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)))
		return PARSE_MALFORMED;
	packet->end = at + bpf_ntohs(ip.payload_len);
	if (ip.version != 6 || (!inner && packet->end > skb->len))
		return PARSE_MALFORMED;
	packet->ipv6 = 1;
	__builtin_memcpy(packet->source, &ip.saddr, 16);
	__builtin_memcpy(packet->destination, &ip.daddr, 16);
	next = ip.nexthdr;
	for (int i = 0; i < MAX_EXTENSION_HEADERS; i++) {
		__u8 header[8];
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT)
			break;
		packet->options = 1;
		if (bpf_skb_load_bytes(skb, at, header, sizeof(header)))
			return PARSE_MALFORMED;
		if (next == IPPROTO_FRAGMENT) { /* RFC 8200 section 4.5 */
			__u16 place = header[2] << 8 | header[3];
			packet->fragment = place & 0xfff8 ? FRAGMENT_LATER : place & 1 ? FRAGMENT_FIRST : FRAGMENT_NONE;
			packet->fragment_id = *(__u32 *)(header + 4);
			at += 8;
		} else {
			at += (header[1] + 1) * 8;
		}
		next = header[0];
		if (packet->fragment == FRAGMENT_LATER)
			break;
	}
	packet->protocol = next;
	packet->transport = at;
	return parse_transport(skb, packet, inner);
}

/* The caller has zeroed `packet`. */
static __always_inline enum parse_result parse_packet(struct __sk_buff *skb, struct packet *packet)
{
	if (skb->vlan_present)
		return PARSE_UNKNOWN_L3;
	switch (skb->protocol) {
	case bpf_htons(ETH_P_IP):
		return parse_ipv4(skb, ETH_HLEN, packet, false);
	case bpf_htons(ETH_P_IPV6):
		return parse_ipv6(skb, ETH_HLEN, packet, false);
	case bpf_htons(ETH_P_ARP):
		return PARSE_LINK;
	default:
		return PARSE_UNKNOWN_L3;
	}
}

/* The packet that an ICMP error is about. The caller has zeroed `quoted`. */
static __always_inline enum parse_result parse_quoted(struct __sk_buff *skb, const struct packet *error, struct packet *quoted)
{
	return error->ipv6 ? parse_ipv6(skb, error->inner, quoted, true) : parse_ipv4(skb, error->inner, quoted, true);
}

/* Ports of a datagram whose transport header went by in its first fragment. False: not seen. */
static __always_inline bool resolve_fragment(struct packet *packet)
{
	struct fragment_key key = {.id = packet->fragment_id, .protocol = packet->protocol};
	struct fragment_ports *known, ports = {packet->source_port, packet->destination_port};
	__builtin_memcpy(key.source, packet->source, 16);
	__builtin_memcpy(key.destination, packet->destination, 16);
	if (packet->fragment == FRAGMENT_FIRST)
		return bpf_map_update_elem(&fragments, &key, &ports, BPF_ANY) == 0;
	known = bpf_map_lookup_elem(&fragments, &key);
	if (!known)
		return false;
	packet->source_port = known->source;
	packet->destination_port = known->destination;
	return true;
}
