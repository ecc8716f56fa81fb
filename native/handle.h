#pragma once
// Kernel objects held by JavaScript: an opaque external value whose finalizer closes what the program forgot to close.

#include "failure.h"

namespace sluice {

class Handle {
public:
	virtual ~Handle() = default;
	// Frees the kernel's side now; the handle itself lives until it is collected. May be called again.
	virtual void close() = 0;
};

template <typename T> Napi::Value wrap(Napi::Env env, T *handle)
{
	return Napi::External<Handle>::New(env, handle, [](Napi::Env, Handle *held) { delete held; });
}

// A handle that the event loop calls back. Until it is closed it needs no holder, as Node's own sockets need none: who waits for
// the callback alone would else wait for good, because the collector may take the handle first.
class Watcher : public Handle {
public:
	void hold(const Napi::External<Handle> &self)
	{
		self_ = Napi::Reference<Napi::External<Handle>>::New(self, 1);
	}

protected:
	void letGo()
	{
		self_.Reset();
	}

private:
	Napi::Reference<Napi::External<Handle>> self_;
};

inline Napi::Value wrapWatcher(Napi::Env env, Watcher *watcher)
{
	const auto wrapped = wrap<Handle>(env, watcher).As<Napi::External<Handle>>();
	watcher->hold(wrapped);
	return wrapped;
}

// The handles are reachable by the door's private fields only, so an external value is one of ours; its kind is still checked.
template <typename T> T &unwrap(const Napi::Value &value, const char *name)
{
	T *handle = value.IsExternal() ? dynamic_cast<T *>(value.As<Napi::External<Handle>>().Data()) : nullptr;
	if (handle == nullptr)
		reject(std::string("not a ") + name);
	return *handle;
}

Napi::Value closeHandle(const Napi::CallbackInfo &info);

} // namespace sluice
