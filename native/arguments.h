#pragma once
// JavaScript values checked and turned into C++ ones. All throw ARGUMENT failures that name the argument.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "failure.h"

namespace sluice {

struct Bytes {
	std::uint8_t *data;
	std::size_t size;
};

// A whole number in [least, most].
std::int64_t integer(const Napi::Value &value, const char *name, std::int64_t least, std::int64_t most);
std::uint32_t unsigned32(const Napi::Value &value, const char *name);
int descriptor(const Napi::Value &value, const char *name);
bool boolean(const Napi::Value &value, const char *name);

// Text without NUL, of 1 to `most` bytes.
std::string text(const Napi::Value &value, const char *name, std::size_t most);
std::string path(const Napi::Value &value, const char *name = "path");

// A Uint8Array or Buffer, seen in place.
Bytes bytes(const Napi::Value &value, const char *name);
Bytes bytesOfSize(const Napi::Value &value, const char *name, std::size_t size);

Napi::Object object(const Napi::Value &value, const char *name);
bool absent(const Napi::Value &value);

} // namespace sluice
