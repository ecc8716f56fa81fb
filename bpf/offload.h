/* What the kernel may still write into a packet behind the tap: its unfinished checksum, its segmentation.
 *
 * A packet socket hands the kernel both with the frame (PACKET_VNET_HDR, packet(7)), and no one checks that the place is
 * a checksum's: on its way out of an interface that does not do the sum itself, two bytes of the sender's choice change. */
#pragma once

/* The kernel's own; only what is read here. */
struct sk_buff {
	__u16 mac_header; /* from the buffer's head, as csum_start */
	__u16 csum_start;
	__u16 csum_offset;
	__u8 ip_summed : 2;
} __attribute__((preserve_access_index));

extern void *bpf_cast_to_kern_ctx(void *) __ksym;

#define CHECKSUM_PARTIAL 3
#define TCP_CHECKSUM 16
#define UDP_CHECKSUM 6

/* Segmentation takes every byte of the buffer for payload, also those that IP's length leaves out. */
static __always_inline bool is_whole(struct __sk_buff *skb, __u32 end)
{
	return !skb->gso_size || skb->len == end;
}

/* Is what was read also what will arrive? */
static __always_inline bool is_as_read(struct __sk_buff *skb, const struct packet *packet)
{
	struct sk_buff *kernel = bpf_cast_to_kern_ctx(skb);
	__u32 start, place;
	if (!is_whole(skb, packet->end))
		return false;
	if (BPF_CORE_READ_BITFIELD(kernel, ip_summed) != CHECKSUM_PARTIAL)
		return true;
	start = (__u32)kernel->csum_start - kernel->mac_header;
	place = start + kernel->csum_offset;
	if (start >= packet->end) /* before the frame, come round */
		return false;
	switch (packet->fragment == FRAGMENT_LATER ? IPPROTO_IP : packet->protocol) {
	case IPPROTO_TCP:
		return start == packet->transport && kernel->csum_offset == TCP_CHECKSUM;
	case IPPROTO_UDP: /* or of a packet in its payload: a tunnel */
		return start >= packet->transport && place >= packet->transport + UDP_CHECKSUM;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
	case IPPROTO_IP:
		return false; /* no kernel leaves these unfinished */
	default: /* SCTP's own, or of a packet in its payload: nothing that was read */
		return start >= packet->transport && place >= packet->transport + 4;
	}
}
