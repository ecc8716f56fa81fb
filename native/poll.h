#pragma once
// A descriptor watched on the event loop of one environment (main thread or worker).

#include <napi.h>
#include <uv.h>

#include <functional>
#include <memory>

namespace sluice {

class Poll {
public:
	// `ready` is called with a libuv status (negative: an error) in a handle scope. It may destroy the Poll.
	Poll(Napi::Env env, int fd, std::function<void(int)> ready);
	// Stops at once; the descriptor may be closed afterwards.
	~Poll();
	Poll(const Poll &) = delete;
	Poll &operator=(const Poll &) = delete;

	void start(int events);
	// Whether the loop stays alive for it.
	void keepAlive(bool keep);

private:
	struct State;
	std::shared_ptr<State> state_;
};

} // namespace sluice
