// The state of a live socket, read for going on elsewhere.

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "failure.h"
#include "repair.h"

namespace sluice {

namespace {

// In netinet/tcp.h only, which linux/tcp.h excludes.
constexpr std::uint8_t established = 1;

template <typename T> T get(int fd, int option, const char *what)
{
	T value{};
	socklen_t size = sizeof value;
	if (getsockopt(fd, IPPROTO_TCP, option, &value, &size) != 0)
		fail("REPAIR", errno, std::string("read ") + what);
	return value;
}

std::uint32_t sequenceOf(int fd, int queue)
{
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof queue) != 0)
		fail("REPAIR", errno, "set TCP_REPAIR_QUEUE");
	return get<std::uint32_t>(fd, TCP_QUEUE_SEQ, "TCP_QUEUE_SEQ");
}

int bytesIn(int fd, unsigned long queue, const char *what)
{
	int waiting = 0;
	if (ioctl(fd, queue, &waiting) != 0)
		fail("REPAIR", errno, std::string("count bytes ") + what);
	return waiting;
}

void requireEmpty(int fd, unsigned long queue, const char *what)
{
	if (const int waiting = bytesIn(fd, queue, what); waiting != 0)
		fail("BUSY", 0, std::to_string(waiting) + " bytes " + what);
}

// After a FIN of either side a sequence number belongs to it, and nobody can go on.
void requireEstablished(const tcp_info &info)
{
	if (info.tcpi_state != established)
		fail("BUSY", 0, "the connection is ending");
}

} // namespace

Position readPosition(int fd)
{
	requireEstablished(get<tcp_info>(fd, TCP_INFO, "TCP_INFO"));
	enterRepair(fd);
	try {
		Position found{};
		found.sndNext = sequenceOf(fd, TCP_SEND_QUEUE);
		found.sndUnacked = found.sndNext - static_cast<std::uint32_t>(bytesIn(fd, SIOCOUTQ, "under way"));
		found.rcvNext = sequenceOf(fd, TCP_RECV_QUEUE);
		found.unread = static_cast<std::uint32_t>(bytesIn(fd, SIOCINQ, "unread"));
		leaveRepair(fd);
		return found;
	} catch (const Failure &) {
		leaveRepair(fd);
		throw;
	}
}

Snapshot readSnapshot(int fd)
{
	const auto info = get<tcp_info>(fd, TCP_INFO, "TCP_INFO");
	requireEstablished(info);
	requireEmpty(fd, SIOCINQ, "were received and not read");
	requireEmpty(fd, SIOCOUTQ, "were sent and not acknowledged");
	Snapshot found{};
	found.sndNext = found.sndUnacked = sequenceOf(fd, TCP_SEND_QUEUE);
	found.rcvNext = sequenceOf(fd, TCP_RECV_QUEUE);
	const auto windows = get<tcp_repair_window>(fd, TCP_REPAIR_WINDOW, "TCP_REPAIR_WINDOW");
	found.peerWindow = windows.snd_wnd;
	// It was announced from rcv_wup on; what came since used a part of it.
	const std::uint32_t used = found.rcvNext - windows.rcv_wup;
	found.ownWindow = windows.rcv_wnd > used ? windows.rcv_wnd - used : 0;
	if ((info.tcpi_options & TCPI_OPT_WSCALE) != 0) {
		found.peerScale = info.tcpi_snd_wscale;
		found.ownScale = info.tcpi_rcv_wscale;
	}
	// In repair mode this is the peer's own announcement, not what is left of it after options.
	found.mss = get<std::uint32_t>(fd, TCP_MAXSEG, "TCP_MAXSEG");
	found.sackPermitted = (info.tcpi_options & TCPI_OPT_SACK) != 0;
	if ((info.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0)
		found.timestamp = get<std::uint32_t>(fd, TCP_TIMESTAMP, "TCP_TIMESTAMP");
	return found;
}

} // namespace sluice
