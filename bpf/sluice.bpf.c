/* All programs and maps of Sluice's kernel side, one object. Each hook has a file of its own, in the order of a packet's way. */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_core_read.h>

#include "limits.h"
#include "abi.h"
#include "judge_table.h"
#include "maps.h"
#include "packet.h"
#include "offload.h"
#include "policy.h"
#include "connection.h"
#include "verdict.h"
#include "segment.h"
#include "workspace.h"
#include "tcp_options.h"
#include "judge.h"
#include "keyed_hash.h"
#include "judged_record.h"
#include "stream.h"
#include "give_back.h"
#include "held.h"
#include "handshake.h"
#include "cut.h"
#include "from_server.h"
#include "from_client.h"
#include "step.h"
#include "plain.h"
#include "judged.h"
#include "older.h"
#include "stray.h"

#include "tap.c"
#include "reinject.c"
#include "lookup.c"
#include "expire.c"
#include "steer.c"

/* BTF has only the types that something is made of; the agent needs all of abi.h. */
volatile const struct {
	enum direction direction;
	enum verdict verdict;
	enum reason reason;
	enum conn_state conn_state;
	enum bound bound;
	struct policy_key policy_key;
	struct policy_entry policy_entry;
	struct event event;
	enum stream_mode stream_mode;
	enum doubt doubt;
	enum option option;
	enum command command;
	enum steered steered;
	enum record_kind record_kind;
	enum loss loss;
	struct steering steering;
	struct expiring expiring;
	struct takeover takeover;
	struct judged_request judged_request;
	struct judged_response judged_response;
} abi_types = {0};

char sluice_license[] SEC("license") = "Dual BSD/GPL";
