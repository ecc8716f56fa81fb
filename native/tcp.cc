// What can be asked of, and set on, a TCP socket that exists.

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "arguments.h"
#include "socket.h"

namespace sluice {

namespace {

void closeOrFail(int fd)
{
	// After EINTR the descriptor is closed on Linux.
	if (close(fd) != 0 && errno != EINTR)
		fail("SOCKET", errno, "close descriptor " + std::to_string(fd));
}

void setIfGiven(const Napi::Object &options, const char *field, int fd, int option, int least, int most)
{
	const Napi::Value given = options.Get(field);
	if (!absent(given))
		setOption(fd, IPPROTO_TCP, option, static_cast<int>(integer(given, field, least, most)), field);
}

} // namespace

Napi::Value resetFd(const Napi::CallbackInfo &info)
{
	const int fd = descriptor(info[0], "fd");
	setLinger(fd, resetting);
	closeOrFail(fd);
	return info.Env().Undefined();
}

// (fd).
Napi::Value endOnClose(const Napi::CallbackInfo &info)
{
	setLinger(descriptor(info[0], "fd"), {.l_onoff = 0, .l_linger = 0});
	return info.Env().Undefined();
}

Napi::Value socketAddresses(const Napi::CallbackInfo &info)
{
	const int fd = descriptor(info[0], "fd");
	Address local;
	Address remote;
	local.size = remote.size = sizeof local.storage;
	if (getsockname(fd, local.raw(), &local.size) != 0)
		fail("SOCKET", errno, "read the local address of descriptor " + std::to_string(fd));
	Napi::Object made = Napi::Object::New(info.Env());
	made.Set("local", toObject(info.Env(), local));
	if (getpeername(fd, remote.raw(), &remote.size) == 0)
		made.Set("remote", toObject(info.Env(), remote));
	else if (errno != ENOTCONN)
		fail("SOCKET", errno, "read the remote address of descriptor " + std::to_string(fd));
	return made;
}

Napi::Value tcpInfo(const Napi::CallbackInfo &info)
{
	const int fd = descriptor(info[0], "fd");
	tcp_info found{};
	socklen_t size = sizeof found;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &found, &size) != 0)
		fail("SOCKET", errno, "read TCP_INFO of descriptor " + std::to_string(fd));
	static const char *const states[] = {"",	   "established", "syn-sent",	"syn-recv", "fin-wait-1", "fin-wait-2", "time-wait",
					     "close", "close-wait",  "last-ack", "listen",   "closing",    "new-syn-recv"};
	Napi::Object options = Napi::Object::New(info.Env());
	options.Set("timestamps", (found.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0);
	options.Set("sack", (found.tcpi_options & TCPI_OPT_SACK) != 0);
	options.Set("windowScaling", (found.tcpi_options & TCPI_OPT_WSCALE) != 0);
	options.Set("sndWscale", static_cast<int>(found.tcpi_snd_wscale));
	options.Set("rcvWscale", static_cast<int>(found.tcpi_rcv_wscale));
	Napi::Object made = Napi::Object::New(info.Env());
	made.Set("state", found.tcpi_state < std::size(states) ? states[found.tcpi_state] : "");
	made.Set("sndMss", found.tcpi_snd_mss);
	made.Set("rcvMss", found.tcpi_rcv_mss);
	made.Set("rttUs", found.tcpi_rtt);
	made.Set("retransmits", found.tcpi_total_retrans);
	made.Set("bytesAcked", static_cast<double>(found.tcpi_bytes_acked));
	made.Set("bytesReceived", static_cast<double>(found.tcpi_bytes_received));
	made.Set("options", options);
	return made;
}

Napi::Value setTcpOptions(const Napi::CallbackInfo &info)
{
	const int fd = descriptor(info[0], "fd");
	const Napi::Object options = object(info[1], "options");
	if (!absent(options.Get("noDelay")))
		setOption(fd, IPPROTO_TCP, TCP_NODELAY, boolean(options.Get("noDelay"), "noDelay"), "TCP_NODELAY");
	if (!absent(options.Get("keepAlive")))
		setOption(fd, SOL_SOCKET, SO_KEEPALIVE, boolean(options.Get("keepAlive"), "keepAlive"), "SO_KEEPALIVE");
	setIfGiven(options, "keepAliveIdleSeconds", fd, TCP_KEEPIDLE, 1, 32767);
	setIfGiven(options, "keepAliveIntervalSeconds", fd, TCP_KEEPINTVL, 1, 32767);
	setIfGiven(options, "keepAliveProbes", fd, TCP_KEEPCNT, 1, 127);
	setIfGiven(options, "maxSegment", fd, TCP_MAXSEG, 88, 65495);
	setIfGiven(options, "userTimeoutMs", fd, TCP_USER_TIMEOUT, 0, INT32_MAX);
	return info.Env().Undefined();
}

// (fd, bytes, start, end) → how many of them the kernel took at once; 0 also when the socket is broken.
Napi::Value sendNow(const Napi::CallbackInfo &info)
{
	const int fd = descriptor(info[0], "fd");
	const Bytes all = bytes(info[1], "bytes");
	const std::int64_t start = integer(info[2], "start", 0, static_cast<std::int64_t>(all.size));
	const std::int64_t end = integer(info[3], "end", start, static_cast<std::int64_t>(all.size));
	const ssize_t sent = send(fd, all.data + start, static_cast<std::size_t>(end - start), MSG_DONTWAIT | MSG_NOSIGNAL);
	return Napi::Number::New(info.Env(), sent < 0 ? 0 : static_cast<double>(sent));
}

Napi::Value shutdownWrite(const Napi::CallbackInfo &info)
{
	const int fd = descriptor(info[0], "fd");
	if (shutdown(fd, SHUT_WR) != 0)
		fail("SOCKET", errno, "end the sending side of descriptor " + std::to_string(fd));
	return info.Env().Undefined();
}

Napi::Value duplicateFd(const Napi::CallbackInfo &info)
{
	const int fd = descriptor(info[0], "fd");
	const int made = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (made < 0)
		fail("SOCKET", errno, "duplicate descriptor " + std::to_string(fd));
	return Napi::Number::New(info.Env(), made);
}

Napi::Value closeFd(const Napi::CallbackInfo &info)
{
	closeOrFail(descriptor(info[0], "fd"));
	return info.Env().Undefined();
}

} // namespace sluice
