#pragma once
// An ELF object of BPF programs and maps: opened, adjusted, then loaded as a whole.

#include <napi.h>

namespace sluice {

Napi::Value objectOpen(const Napi::CallbackInfo &info);
Napi::Value objectSetRodata(const Napi::CallbackInfo &info);
Napi::Value objectSetMaxEntries(const Napi::CallbackInfo &info);
Napi::Value objectReuseMap(const Napi::CallbackInfo &info);
Napi::Value objectSetAutoload(const Napi::CallbackInfo &info);
Napi::Value objectLoad(const Napi::CallbackInfo &info);
Napi::Value objectMap(const Napi::CallbackInfo &info);
Napi::Value objectProgram(const Napi::CallbackInfo &info);
Napi::Value objectNames(const Napi::CallbackInfo &info);
Napi::Value objectBtf(const Napi::CallbackInfo &info);

} // namespace sluice
