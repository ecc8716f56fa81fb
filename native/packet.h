#pragma once
// Frames sent as they are.

#include <napi.h>

namespace sluice {

Napi::Value packetSocket(const Napi::CallbackInfo &info);
Napi::Value sendFrame(const Napi::CallbackInfo &info);

} // namespace sluice
