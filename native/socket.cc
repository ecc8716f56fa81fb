#include "socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>

#include "arguments.h"
#include "netns.h"

namespace sluice {

namespace {

// Not in every libc's headers; linux/in.h and linux/in6.h, which those headers exclude.
constexpr int ipTransparent = 19;
constexpr int ipv6Transparent = 75;

constexpr std::int64_t mostBacklog = 65535;

} // namespace

void setOption(int fd, int level, int option, int value, const char *name)
{
	if (setsockopt(fd, level, option, &value, sizeof value) != 0)
		fail("SOCKET", errno, std::string("set ") + name + " to " + std::to_string(value));
}

void setLinger(int fd, const linger &how)
{
	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &how, sizeof how) != 0)
		fail("SOCKET", errno, "set SO_LINGER");
}

Fd transparentSocket(int family, std::optional<int> netns)
{
	Fd fd;
	{
		const NetnsScope scope(netns);
		fd = Fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
	}
	if (!fd.open())
		fail("SOCKET", errno, "make a TCP socket");
	if (family == AF_INET6)
		setOption(fd.get(), IPPROTO_IPV6, ipv6Transparent, 1, "IPV6_TRANSPARENT");
	else
		setOption(fd.get(), IPPROTO_IP, ipTransparent, 1, "IP_TRANSPARENT");
	setOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
	// The kernel closes for who is killed, and a FIN would say that all has been said. What is accepted inherits it.
	setLinger(fd.get(), resetting);
	return fd;
}

Napi::Value listenTransparent(const Napi::CallbackInfo &info)
{
	const Napi::Object options = object(info[0], "options");
	const int port = static_cast<int>(integer(options.Get("port"), "port", 0, 65535));
	const int backlog = static_cast<int>(integer(options.Get("backlog"), "backlog", 1, mostBacklog));
	const bool reusePort = !absent(options.Get("reusePort")) && boolean(options.Get("reusePort"), "reusePort");
	Fd fd = transparentSocket(AF_INET6, netnsOf(options.Get("netns")));
	// IPv4 arrives at the same socket; the kernel keeps one bit of transparency for both families.
	setOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0, "IPV6_V6ONLY");
	if (reusePort)
		setOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
	sockaddr_in6 any{};
	any.sin6_family = AF_INET6;
	any.sin6_port = htons(static_cast<std::uint16_t>(port));
	if (bind(fd.get(), reinterpret_cast<const sockaddr *>(&any), sizeof any) != 0 || listen(fd.get(), backlog) != 0)
		fail("SOCKET", errno, "listen on port " + std::to_string(port));
	return Napi::Number::New(info.Env(), fd.release());
}

Upstream startUpstream(const Napi::Value &value)
{
	const Napi::Object options = object(value, "options");
	Upstream upstream;
	upstream.client = addressOf(options.Get("client"), "client");
	upstream.server = addressOf(options.Get("server"), "server");
	if (upstream.client.family() != upstream.server.family())
		reject("client and server must be of one address family");
	const int mss = absent(options.Get("mss")) ? 0 : static_cast<int>(integer(options.Get("mss"), "mss", 88, 65495));
	upstream.fd = transparentSocket(upstream.client.family(), netnsOf(options.Get("netns")));
	const int fd = upstream.fd.get();
	// A listener may have the very port that the client happens to use; sockets of one user that all say so may share it.
	setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
	if (mss != 0)
		setOption(fd, IPPROTO_TCP, TCP_MAXSEG, mss, "TCP_MAXSEG");
	if (bind(fd, upstream.client.raw(), upstream.client.size) != 0)
		fail("SOCKET", errno, "bind the client's address " + upstream.client.text());
	if (connect(fd, upstream.server.raw(), upstream.server.size) != 0 && errno != EINPROGRESS)
		fail("CONNECT", errno, "connect " + upstream.client.text() + " to " + upstream.server.text());
	return upstream;
}

Napi::Value upstreamSocket(const Napi::CallbackInfo &info)
{
	return Napi::Number::New(info.Env(), startUpstream(info[0]).fd.release());
}

} // namespace sluice
