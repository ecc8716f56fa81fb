#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "arguments.h"
#include "fd.h"
#include "host.h"

namespace sluice {

// (path) → descriptor that holds the lock until it is closed or the process dies, or undefined: another holds it.
Napi::Value lockFile(const Napi::CallbackInfo &info)
{
	const std::string where = path(info[0]);
	Fd fd(open(where.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
	if (!fd.open())
		fail("LOCK", errno, "open the lock file " + where);
	if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0)
		return Napi::Number::New(info.Env(), fd.release());
	if (errno == EWOULDBLOCK)
		return info.Env().Undefined();
	fail("LOCK", errno, "lock " + where);
}

} // namespace sluice
