#pragma once
// Records of a BPF ring buffer, delivered in batches on the event loop.

#include <napi.h>

namespace sluice {

Napi::Value ringbufOpen(const Napi::CallbackInfo &info);
Napi::Value ringbufConsume(const Napi::CallbackInfo &info);
Napi::Value ringbufKeepAlive(const Napi::CallbackInfo &info);

} // namespace sluice
