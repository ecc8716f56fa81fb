// Accepting on the event loop: Node's own server wraps each connection before anyone can ask who it is, and reads its addresses
// by two more system calls when asked.

#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "arguments.h"
#include "handle.h"
#include "poll.h"
#include "socket.h"

namespace sluice {

namespace {

// Connections taken at one wake-up; the rest waits in the backlog so that those that are open get their turn.
constexpr int atOnce = 64;

class Acceptor : public Watcher {
public:
	Acceptor(Napi::Env env, int fd, Napi::Function onAccepted)
	    : env_(env), fd_(fd), onAccepted_(Napi::Persistent(onAccepted)), context_(env, "sluice:accept")
	{
		poll_ = std::make_unique<Poll>(env, fd, [this](int) { onReadable(); });
		poll_->start(UV_READABLE);
	}
	~Acceptor() override
	{
		close();
	}
	void close() override
	{
		poll_.reset();
		onAccepted_.Reset();
		letGo();
	}

private:
	void onReadable();

	Napi::Env env_;
	int fd_;
	std::unique_ptr<Poll> poll_;
	Napi::FunctionReference onAccepted_;
	Napi::AsyncContext context_;
};

void Acceptor::onReadable()
{
	for (int i = 0; i < atOnce && !onAccepted_.IsEmpty(); i++) {
		Address remote;
		remote.size = sizeof remote.storage;
		Fd fd(accept4(fd_, remote.raw(), &remote.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
		// Whatever went wrong with one connection is that connection's end; the next wake-up tries again.
		if (!fd.open())
			return;
		Address local;
		local.size = sizeof local.storage;
		if (getsockname(fd.get(), local.raw(), &local.size) != 0)
			continue;
		try {
			onAccepted_.Value().MakeCallback(
			    env_.Global(), {Napi::Number::New(env_, fd.release()), toObject(env_, remote), toObject(env_, local)}, context_);
		} catch (const Napi::Error &thrown) {
			napi_fatal_exception(env_, thrown.Value());
		}
	}
}

} // namespace

// (listener's descriptor, (fd, remote, local) => void) → acceptor.
Napi::Value acceptStart(const Napi::CallbackInfo &info)
{
	const int fd = descriptor(info[0], "fd");
	if (!info[1].IsFunction())
		reject("onAccepted must be a function");
	return wrapWatcher(info.Env(), new Acceptor(info.Env(), fd, info[1].As<Napi::Function>()));
}

} // namespace sluice
