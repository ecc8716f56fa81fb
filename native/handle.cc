#include "handle.h"

namespace sluice {

Napi::Value closeHandle(const Napi::CallbackInfo &info)
{
	unwrap<Handle>(info[0], "handle").close();
	return info.Env().Undefined();
}

} // namespace sluice
