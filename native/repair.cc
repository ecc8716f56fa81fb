#include "repair.h"

#include <linux/tcp.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "failure.h"
#include "socket.h"

namespace sluice {

namespace {

// Option kinds of TCP_REPAIR_OPTIONS are the wire's (RFC 9293 3.2, RFC 7323, RFC 2018).
constexpr std::uint32_t kindMss = 2;
constexpr std::uint32_t kindScale = 3;
constexpr std::uint32_t kindSackPermitted = 4;
constexpr std::uint32_t kindTimestamp = 8;

// linux/in6.h, which libc's headers exclude.
constexpr int ipv6PacketOptions2292 = 6;

void repair(int fd, int option, const void *value, socklen_t size, const char *what)
{
	if (setsockopt(fd, IPPROTO_TCP, option, value, size) != 0)
		fail("REPAIR", errno, std::string("set ") + what);
}

void chooseQueue(int fd, int queue)
{
	repair(fd, TCP_REPAIR_QUEUE, &queue, sizeof queue, "TCP_REPAIR_QUEUE");
}

void setSequence(int fd, int queue, std::uint32_t next)
{
	chooseQueue(fd, queue);
	repair(fd, TCP_QUEUE_SEQ, &next, sizeof next, "TCP_QUEUE_SEQ");
}

void setOptions(int fd, const Snapshot &snapshot)
{
	tcp_repair_opt options[4];
	socklen_t count = 0;
	options[count++] = {kindMss, snapshot.mss};
	// Of 0 too: without the option the windows that we announce would be shifted by what this host would have offered.
	options[count++] = {kindScale, snapshot.peerScale | snapshot.ownScale << 16};
	if (snapshot.sackPermitted)
		options[count++] = {kindSackPermitted, 0};
	if (snapshot.timestamp)
		options[count++] = {kindTimestamp, 0};
	repair(fd, TCP_REPAIR_OPTIONS, options, count * sizeof options[0], "TCP_REPAIR_OPTIONS");
	if (snapshot.timestamp) {
		// From kernel 6.7 on the lowest bit is no part of the number but turns the clock to microseconds, a thousand times too
		// fast: up to the next even one.
		const std::uint32_t next = (*snapshot.timestamp + 1) & ~1U;
		repair(fd, TCP_TIMESTAMP, &next, sizeof next, "TCP_TIMESTAMP");
	}
}

// A socket in repair mode keeps the segment size of its connect, 536 or 1220 bytes, whatever TCP_REPAIR_OPTIONS says: only a
// change of the path's MTU, or of the IP options, makes the kernel reckon it anew. So the options are set, to none.
void applySegmentSize(int fd, int family)
{
	if (family == AF_INET) {
		if (setsockopt(fd, IPPROTO_IP, IP_OPTIONS, nullptr, 0) != 0)
			fail("REPAIR", errno, "set IP_OPTIONS");
		return;
	}
	// With IPv6 none at all is no change; this is a message whose one entry says to leave the hop limit as it is.
	alignas(cmsghdr) std::uint8_t message[CMSG_SPACE(sizeof(int))] = {};
	auto *entry = reinterpret_cast<cmsghdr *>(message);
	const int asItIs = -1;
	*entry = {.cmsg_len = CMSG_LEN(sizeof asItIs), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_HOPLIMIT};
	std::memcpy(CMSG_DATA(entry), &asItIs, sizeof asItIs);
	if (setsockopt(fd, IPPROTO_IPV6, ipv6PacketOptions2292, message, sizeof message) != 0 ||
	    setsockopt(fd, IPPROTO_IPV6, ipv6PacketOptions2292, nullptr, 0) != 0)
		fail("REPAIR", errno, "set IPV6_2292PKTOPTIONS");
}

void setWindows(int fd, const Snapshot &snapshot)
{
	const tcp_repair_window windows{.snd_wl1 = snapshot.rcvNext,
					.snd_wnd = snapshot.peerWindow,
					.max_window = snapshot.peerWindow,
					.rcv_wnd = snapshot.ownWindow,
					.rcv_wup = snapshot.rcvNext};
	repair(fd, TCP_REPAIR_WINDOW, &windows, sizeof windows, "TCP_REPAIR_WINDOW");
}

// One byte that counts as sent, if it is not acknowledged. What it is does not matter: the peer has it and drops it as a double.
void putSent(int fd, const Snapshot &snapshot)
{
	if (snapshot.sndUnacked == snapshot.sndNext)
		return;
	const std::uint8_t any = 0;
	chooseQueue(fd, TCP_SEND_QUEUE);
	if (send(fd, &any, sizeof any, MSG_NOSIGNAL) != sizeof any)
		fail("REPAIR", errno, "put a byte into the send queue");
}

} // namespace

Fd repairSocket(const Address &local, const Address &remote, const Snapshot &snapshot)
{
	Fd socket = transparentSocket(local.family(), std::nullopt);
	const int fd = socket.get();
	// Its address may have a listener and other connections, before and after: all that say so may share it.
	setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
	enterRepair(fd);
	// Before connect: afterwards the kernel refuses.
	setSequence(fd, TCP_SEND_QUEUE, snapshot.sndUnacked);
	setSequence(fd, TCP_RECV_QUEUE, snapshot.rcvNext);
	if (bind(fd, local.raw(), local.size) != 0)
		fail("REPAIR", errno, "bind " + local.text());
	// Sends nothing in this mode; the options are only taken by a connection that is established.
	if (connect(fd, remote.raw(), remote.size) != 0)
		fail("REPAIR", errno, "go on from " + local.text() + " to " + remote.text());
	setOptions(fd, snapshot);
	applySegmentSize(fd, local.family());
	setWindows(fd, snapshot);
	putSent(fd, snapshot);
	return socket;
}

void enterRepair(int fd)
{
	const int on = TCP_REPAIR_ON;
	repair(fd, TCP_REPAIR, &on, sizeof on, "TCP_REPAIR");
}

void leaveRepair(int fd)
{
	// With a probe the peer would answer, and its answer could pass the tap before the flow is switched. The windows are known.
	const int off = TCP_REPAIR_OFF_NO_WP;
	repair(fd, TCP_REPAIR, &off, sizeof off, "TCP_REPAIR");
	// Repair mode forces reuse of the address and, at its end, takes it away.
	setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
}

} // namespace sluice
