#pragma once
// Network namespaces. A socket belongs for good to the namespace that its thread was in when it was made; everything else
// (bind, connect, accept) may then be done from anywhere.

#include <napi.h>

#include <optional>

#include "fd.h"

namespace sluice {

// While one lives, the calling thread is in the namespace; they do not nest. Where it cannot come back, the process ends: going on would put
// every later socket of the thread into the wrong network.
class NetnsScope {
public:
	// Without a descriptor: stays where it is.
	explicit NetnsScope(std::optional<int> netns);
	~NetnsScope();
	NetnsScope(const NetnsScope &) = delete;
	NetnsScope &operator=(const NetnsScope &) = delete;

private:
	bool entered_ = false;
};

// An optional `netns` argument. Throws ARGUMENT.
std::optional<int> netnsOf(const Napi::Value &value);

Napi::Value netnsOpen(const Napi::CallbackInfo &info);

} // namespace sluice
