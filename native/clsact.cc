// Programs at the clsact qdisc: no link, so nothing detaches them but a call.

#include <bpf/libbpf.h>

#include <cerrno>

#include "arguments.h"
#include "libbpf_log.h"
#include "link.h"
#include "netns.h"
#include "program.h"

namespace sluice {

namespace {

bpf_tc_hook hookOf(const Napi::Value &ifindex, const Napi::Value &ingress)
{
	bpf_tc_hook hook{};
	hook.sz = sizeof hook;
	hook.ifindex = static_cast<int>(integer(ifindex, "ifindex", 1, INT32_MAX));
	hook.attach_point = boolean(ingress, "ingress") ? BPF_TC_INGRESS : BPF_TC_EGRESS;
	return hook;
}

void ensureQdisc(const bpf_tc_hook &hook)
{
	bpf_tc_hook both = hook;
	both.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
	const int error = bpf_tc_hook_create(&both);
	if (error != 0 && error != -EEXIST)
		fail("BPF_ATTACH", -error, "add the clsact qdisc to interface " + std::to_string(hook.ifindex));
}

} // namespace

// (program, ifindex, ingress, netns) → {handle, priority}.
Napi::Value clsactAttach(const Napi::CallbackInfo &info)
{
	const Program &program = programOf(info[0]);
	const bpf_tc_hook hook = hookOf(info[1], info[2]);
	bpf_tc_opts options{};
	options.sz = sizeof options;
	options.prog_fd = program.descriptor();
	// The lowest priority number runs first.
	options.priority = 1;
	const LibbpfLog log;
	const NetnsScope scope(netnsOf(info[3]));
	ensureQdisc(hook);
	const int error = bpf_tc_attach(&hook, &options);
	if (error != 0)
		throw Failure("BPF_ATTACH", -error,
			      "attach program " + program.name + " to clsact of interface " + std::to_string(hook.ifindex), log.tail(4));
	Napi::Object made = Napi::Object::New(info.Env());
	made.Set("handle", options.handle);
	made.Set("priority", options.priority);
	return made;
}

// (ifindex, ingress, handle, priority, netns). The qdisc stays: others may use it.
Napi::Value clsactDetach(const Napi::CallbackInfo &info)
{
	const bpf_tc_hook hook = hookOf(info[0], info[1]);
	bpf_tc_opts options{};
	options.sz = sizeof options;
	options.handle = unsigned32(info[2], "handle");
	options.priority = unsigned32(info[3], "priority");
	const LibbpfLog log;
	const NetnsScope scope(netnsOf(info[4]));
	const int error = bpf_tc_detach(&hook, &options);
	if (error != 0)
		throw Failure("BPF_ATTACH", -error, "detach a program from clsact of interface " + std::to_string(hook.ifindex),
			      log.tail(4));
	return info.Env().Undefined();
}

} // namespace sluice
