/* The short way of most packets: plain segments of a judged connection.
 *
 * A segment is plain when nothing of it but its numbers and its payload matters: TCP right behind IP without options, ACK and
 * no SYN, FIN, RST or URG, headers in the buffer's linear part. A stream is settled for a policy's revision once a segment of
 * the endpoint went the whole way under it: verdict, rule set, tap and address were looked at, and none of them can change
 * before the revision does. Such a segment of such a stream is passed or dropped by its stream, found by one lookup.
 * Everything else goes the whole way. */
#pragma once

/* A TCP header without options, and with the timestamps of RFC 7323 appendix A. */
struct tcp_segment {
	__be16 source;
	__be16 destination;
	__be32 sequence;
	__be32 acknowledgement;
	__u8 offset;
	__u8 flags;
	__be16 window;
	__be16 checksum;
	__be16 urgent;
	__be32 option;
	__be32 timestamp;
};

#define TCP_BARE 20
#define TIMESTAMP_OPTION 0x0101080a /* NOP, NOP, kind 8, length 10 */

/* Reads a plain segment into `step`; its flow as if the end with the higher port were the client. */
static __always_inline bool read_plain(struct __sk_buff *skb, struct stream_step *step, bool from_endpoint)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct segment *segment = &step->segment;
	struct flow_key *flow = &step->flow;
	struct packet packet = {.protocol = IPPROTO_TCP};
	struct tcp_segment *tcp;
	bool from_client;
	__u32 header;

	if (skb->vlan_present)
		return false;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = data + ETH_HLEN;
		tcp = (void *)(ip + 1);
		if ((void *)tcp + TCP_BARE > end || *(__u8 *)ip != 0x45 || ip->protocol != IPPROTO_TCP || ip->frag_off & bpf_htons(0x3fff))
			return false;
		packet.transport = ETH_HLEN + sizeof(*ip);
		packet.end = ETH_HLEN + bpf_ntohs(ip->tot_len);
		from_client = bpf_ntohs(tcp->source) > bpf_ntohs(tcp->destination);
		map_ipv4(from_client ? flow->client : flow->server, ip->saddr);
		map_ipv4(from_client ? flow->server : flow->client, ip->daddr);
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = data + ETH_HLEN;
		tcp = (void *)(ip + 1);
		if ((void *)tcp + TCP_BARE > end || ip->version != 6 || ip->nexthdr != IPPROTO_TCP)
			return false;
		packet.transport = ETH_HLEN + sizeof(*ip);
		packet.end = ETH_HLEN + sizeof(*ip) + bpf_ntohs(ip->payload_len);
		from_client = bpf_ntohs(tcp->source) > bpf_ntohs(tcp->destination);
		__builtin_memcpy(from_client ? flow->client : flow->server, &ip->saddr, 16);
		__builtin_memcpy(from_client ? flow->server : flow->client, &ip->daddr, 16);
	} else {
		return false;
	}
	header = (tcp->offset >> 4) * 4;
	if ((tcp->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_URG | TCP_ACK)) != TCP_ACK || header < TCP_BARE ||
	    packet.end > skb->len || packet.transport + header > packet.end || !is_as_read(skb, &packet))
		return false;
	flow->client_port = from_client ? tcp->source : tcp->destination;
	flow->server_port = from_client ? tcp->destination : tcp->source;
	flow->protocol = IPPROTO_TCP;
	flow->direction = from_client == from_endpoint ? DIRECTION_EGRESS : DIRECTION_INGRESS;
	flow->pad[0] = flow->pad[1] = 0;
	segment->transport = packet.transport;
	segment->payload = packet.transport + header;
	segment->length = packet.end - segment->payload;
	segment->sequence = bpf_ntohl(tcp->sequence);
	segment->acknowledgement = bpf_ntohl(tcp->acknowledgement);
	segment->window = bpf_ntohs(tcp->window);
	segment->flags = tcp->flags;
	segment->from_client = from_client;
	segment->timestamp = 0;
	if (header >= TCP_BARE + 12) {
		if ((void *)(tcp + 1) > end)
			return false;
		if (tcp->option == bpf_htonl(TIMESTAMP_OPTION))
			segment->timestamp = bpf_ntohl(tcp->timestamp);
	}
	return true;
}

/* The same flow with the other end as its client. */
static __always_inline void turn_round(struct stream_step *step)
{
	struct flow_key *flow = &step->flow;
	__u64 *client = (__u64 *)flow->client, *server = (__u64 *)flow->server, word;
	__be16 port = flow->client_port;
	for (int i = 0; i < 2; i++) {
		word = client[i];
		client[i] = server[i];
		server[i] = word;
	}
	flow->client_port = flow->server_port;
	flow->server_port = port;
	flow->direction ^= 1;
	step->segment.from_client ^= 1;
}

/* Answers enum step_action; all but STEP_PASS and STEP_DROP: the whole way. */
static __always_inline int step_plain(struct __sk_buff *skb, struct stream_step *step, __u32 revision)
{
	int action;
	step->plain = 1;
	step->settles = 0;
	step->ends = 0;
	step->revision = revision;
	step->ifindex = skb->ifindex;
	action = stream_step(skb, step);
	if (action != STEP_LOST)
		return action;
	turn_round(step);
	return stream_step(skb, step);
}
