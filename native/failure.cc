#include "failure.h"

#include <bpf/libbpf.h>

#include <cstring>

namespace sluice {

namespace {

std::string describe(int number, const std::string &what)
{
	if (number == 0)
		return what;
	const char *name = strerrorname_np(number);
	if (name == nullptr) {
		// libbpf has numbers of its own above the kernel's.
		char own[128];
		libbpf_strerror(number, own, sizeof own);
		return what + ": " + own;
	}
	std::string text = what + ": " + strerrordesc_np(number) + " (" + name + ")";
	if (number == EPERM || number == EACCES)
		text += "; run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN";
	return text;
}

} // namespace

Failure::Failure(const char *code, int number, const std::string &what, std::string log)
    : std::runtime_error(describe(number, what)), code(code), number(number), log(std::move(log))
{
}

Napi::Error Failure::toError(Napi::Env env) const
{
	auto *state = env.GetInstanceData<EnvironmentState>();
	const char *name = number == 0 ? nullptr : strerrorname_np(number);
	Napi::Value made = state->errorClass.New({
	    Napi::String::New(env, what()),
	    Napi::String::New(env, code),
	    Napi::Number::New(env, number),
	    Napi::String::New(env, name == nullptr ? "" : name),
	    log.empty() ? env.Undefined() : Napi::String::New(env, log),
	});
	return Napi::Error(env, made);
}

void fail(const char *code, int number, const std::string &what)
{
	throw Failure(code, number, what);
}

void reject(const std::string &what)
{
	throw Failure("ARGUMENT", 0, what);
}

Napi::Value setErrorClass(const Napi::CallbackInfo &info)
{
	info.Env().GetInstanceData<EnvironmentState>()->errorClass = Napi::Persistent(info[0].As<Napi::Function>());
	return info.Env().Undefined();
}

} // namespace sluice
