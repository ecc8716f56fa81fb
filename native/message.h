#pragma once
// Messages with descriptors between processes: message.cc.

#include <napi.h>

namespace sluice {

Napi::Value messageListen(const Napi::CallbackInfo &info);
Napi::Value messageConnect(const Napi::CallbackInfo &info);
Napi::Value messageOpen(const Napi::CallbackInfo &info);
Napi::Value messageSend(const Napi::CallbackInfo &info);

} // namespace sluice
