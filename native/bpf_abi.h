#pragma once
// Parts of the bpf() system call's ABI that are newer than the installed headers (kernel 6.6: include/uapi/linux/bpf.h).

#include <linux/types.h>

namespace sluice::abi {

constexpr __u32 tcxIngress = 46; // BPF_TCX_INGRESS
constexpr __u32 tcxEgress = 47; // BPF_TCX_EGRESS
constexpr __u32 mprogBefore = 1u << 3; // BPF_F_BEFORE
constexpr __u32 linkTypeTcx = 11; // BPF_LINK_TYPE_TCX

// union bpf_attr's link_create, with the place relative to other programs.
struct LinkCreate {
	__u32 programFd;
	__u32 target; // interface or descriptor, by attach type
	__u32 attachType;
	__u32 flags;
	__u32 relativeFd;
	__u32 pad;
	__u64 expectedRevision;
};

// struct bpf_link_info; the reserve lets a newer kernel answer in full.
struct LinkInfo {
	__u32 type;
	__u32 id;
	__u32 programId;
	__u32 pad;
	union {
		struct {
			__u32 ifindex;
			__u32 attachType;
		} interface;
		struct {
			__u32 inode;
			__u32 attachType;
		} netns;
		struct {
			__u64 id;
			__u32 attachType;
		} cgroup;
		unsigned char reserve[112];
	} target;
};

} // namespace sluice::abi
