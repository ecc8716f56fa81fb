// A connection attempt awaited on the event loop: Node's own connect() can neither bind transparently nor take over an attempt
// that is under way and report how it ended.

#include <cerrno>
#include <memory>

#include "arguments.h"
#include "handle.h"
#include "poll.h"
#include "socket.h"

namespace sluice {

namespace {

class Attempt : public Watcher {
public:
	Attempt(Napi::Env env, Upstream upstream, Napi::Function onEnd);
	~Attempt() override
	{
		close();
	}
	// Gives up: the callback is not called any more.
	void close() override
	{
		poll_.reset();
		upstream_.fd.reset();
		onEnd_.Reset();
		letGo();
	}

private:
	void onWritable(int status);

	Napi::Env env_;
	Upstream upstream_;
	std::unique_ptr<Poll> poll_;
	Napi::FunctionReference onEnd_;
	Napi::AsyncContext context_;
};

Attempt::Attempt(Napi::Env env, Upstream upstream, Napi::Function onEnd)
    : env_(env), upstream_(std::move(upstream)), context_(env, "sluice:connect")
{
	poll_ = std::make_unique<Poll>(env, upstream_.fd.get(), [this](int status) { onWritable(status); });
	poll_->start(UV_WRITABLE);
	onEnd_ = Napi::Persistent(onEnd);
}

void Attempt::onWritable(int status)
{
	const Napi::Env env = env_;
	int error = 0;
	socklen_t size = sizeof error;
	if (getsockopt(upstream_.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (error == 0 && status < 0)
		error = -status;
	const Napi::Function onEnd = onEnd_.Value();
	// Freed before the callback: the descriptor must not be watched twice when the caller hands it to Node.
	poll_.reset();
	onEnd_.Reset();
	letGo();
	try {
		if (error == 0) {
			onEnd.MakeCallback(env.Global(), {env.Undefined(), Napi::Number::New(env, upstream_.fd.release())}, context_);
			return;
		}
		const Failure failure("CONNECT", error, "connect " + upstream_.client.text() + " to " + upstream_.server.text());
		upstream_.fd.reset();
		onEnd.MakeCallback(env.Global(), {failure.toError(env).Value(), env.Undefined()}, context_);
	} catch (const Napi::Error &thrown) {
		napi_fatal_exception(env, thrown.Value());
	}
}

} // namespace

// (options, (error, fd) => void) → attempt.
Napi::Value connectStart(const Napi::CallbackInfo &info)
{
	if (!info[1].IsFunction())
		reject("onEnd must be a function");
	return wrapWatcher(info.Env(), new Attempt(info.Env(), startUpstream(info[0]), info[1].As<Napi::Function>()));
}

} // namespace sluice
