#pragma once
// Taking a live connection over, and giving it back.

#include <napi.h>

namespace sluice {

Napi::Value buildTakeover(const Napi::CallbackInfo &info);
Napi::Value pauseSocket(const Napi::CallbackInfo &info);
Napi::Value socketPosition(const Napi::CallbackInfo &info);
Napi::Value silenceSocket(const Napi::CallbackInfo &info);
Napi::Value resumeSocket(const Napi::CallbackInfo &info);

// diag.cc
Napi::Value connectionInfo(const Napi::CallbackInfo &info);

} // namespace sluice
