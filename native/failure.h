#pragma once
// What every operation of the addon throws; it reaches JavaScript as NativeError.

#include <napi.h>

#include <stdexcept>
#include <string>

namespace sluice {

class Failure : public std::runtime_error {
public:
	// `code` is a literal of the stable set in error.ts; `number` is the errno, 0 where there is none.
	Failure(const char *code, int number, const std::string &what, std::string log = {});

	Napi::Error toError(Napi::Env env) const;

	const char *const code;
	const int number;
	const std::string log;
};

// Throws; `what` says what was tried, on what.
[[noreturn]] void fail(const char *code, int number, const std::string &what);

// Argument errors: the caller's mistake, found before anything is done.
[[noreturn]] void reject(const std::string &what);

// Registered once by error.ts, so that failures are instances of its class.
Napi::Value setErrorClass(const Napi::CallbackInfo &info);

// The state of one environment (the main thread or one worker).
struct EnvironmentState {
	Napi::FunctionReference errorClass;
};

// Wraps an operation for export: no C++ exception may cross into Node.
template <Napi::Value (*operation)(const Napi::CallbackInfo &)> Napi::Value guarded(const Napi::CallbackInfo &info)
{
	try {
		return operation(info);
	} catch (const Failure &failure) {
		throw failure.toError(info.Env());
	} catch (const std::bad_alloc &) {
		throw Failure("MEMORY", ENOMEM, "allocate memory").toError(info.Env());
	}
}

} // namespace sluice
