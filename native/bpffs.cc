// The filesystem that pins live in.

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "arguments.h"
#include "host.h"

namespace sluice {

namespace {

bool isBpffs(const std::string &where)
{
	struct statfs found;
	if (statfs(where.c_str(), &found) != 0)
		fail("PIN", errno, "read what " + where + " is");
	return static_cast<unsigned long>(found.f_type) == BPF_FS_MAGIC;
}

} // namespace

// (path) → whether it was mounted by this call.
Napi::Value bpffsMount(const Napi::CallbackInfo &info)
{
	const std::string where = path(info[0]);
	if (mkdir(where.c_str(), 0700) != 0 && errno != EEXIST)
		fail("MOUNT", errno, "make the directory " + where);
	if (isBpffs(where))
		return Napi::Boolean::New(info.Env(), false);
	// Only root may pass: a pinned map that others can open is a policy that others can change.
	if (mount("bpf", where.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0)
		fail("MOUNT", errno, "mount the BPF filesystem on " + where);
	return Napi::Boolean::New(info.Env(), true);
}

// (path) → whether there was a pin. Refuses files of other filesystems.
Napi::Value bpffsUnpin(const Napi::CallbackInfo &info)
{
	const std::string where = path(info[0]);
	if (access(where.c_str(), F_OK) != 0 && errno == ENOENT)
		return Napi::Boolean::New(info.Env(), false);
	if (!isBpffs(where))
		fail("PIN", EINVAL, where + " is not in a BPF filesystem");
	if (unlink(where.c_str()) != 0)
		fail("PIN", errno, "remove the pin " + where);
	return Napi::Boolean::New(info.Env(), true);
}

} // namespace sluice
