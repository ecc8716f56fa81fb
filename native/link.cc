#include "link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

#include "arguments.h"
#include "bpf_abi.h"
#include "fd.h"
#include "kind.h"
#include "handle.h"
#include "netns.h"
#include "program.h"

namespace sluice {

namespace {

class Link : public Handle {
public:
	explicit Link(Fd fd) : fd_(std::move(fd))
	{
		requireKind(fd_.get(), "bpf-link");
	}
	void close() override
	{
		fd_.reset();
	}
	int descriptor() const
	{
		if (!fd_.open())
			fail("CLOSED", EBADF, "use a link");
		return fd_.get();
	}

private:
	Fd fd_;
};

Link &linkOf(const Napi::Value &value)
{
	return unwrap<Link>(value, "link");
}

Napi::Value attach(Napi::Env env, const abi::LinkCreate &request, const std::string &what)
{
	Fd fd(static_cast<int>(syscall(__NR_bpf, BPF_LINK_CREATE, &request, sizeof request)));
	if (!fd.open())
		fail("BPF_ATTACH", errno, what);
	return wrap(env, new Link(std::move(fd)));
}

__u32 interfaceOf(const Napi::Value &value)
{
	return static_cast<__u32>(integer(value, "ifindex", 1, INT32_MAX));
}

__u32 cgroupAttachType(const std::string &name)
{
	for (__u32 type = 0; libbpf_bpf_attach_type_str(static_cast<bpf_attach_type>(type)) != nullptr; ++type)
		if (name.rfind("cgroup_", 0) == 0 && name == libbpf_bpf_attach_type_str(static_cast<bpf_attach_type>(type)))
			return type;
	reject("no cgroup attach type is named " + name);
}

abi::LinkInfo infoOf(const Link &link)
{
	abi::LinkInfo found{};
	__u32 size = sizeof found;
	if (bpf_obj_get_info_by_fd(link.descriptor(), &found, &size) != 0)
		fail("BPF_LINK", errno, "read what a link is attached to");
	return found;
}

const char *linkTypeName(__u32 type)
{
	if (type == abi::linkTypeTcx)
		return "tcx";
	return libbpf_bpf_link_type_str(static_cast<bpf_link_type>(type));
}

} // namespace

Napi::Value linkAttachTcx(const Napi::CallbackInfo &info)
{
	const Program &program = programOf(info[0]);
	const bool ingress = boolean(info[2], "ingress");
	abi::LinkCreate request{};
	request.programFd = static_cast<__u32>(program.descriptor());
	request.target = interfaceOf(info[1]);
	request.attachType = ingress ? abi::tcxIngress : abi::tcxEgress;
	// Before no program in particular means before all: nobody sees a packet that the tap has not judged.
	request.flags = abi::mprogBefore;
	const NetnsScope scope(netnsOf(info[3]));
	return attach(info.Env(), request,
		      "attach program " + program.name + " to tcx " + (ingress ? "ingress" : "egress") + " of interface " +
			  std::to_string(request.target));
}

Napi::Value linkAttachXdp(const Napi::CallbackInfo &info)
{
	const Program &program = programOf(info[0]);
	abi::LinkCreate request{};
	request.programFd = static_cast<__u32>(program.descriptor());
	request.target = interfaceOf(info[1]);
	request.attachType = BPF_XDP;
	request.flags = boolean(info[2], "generic") ? XDP_FLAGS_SKB_MODE : 0;
	const NetnsScope scope(netnsOf(info[3]));
	return attach(info.Env(), request,
		      "attach program " + program.name + " to XDP of interface " + std::to_string(request.target));
}

Napi::Value linkAttachCgroup(const Napi::CallbackInfo &info)
{
	const Program &program = programOf(info[0]);
	const std::string type = text(info[2], "type", 64);
	abi::LinkCreate request{};
	request.programFd = static_cast<__u32>(program.descriptor());
	request.target = static_cast<__u32>(descriptor(info[1], "cgroup"));
	request.attachType = cgroupAttachType(type);
	return attach(info.Env(), request, "attach program " + program.name + " to " + type);
}

Napi::Value linkAttachNetns(const Napi::CallbackInfo &info)
{
	const Program &program = programOf(info[0]);
	abi::LinkCreate request{};
	request.programFd = static_cast<__u32>(program.descriptor());
	request.target = static_cast<__u32>(descriptor(info[1], "netns"));
	request.attachType = BPF_SK_LOOKUP;
	return attach(info.Env(), request, "attach program " + program.name + " to the socket lookup of a network namespace");
}

Napi::Value linkUpdate(const Napi::CallbackInfo &info)
{
	const Link &link = linkOf(info[0]);
	const Program &program = programOf(info[1]);
	if (bpf_link_update(link.descriptor(), program.descriptor(), nullptr) != 0)
		fail("BPF_LINK", errno, "put program " + program.name + " in place of a link's program");
	return info.Env().Undefined();
}

Napi::Value linkInfo(const Napi::CallbackInfo &info)
{
	const Link &link = linkOf(info[0]);
	const abi::LinkInfo found = infoOf(link);
	const char *type = linkTypeName(found.type);
	Napi::Object made = Napi::Object::New(info.Env());
	made.Set("fd", link.descriptor());
	made.Set("id", found.id);
	made.Set("type", type == nullptr ? "type " + std::to_string(found.type) : std::string(type));
	made.Set("programId", found.programId);
	if (found.type == abi::linkTypeTcx || found.type == BPF_LINK_TYPE_XDP)
		made.Set("ifindex", found.target.interface.ifindex);
	if (found.type == BPF_LINK_TYPE_NETNS)
		made.Set("netnsInode", found.target.netns.inode);
	if (found.type == BPF_LINK_TYPE_CGROUP)
		made.Set("cgroupId", Napi::BigInt::New(info.Env(), static_cast<std::uint64_t>(found.target.cgroup.id)));
	return made;
}

Napi::Value linkDetach(const Napi::CallbackInfo &info)
{
	if (bpf_link_detach(linkOf(info[0]).descriptor()) != 0)
		fail("BPF_LINK", errno, "detach a link");
	return info.Env().Undefined();
}

Napi::Value linkPin(const Napi::CallbackInfo &info)
{
	const Link &link = linkOf(info[0]);
	const std::string where = path(info[1]);
	if (bpf_obj_pin(link.descriptor(), where.c_str()) != 0)
		fail("PIN", errno, "pin a link to " + where);
	return info.Env().Undefined();
}

Napi::Value linkOpenPinned(const Napi::CallbackInfo &info)
{
	const std::string where = path(info[0]);
	Fd fd(bpf_obj_get(where.c_str()));
	if (!fd.open())
		fail("PIN", errno, "open the pinned link " + where);
	return wrap(info.Env(), new Link(std::move(fd)));
}

} // namespace sluice
