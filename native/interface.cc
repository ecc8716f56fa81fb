#include <net/if.h>

#include <cerrno>

#include "arguments.h"
#include "host.h"
#include "netns.h"

namespace sluice {

Napi::Value interfaceIndex(const Napi::CallbackInfo &info)
{
	const std::string name = text(info[0], "name", IFNAMSIZ - 1);
	const NetnsScope scope(netnsOf(info[1]));
	const unsigned int index = if_nametoindex(name.c_str());
	if (index == 0)
		fail("INTERFACE", errno, "find the interface " + name);
	return Napi::Number::New(info.Env(), index);
}

} // namespace sluice
