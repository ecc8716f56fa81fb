// What the verifier refuses: a packet is read without a look at where it ends.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int overread(struct __sk_buff *skb)
{
	return *(unsigned char *)(long)skb->data;
}

char permission[] SEC("license") = "GPL";
