#include "kind.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "failure.h"

namespace sluice {

void requireKind(int fd, const char *kind)
{
	char target[256];
	const std::string link = "/proc/self/fd/" + std::to_string(fd);
	const ssize_t size = readlink(link.c_str(), target, sizeof target);
	if (size < 0)
		fail("KIND", errno, "read what descriptor " + std::to_string(fd) + " is");
	std::string found(target, static_cast<std::size_t>(size));
	// A link is "bpf_link" where it was made and "bpf-link" where it was opened by its pin.
	std::replace(found.begin(), found.end(), '_', '-');
	if (found.find(kind) == std::string::npos)
		fail("KIND", 0, "descriptor " + std::to_string(fd) + " is " + found + ", not " + kind);
}

} // namespace sluice
