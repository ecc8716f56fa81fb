#include "poll.h"

#include "failure.h"

namespace sluice {

// libuv frees nothing before its close callback has run, which may be after the Poll is gone: hence the shared state.
struct Poll::State {
	uv_poll_t handle{};
	napi_env env = nullptr;
	napi_async_cleanup_hook_handle hook = nullptr;
	std::function<void(int)> ready;
	bool closing = false;
	// Held from uv_poll_init to the close callback.
	std::shared_ptr<State> self;

	void close()
	{
		if (closing)
			return;
		closing = true;
		uv_close(reinterpret_cast<uv_handle_t *>(&handle), [](uv_handle_t *closed) {
			auto state = std::move(static_cast<State *>(closed->data)->self);
			napi_remove_async_cleanup_hook(state->hook);
		});
	}
};

Poll::Poll(Napi::Env env, int fd, std::function<void(int)> ready) : state_(std::make_shared<State>())
{
	uv_loop_t *loop = nullptr;
	if (napi_get_uv_event_loop(env, &loop) != napi_ok)
		fail("LOOP", 0, "find the event loop");
	const int error = uv_poll_init(loop, &state_->handle, fd);
	if (error != 0)
		fail("LOOP", -error, "watch descriptor " + std::to_string(fd));
	state_->env = env;
	state_->ready = std::move(ready);
	state_->handle.data = state_.get();
	state_->self = state_;
	// A worker may end while the handle is open; its loop must not be torn down before the handle is closed.
	napi_add_async_cleanup_hook(
	    env, [](napi_async_cleanup_hook_handle, void *data) { static_cast<State *>(data)->close(); }, state_.get(), &state_->hook);
}

Poll::~Poll()
{
	state_->ready = nullptr;
	state_->close();
}

void Poll::start(int events)
{
	const int error = uv_poll_start(&state_->handle, events, [](uv_poll_t *handle, int status, int) {
		const std::shared_ptr<State> state = static_cast<State *>(handle->data)->self;
		const Napi::HandleScope scope(state->env);
		// Copied: the callback may destroy the Poll, and with it the original.
		const std::function<void(int)> ready = state->ready;
		if (ready)
			ready(status);
	});
	if (error != 0)
		fail("LOOP", -error, "watch a descriptor");
}

void Poll::keepAlive(bool keep)
{
	auto *handle = reinterpret_cast<uv_handle_t *>(&state_->handle);
	keep ? uv_ref(handle) : uv_unref(handle);
}

} // namespace sluice
