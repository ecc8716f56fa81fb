#pragma once
// Socket addresses as text and port: IPv4 dotted, IPv6 as in RFC 5952; an IPv4-mapped IPv6 address is written as the IPv4 one.

#include <napi.h>
#include <sys/socket.h>

#include <string>

namespace sluice {

struct Address {
	sockaddr_storage storage{};
	socklen_t size = 0;

	int family() const
	{
		return storage.ss_family;
	}
	const sockaddr *raw() const
	{
		return reinterpret_cast<const sockaddr *>(&storage);
	}
	sockaddr *raw()
	{
		return reinterpret_cast<sockaddr *>(&storage);
	}
	std::string text() const;
};

// {address, port}; zone identifiers are refused. Throws ARGUMENT.
Address addressOf(const Napi::Value &value, const char *name);
Napi::Value toObject(Napi::Env env, const Address &address);

} // namespace sluice
