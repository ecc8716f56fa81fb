#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "arguments.h"

namespace sluice {

namespace {

std::string hostOf(const Address &address)
{
	char host[INET6_ADDRSTRLEN] = "";
	if (address.family() == AF_INET) {
		const auto *v4 = reinterpret_cast<const sockaddr_in *>(&address.storage);
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
	} else if (address.family() == AF_INET6) {
		const auto *v6 = reinterpret_cast<const sockaddr_in6 *>(&address.storage);
		if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
			inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], host, sizeof host);
		else
			inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
	}
	return host;
}

int portOf(const Address &address)
{
	// Both families have the port at the same place.
	return ntohs(reinterpret_cast<const sockaddr_in *>(&address.storage)->sin_port);
}

} // namespace

std::string Address::text() const
{
	const std::string host = hostOf(*this);
	return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(portOf(*this));
}

Address addressOf(const Napi::Value &value, const char *name)
{
	const Napi::Object given = object(value, name);
	const std::string host = text(given.Get("address"), "address", INET6_ADDRSTRLEN);
	const in_port_t port = htons(static_cast<std::uint16_t>(integer(given.Get("port"), "port", 0, 65535)));
	Address made;
	auto *v4 = reinterpret_cast<sockaddr_in *>(&made.storage);
	auto *v6 = reinterpret_cast<sockaddr_in6 *>(&made.storage);
	if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = port;
		made.size = sizeof *v4;
	} else if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
		// Such an address needs a socket of the other family than it looks; the caller has the IPv4 form at hand.
		if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
			reject(std::string(name) + ": write the IPv4-mapped address " + host + " as IPv4");
		v6->sin6_family = AF_INET6;
		v6->sin6_port = port;
		made.size = sizeof *v6;
	} else {
		reject(std::string(name) + ": " + host + " is not an IP address");
	}
	return made;
}

Napi::Value toObject(Napi::Env env, const Address &address)
{
	Napi::Object made = Napi::Object::New(env);
	made.Set("address", hostOf(address));
	made.Set("port", portOf(address));
	return made;
}

} // namespace sluice
