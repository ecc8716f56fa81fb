/* The end of a segment cut off, for the sake of what comes before: its sender sends the rest again, as a segment of its own. */
#pragma once

/* Of `count` bytes of `judging`, as the Internet's checksum sums them (RFC 1071): 16 bits, in the packet's own order. */
static __always_inline __u32 sum_of(struct judging *judging, __u32 count)
{
	__u32 sum = 0;
	if (count >= JUDGE_HEAD_BYTES)
		return 0;
	judging->bytes[count] = 0;
	for (__u32 i = 0; i < JUDGE_HEAD_BYTES; i += 2) {
		if (i >= count)
			break;
		sum += *(__u16 *)(judging->bytes + i);
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* Writes two bytes at `place` of the TCP header, whose checksum follows. */
static __always_inline bool replace_tcp(struct __sk_buff *skb, __u32 checksum, __u32 place, __be16 old, __be16 new)
{
	return !bpf_l4_csum_replace(skb, checksum, old, new, sizeof(new)) && !bpf_skb_store_bytes(skb, place, &new, sizeof(new), 0);
}

/* Keeps the first `keep` bytes of the payload, and no FIN. False: it can't be; the packet is to be dropped. */
__noinline int cut_payload(struct __sk_buff *skb, struct stream_step *step, __u32 keep)
{
	struct judging *judging = current_judging();
	__u32 transport, checksum, gone, sum;
	__be16 length, shorter, flags, fewer;
	bool ipv4 = skb->protocol == bpf_htons(ETH_P_IP);
	if (!step || !judging)
		return 0;
	transport = step->segment.transport;
	checksum = transport + TCP_CHECKSUM;
	gone = step->segment.length - keep;
	/* A packet that is segmented later has the sums and lengths of many. */
	if (skb->gso_size || !gone || gone >= JUDGE_HEAD_BYTES || transport != ETH_HLEN + (ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) ||
	    bpf_skb_load_bytes(skb, step->segment.payload + keep, judging->bytes, gone))
		return 0;
	sum = sum_of(judging, gone);
	if (keep & 1)
		sum = (sum & 0xff) << 8 | sum >> 8;
	length = bpf_htons(step->segment.payload + step->segment.length - transport);
	shorter = bpf_htons(step->segment.payload + keep - transport);
	if (bpf_l4_csum_replace(skb, checksum, 0, ~sum & 0xffff, 0) ||
	    bpf_l4_csum_replace(skb, checksum, length, shorter, BPF_F_PSEUDO_HDR | sizeof(length)) ||
	    bpf_skb_load_bytes(skb, transport + 12, &flags, sizeof(flags)))
		return 0;
	fewer = flags & ~bpf_htons(TCP_FIN);
	if (!replace_tcp(skb, checksum, transport + 12, flags, fewer))
		return 0;
	if (ipv4) {
		length = bpf_htons(step->segment.payload + step->segment.length - ETH_HLEN);
		shorter = bpf_htons(step->segment.payload + keep - ETH_HLEN);
		if (bpf_l3_csum_replace(skb, ETH_HLEN + 10, length, shorter, sizeof(length)) ||
		    bpf_skb_store_bytes(skb, ETH_HLEN + 2, &shorter, sizeof(shorter), 0))
			return 0;
	} else if (bpf_skb_store_bytes(skb, ETH_HLEN + 4, &shorter, sizeof(shorter), 0)) {
		return 0;
	}
	if (bpf_skb_change_tail(skb, step->segment.payload + keep, 0))
		return 0;
	step->segment.length = keep;
	step->segment.flags &= ~TCP_FIN;
	return 1;
}
