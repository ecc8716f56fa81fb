#pragma once

#include <bpf/libbpf.h>

#include <string>

#include "arguments.h"

namespace sluice {

// Sets a `const volatile` global of an object that is not loaded yet; the verifier then sees it as a constant and prunes by it.
// Throws NOT_FOUND, and ARGUMENT when the value's size is not the variable's.
void setRodata(bpf_object *object, const std::string &variable, Bytes value);

} // namespace sluice
