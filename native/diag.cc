// INET_DIAG: what the kernel says about a TCP connection of any process, by its four numbers, from outside.

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "address.h"
#include "arguments.h"
#include "netns.h"
#include "takeover.h"

namespace sluice {

namespace {

constexpr std::uint8_t established = 1;
// The field after tcpi_snd_wnd, from kernel 6.2 on; not in the headers of earlier ones.
constexpr std::size_t ownWindowAt = offsetof(tcp_info, tcpi_snd_wnd) + sizeof(std::uint32_t);

void setEnd(const Address &end, __be16 &port, __be32 *address)
{
	if (end.family() == AF_INET) {
		const auto *v4 = reinterpret_cast<const sockaddr_in *>(&end.storage);
		port = v4->sin_port;
		std::memcpy(address, &v4->sin_addr, sizeof v4->sin_addr);
	} else {
		const auto *v6 = reinterpret_cast<const sockaddr_in6 *>(&end.storage);
		port = v6->sin6_port;
		std::memcpy(address, &v6->sin6_addr, sizeof v6->sin6_addr);
	}
}

struct Question {
	nlmsghdr header;
	inet_diag_req_v2 request;
};

Question ask(const Address &local, const Address &remote)
{
	Question question{};
	question.header.nlmsg_len = sizeof question;
	question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	question.header.nlmsg_flags = NLM_F_REQUEST;
	question.request.sdiag_family = static_cast<std::uint8_t>(local.family());
	question.request.sdiag_protocol = IPPROTO_TCP;
	question.request.idiag_ext = 1 << (INET_DIAG_INFO - 1);
	question.request.idiag_states = ~0U;
	question.request.id.idiag_cookie[0] = question.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	setEnd(local, question.request.id.idiag_sport, question.request.id.idiag_src);
	setEnd(remote, question.request.id.idiag_dport, question.request.id.idiag_dst);
	return question;
}

std::uint32_t word(const std::uint8_t *data, std::size_t at)
{
	std::uint32_t value;
	std::memcpy(&value, data + at, sizeof value);
	return value;
}

void setFacts(Napi::Object made, const rtattr *attribute)
{
	const auto *data = static_cast<const std::uint8_t *>(RTA_DATA(attribute));
	const std::size_t size = RTA_PAYLOAD(attribute);
	tcp_info info{};
	std::memcpy(&info, data, std::min(size, sizeof info));
	made.Set("sndMss", info.tcpi_snd_mss);
	made.Set("timestamps", (info.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0);
	made.Set("sackPermitted", (info.tcpi_options & TCPI_OPT_SACK) != 0);
	if ((info.tcpi_options & TCPI_OPT_WSCALE) != 0) {
		Napi::Object scale = Napi::Object::New(made.Env());
		scale.Set("peer", static_cast<int>(info.tcpi_snd_wscale));
		scale.Set("own", static_cast<int>(info.tcpi_rcv_wscale));
		made.Set("scale", scale);
	}
	made.Set("bytesAcked", static_cast<double>(info.tcpi_bytes_acked));
	made.Set("bytesReceived", static_cast<double>(info.tcpi_bytes_received));
	made.Set("sentMsAgo", info.tcpi_last_data_sent);
	made.Set("receivedMsAgo", info.tcpi_last_data_recv);
	// Absent, not 0, where the kernel is too old to say.
	if (size >= ownWindowAt)
		made.Set("peerWindow", info.tcpi_snd_wnd);
	if (size >= ownWindowAt + sizeof(std::uint32_t))
		made.Set("ownWindow", word(data, ownWindowAt));
}

// Undefined unless the answer is this connection, established: without one the kernel answers with the port's listener.
Napi::Value read(Napi::Env env, const nlmsghdr *header, const Question &question)
{
	const auto *found = static_cast<const inet_diag_msg *>(NLMSG_DATA(header));
	const auto &asked = question.request.id;
	if (header->nlmsg_len < NLMSG_LENGTH(sizeof *found) || found->idiag_state != established || found->id.idiag_dport != asked.idiag_dport)
		return env.Undefined();
	Napi::Object made = Napi::Object::New(env);
	made.Set("unread", found->idiag_rqueue);
	made.Set("unacknowledged", found->idiag_wqueue);
	bool layered = false;
	bool known = false;
	int left = static_cast<int>(header->nlmsg_len - NLMSG_LENGTH(sizeof *found));
	for (const auto *attribute = reinterpret_cast<const rtattr *>(found + 1); RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		if (attribute->rta_type == INET_DIAG_INFO) {
			setFacts(made, attribute);
			known = true;
		}
		layered |= attribute->rta_type == INET_DIAG_MD5SIG || attribute->rta_type == INET_DIAG_ULP_INFO;
	}
	made.Set("layered", layered);
	return known ? Napi::Value(made) : env.Undefined();
}

} // namespace

// ({netns, local, remote}) → facts, or undefined.
Napi::Value connectionInfo(const Napi::CallbackInfo &info)
{
	const Napi::Object options = object(info[0], "options");
	const Address local = addressOf(options.Get("local"), "local");
	const Address remote = addressOf(options.Get("remote"), "remote");
	if (local.family() != remote.family())
		reject("local and remote must be of one address family");
	Fd netlink;
	{
		const NetnsScope scope(netnsOf(options.Get("netns")));
		netlink = Fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
	}
	if (!netlink.open())
		fail("DIAG", errno, "open NETLINK_SOCK_DIAG");
	const Question question = ask(local, remote);
	if (send(netlink.get(), &question, sizeof question, 0) != sizeof question)
		fail("DIAG", errno, "ask for a connection");
	// The kernel answers within the call to send, in some 500 bytes.
	alignas(nlmsghdr) std::uint8_t answer[8192];
	const ssize_t size = recv(netlink.get(), answer, sizeof answer, MSG_DONTWAIT);
	const auto *header = reinterpret_cast<const nlmsghdr *>(answer);
	if (size < 0 || !NLMSG_OK(header, static_cast<std::size_t>(size)))
		fail("DIAG", size < 0 ? errno : EBADMSG, "read about a connection");
	if (header->nlmsg_type != NLMSG_ERROR)
		return read(info.Env(), header, question);
	const int error = -static_cast<const nlmsgerr *>(NLMSG_DATA(header))->error;
	if (error != ENOENT)
		fail("DIAG", error, "ask for the connection from " + local.text() + " to " + remote.text());
	return info.Env().Undefined();
}

} // namespace sluice
