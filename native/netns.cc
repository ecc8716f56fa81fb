#include "netns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "arguments.h"

namespace sluice {

namespace {

// The calling thread's own network namespace. Kept open: a proxied connection asks for it once.
int home()
{
	thread_local Fd fd;
	if (!fd.open())
		fd = Fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
	if (!fd.open())
		fail("NETNS", errno, "open the thread's own network namespace");
	return fd.get();
}

} // namespace

NetnsScope::NetnsScope(std::optional<int> netns)
{
	if (!netns)
		return;
	home();
	if (setns(*netns, CLONE_NEWNET) != 0)
		fail("NETNS", errno, "enter the network namespace of descriptor " + std::to_string(*netns));
	entered_ = true;
}

NetnsScope::~NetnsScope()
{
	if (entered_ && setns(home(), CLONE_NEWNET) != 0) {
		std::perror("sluice: cannot return to the thread's own network namespace");
		std::abort();
	}
}

std::optional<int> netnsOf(const Napi::Value &value)
{
	if (absent(value))
		return std::nullopt;
	return descriptor(value, "netns");
}

Napi::Value netnsOpen(const Napi::CallbackInfo &info)
{
	const std::string where = path(info[0]);
	Fd fd(open(where.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
	if (!fd.open())
		fail("NETNS", errno, "open the network namespace " + where);
	struct statfs found;
	if (fstatfs(fd.get(), &found) != 0)
		fail("NETNS", errno, "read what " + where + " is");
	// The name of a namespace that was deleted, or is being made, is an ordinary file.
	if (found.f_type != NSFS_MAGIC || ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET)
		fail("NETNS", EINVAL, where + " is not a network namespace");
	return Napi::Number::New(info.Env(), fd.release());
}

} // namespace sluice
