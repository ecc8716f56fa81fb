#pragma once
// Small things of the host that Node has no call for.

#include <napi.h>

namespace sluice {

// interface.cc
Napi::Value interfaceIndex(const Napi::CallbackInfo &info);
// bpffs.cc
Napi::Value bpffsMount(const Napi::CallbackInfo &info);
Napi::Value bpffsUnpin(const Napi::CallbackInfo &info);
// lock.cc
Napi::Value lockFile(const Napi::CallbackInfo &info);
// probe.cc
Napi::Value probe(const Napi::CallbackInfo &info);

} // namespace sluice
