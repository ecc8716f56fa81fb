/* All programs and maps of Sluice's kernel side, one object. Each hook has a file of its own, in the order of a packet's way. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "limits.h"
#include "abi.h"
#include "maps.h"
#include "packet.h"
#include "policy.h"
#include "connection.h"
#include "verdict.h"

#include "tap.c"
#include "reinject.c"
#include "lookup.c"
#include "expire.c"

char sluice_license[] SEC("license") = "Dual BSD/GPL";
