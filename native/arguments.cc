#include "arguments.h"

#include <climits>
#include <cmath>

namespace sluice {

std::int64_t integer(const Napi::Value &value, const char *name, std::int64_t least, std::int64_t most)
{
	if (value.IsNumber()) {
		const double number = value.As<Napi::Number>().DoubleValue();
		if (std::trunc(number) == number && number >= static_cast<double>(least) && number <= static_cast<double>(most))
			return static_cast<std::int64_t>(number);
	}
	reject(std::string(name) + " must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
}

std::uint32_t unsigned32(const Napi::Value &value, const char *name)
{
	return static_cast<std::uint32_t>(integer(value, name, 0, UINT32_MAX));
}

int descriptor(const Napi::Value &value, const char *name)
{
	return static_cast<int>(integer(value, name, 0, INT_MAX));
}

bool boolean(const Napi::Value &value, const char *name)
{
	if (!value.IsBoolean())
		reject(std::string(name) + " must be true or false");
	return value.As<Napi::Boolean>().Value();
}

std::string text(const Napi::Value &value, const char *name, std::size_t most)
{
	if (!value.IsString())
		reject(std::string(name) + " must be a string");
	std::string found = value.As<Napi::String>().Utf8Value();
	if (found.empty() || found.size() > most)
		reject(std::string(name) + " must have 1 to " + std::to_string(most) + " bytes, not " + std::to_string(found.size()));
	if (found.find('\0') != std::string::npos)
		reject(std::string(name) + " must not have a NUL byte");
	return found;
}

std::string path(const Napi::Value &value, const char *name)
{
	return text(value, name, PATH_MAX - 1);
}

Bytes bytes(const Napi::Value &value, const char *name)
{
	napi_typedarray_type type;
	std::size_t size;
	void *data;
	// Called straight on N-API: this is on the way of every map lookup of the proxy.
	if (napi_get_typedarray_info(value.Env(), value, &type, &size, &data, nullptr, nullptr) != napi_ok || type != napi_uint8_array)
		reject(std::string(name) + " must be a Buffer or Uint8Array");
	return {static_cast<std::uint8_t *>(data), size};
}

Bytes bytesOfSize(const Napi::Value &value, const char *name, std::size_t size)
{
	const Bytes found = bytes(value, name);
	if (found.size != size)
		reject(std::string(name) + " must have " + std::to_string(size) + " bytes, not " + std::to_string(found.size));
	return found;
}

Napi::Object object(const Napi::Value &value, const char *name)
{
	if (!value.IsObject())
		reject(std::string(name) + " must be an object");
	return value.As<Napi::Object>();
}

bool absent(const Napi::Value &value)
{
	return value.IsUndefined() || value.IsNull();
}

} // namespace sluice
