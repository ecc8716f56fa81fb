#pragma once
// Commands of the system, and what they say.

#include <napi.h>

namespace sluice {

Napi::Value runCommand(const Napi::CallbackInfo &info);

} // namespace sluice
