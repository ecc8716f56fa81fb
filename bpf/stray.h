/* A server speaks on a connection that nobody knows, under an L7 rule: the proxy's kernel resets it, for there is no such socket.
 * Its client may wait for just that word, and say nothing itself for long. So it gets the segment, too, but without its payload
 * and with a number that every receiver has left behind: it answers by an acknowledgement (RFC 9293 section 3.10.7.4), which
 * goes to the proxy's namespace like the server's segment, and is answered by a reset with the right number. */
#pragma once

/* Less than any number that the client could take, and more than any that wraps round. */
#define LONG_AGO (1U << 29)

/* Makes the packet of the workspace such a segment. 0: it can't be one. */
static __noinline int make_old(struct __sk_buff *skb)
{
	struct workspace *workspace = current_workspace();
	struct segment *segment;
	__be32 sequence, old;
	if (!workspace || workspace->packet.tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST) || !(workspace->packet.tcp_flags & TCP_ACK))
		return 0;
	segment = &workspace->step.segment;
	segment->transport = workspace->packet.transport;
	segment->payload = workspace->packet.payload;
	segment->length = workspace->packet.end - workspace->packet.payload;
	segment->flags = workspace->packet.tcp_flags;
	if ((segment->length && !cut_payload(skb, &workspace->step, 0)) ||
	    bpf_skb_load_bytes(skb, segment->transport + 4, &sequence, sizeof(sequence)))
		return 0;
	old = bpf_htonl(bpf_ntohl(sequence) - LONG_AGO);
	return !bpf_l4_csum_replace(skb, segment->transport + TCP_CHECKSUM, sequence, old, sizeof(old)) &&
	       !bpf_skb_store_bytes(skb, segment->transport + 4, &old, sizeof(old), 0);
}

/* The server's segment goes both ways. Answers the action of what is left of it. */
static __always_inline int reset_both(struct __sk_buff *skb, __u8 direction)
{
	__u8 own[6];
	__u32 mark = skb->mark;
	if (bpf_skb_load_bytes(skb, 0, own, sizeof(own)) || !address_to_proxy(skb, direction) ||
	    bpf_clone_redirect(skb, proxy_ifindex[direction & 1], BPF_F_INGRESS) || bpf_skb_store_bytes(skb, 0, own, sizeof(own), 0) ||
	    !make_old(skb))
		return TC_ACT_SHOT;
	skb->mark = mark;
	return pass(skb, REASON_RESET, direction);
}
