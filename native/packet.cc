#include "packet.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "arguments.h"
#include "fd.h"

namespace sluice {

namespace {

constexpr std::size_t ethernetHeader = 14;
constexpr std::size_t etherType = 12;
// linux/if.h's bound of an index.
constexpr std::int64_t mostIndex = 2147483647;

} // namespace

// (mark) → fd. It receives nothing.
Napi::Value packetSocket(const Napi::CallbackInfo &info)
{
	Fd fd(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	if (!fd.open())
		fail("SOCKET", errno, "make a packet socket");
	const __u32 mark = unsigned32(info[0], "mark");
	if (setsockopt(fd.get(), SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0)
		fail("SOCKET", errno, "mark what a packet socket sends");
	return Napi::Number::New(info.Env(), fd.release());
}

// (fd, ifindex, frame) → whether the interface took it.
Napi::Value sendFrame(const Napi::CallbackInfo &info)
{
	const int fd = descriptor(info[0], "fd");
	const int ifindex = static_cast<int>(integer(info[1], "ifindex", 1, mostIndex));
	const Bytes frame = bytes(info[2], "frame");
	if (frame.size < ethernetHeader)
		reject("frame: shorter than its header");
	sockaddr_ll to{};
	to.sll_family = AF_PACKET;
	to.sll_ifindex = ifindex;
	std::memcpy(&to.sll_protocol, frame.data + etherType, sizeof to.sll_protocol);
	const bool sent = sendto(fd, frame.data, frame.size, 0, reinterpret_cast<const sockaddr *>(&to), sizeof to) >= 0;
	return Napi::Boolean::New(info.Env(), sent);
}

} // namespace sluice
