// What the running kernel can do, found by trying: versions say little about kernels that distributions patch.

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>

#include <cerrno>

#include "arguments.h"
#include "bpf_abi.h"
#include "fd.h"
#include "host.h"
#include "netns.h"
#include "socket.h"

namespace sluice {

namespace {

// The interface `lo` has this number in every network namespace.
constexpr int loopback = 1;

using Probe = int (*)(const std::string &name);

// Each returns 0, or the errno that says why not.

int probeProgram(const std::string &name)
{
	for (int type = 1; libbpf_bpf_prog_type_str(static_cast<bpf_prog_type>(type)) != nullptr; ++type)
		if (name == libbpf_bpf_prog_type_str(static_cast<bpf_prog_type>(type))) {
			const int found = libbpf_probe_bpf_prog_type(static_cast<bpf_prog_type>(type), nullptr);
			return found > 0 ? 0 : found == 0 ? EINVAL : -found;
		}
	reject("no program type is named " + name);
}

int probeMap(const std::string &name)
{
	for (int type = 1; libbpf_bpf_map_type_str(static_cast<bpf_map_type>(type)) != nullptr; ++type)
		if (name == libbpf_bpf_map_type_str(static_cast<bpf_map_type>(type))) {
			const int found = libbpf_probe_bpf_map_type(static_cast<bpf_map_type>(type), nullptr);
			return found > 0 ? 0 : found == 0 ? EINVAL : -found;
		}
	reject("no map type is named " + name);
}

// In traffic programs, by the helper's name without `bpf_`. libbpf's own probe does not know the words of kernel 6.11.
int probeHelper(const std::string &name)
{
#define NAME(helper) #helper
	static const char *const names[] = {__BPF_FUNC_MAPPER(NAME)};
#undef NAME
	__s32 id = 1;
	while (name != names[id])
		if (static_cast<std::size_t>(++id) == sizeof names / sizeof *names)
			reject("no helper is named " + name);
	bpf_insn program[2]{};
	program[0].code = BPF_JMP | BPF_CALL;
	program[0].imm = id;
	program[1].code = BPF_JMP | BPF_EXIT;
	char log[4096] = "";
	bpf_prog_load_opts options{};
	options.sz = sizeof options;
	options.log_level = 1;
	options.log_buf = log;
	options.log_size = sizeof log;
	const Fd fd(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "probe", "GPL", program, 2, &options));
	if (fd.open())
		return 0;
	const int error = errno;
	const std::string said(log);
	if (said.empty())
		return error; // refused before it was read
	for (const char *refusal : {"invalid func", "unknown func", "cannot use helper"})
		if (said.find(refusal) != std::string::npos)
			return EINVAL;
	return 0; // it is the missing arguments that are refused
}

int probeTcx()
{
	__u32 count = 0;
	return bpf_prog_query(loopback, static_cast<bpf_attach_type>(abi::tcxIngress), 0, nullptr, nullptr, &count) == 0 ? 0 : errno;
}

int probeClsact()
{
	bpf_tc_hook hook{};
	hook.sz = sizeof hook;
	hook.ifindex = loopback;
	hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
	return -bpf_tc_hook_create(&hook);
}

int probeTransparent(int family)
{
	try {
		transparentSocket(family, std::nullopt);
		return 0;
	} catch (const Failure &failure) {
		return failure.number;
	}
}

int probeRepair()
{
	const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
	const int on = 1;
	return fd.open() && setsockopt(fd.get(), IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) == 0 ? 0 : errno;
}

// In a network namespace that is gone afterwards, so that nothing of the host is touched.
int probeHost(const std::string &name)
{
	const Fd home(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
	if (!home.open())
		return errno;
	if (name == "tcx")
		return probeTcx();
	std::optional<NetnsScope> scope;
	try {
		scope.emplace(home.get());
	} catch (const Failure &failure) {
		return failure.number;
	}
	if (unshare(CLONE_NEWNET) != 0)
		return errno;
	if (name == "netns")
		return 0;
	if (name == "clsact")
		return probeClsact();
	if (name == "ip_transparent")
		return probeTransparent(AF_INET);
	if (name == "ipv6_transparent")
		return probeTransparent(AF_INET6);
	if (name == "tcp_repair")
		return probeRepair();
	reject("nothing of the host is named " + name);
}

} // namespace

// (kind, name) → the errno that says why it cannot be used, 0 when it can.
Napi::Value probe(const Napi::CallbackInfo &info)
{
	const std::string kind = text(info[0], "kind", 16);
	const std::string name = text(info[1], "name", 64);
	const Probe tried = kind == "program" ? probeProgram : kind == "map" ? probeMap : kind == "helper" ? probeHelper : probeHost;
	if (tried == probeHost && kind != "host")
		reject("kind is none of program, map, helper and host");
	return Napi::Number::New(info.Env(), tried(name));
}

} // namespace sluice
