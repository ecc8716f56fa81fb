#pragma once
// BPF links: an attachment that lives as long as its descriptor or its pin.

#include <napi.h>

namespace sluice {

Napi::Value linkAttachTcx(const Napi::CallbackInfo &info);
Napi::Value linkAttachXdp(const Napi::CallbackInfo &info);
Napi::Value linkAttachCgroup(const Napi::CallbackInfo &info);
Napi::Value linkAttachNetns(const Napi::CallbackInfo &info);
Napi::Value linkUpdate(const Napi::CallbackInfo &info);
Napi::Value linkInfo(const Napi::CallbackInfo &info);
Napi::Value linkDetach(const Napi::CallbackInfo &info);
Napi::Value linkPin(const Napi::CallbackInfo &info);
Napi::Value linkOpenPinned(const Napi::CallbackInfo &info);

// clsact.cc: the way before kernel 6.6, without links.
Napi::Value clsactAttach(const Napi::CallbackInfo &info);
Napi::Value clsactDetach(const Napi::CallbackInfo &info);

} // namespace sluice
