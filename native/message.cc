// Messages with descriptors between two processes of one machine: unix sockets of SOCK_SEQPACKET, which Node does not speak. Each
// message arrives whole, with the descriptors that were sent with it (SCM_RIGHTS, unix(7)), and in order.

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "arguments.h"
#include "fd.h"
#include "handle.h"
#include "message.h"
#include "poll.h"

namespace sluice {

namespace {

constexpr std::size_t mostBytes = 64 * 1024;
// The kernel's SCM_MAX_FD is 253.
constexpr std::size_t mostDescriptors = 16;
// Messages of one wake-up; the rest waits in the socket so that the loop's other work gets its turn.
constexpr int atOnce = 64;

sockaddr_un unixAddress(const std::string &where)
{
	sockaddr_un address{};
	address.sun_family = AF_UNIX;
	if (where.size() >= sizeof address.sun_path)
		reject("the path of a unix socket has at most " + std::to_string(sizeof address.sun_path - 1) + " bytes");
	std::memcpy(address.sun_path, where.c_str(), where.size());
	return address;
}

Fd unixSocket()
{
	Fd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	if (!fd.open())
		fail("HANDOVER", errno, "make a unix socket");
	return fd;
}

struct Message {
	std::vector<std::uint8_t> bytes;
	std::vector<Fd> descriptors;
};

class Messages : public Watcher {
public:
	Messages(Napi::Env env, int fd, Napi::Function onMessage, Napi::Function onEnd)
	    : env_(env), fd_(fd), onMessage_(Napi::Persistent(onMessage)), onEnd_(Napi::Persistent(onEnd)), context_(env, "sluice:messages")
	{
		poll_ = std::make_unique<Poll>(env, fd, [this](int) { onReady(); });
		poll_->start(UV_READABLE);
	}
	~Messages() override
	{
		close();
	}
	// What waits to be sent is dropped, its descriptors with it.
	void close() override
	{
		poll_.reset();
		fd_.reset();
		waiting_.clear();
		onMessage_.Reset();
		onEnd_.Reset();
		letGo();
	}
	void send(Message message);
	std::size_t waiting() const
	{
		return waiting_.size();
	}

private:
	void onReady();
	void flush();
	bool receive();
	void end();

	Napi::Env env_;
	Fd fd_;
	std::unique_ptr<Poll> poll_;
	std::deque<Message> waiting_;
	Napi::FunctionReference onMessage_;
	Napi::FunctionReference onEnd_;
	Napi::AsyncContext context_;
	std::array<std::uint8_t, mostBytes> received_;
};

// Room for the control message of `mostDescriptors`, aligned as cmsghdr asks for.
union Control {
	cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * mostDescriptors)];
};

// Whether it left; EAGAIN in errno: the peer has to read first.
bool transmit(int fd, const Message &message)
{
	iovec part{const_cast<std::uint8_t *>(message.bytes.data()), message.bytes.size()};
	Control control{};
	msghdr header{};
	header.msg_iov = &part;
	header.msg_iovlen = 1;
	if (!message.descriptors.empty()) {
		const std::size_t size = sizeof(int) * message.descriptors.size();
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(size);
		cmsghdr *rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(size);
		std::vector<int> numbers;
		for (const Fd &descriptor : message.descriptors)
			numbers.push_back(descriptor.get());
		std::memcpy(CMSG_DATA(rights), numbers.data(), size);
	}
	return sendmsg(fd, &header, MSG_NOSIGNAL) >= 0;
}

void Messages::send(Message message)
{
	if (!fd_.open())
		fail("CLOSED", EBADF, "send a message");
	if (waiting_.empty() && transmit(fd_.get(), message))
		return;
	// That the peer is gone is told by the loop, as any other end.
	if (waiting_.empty() && (errno == EPIPE || errno == ECONNRESET))
		return;
	if (waiting_.empty() && errno != EAGAIN)
		fail("HANDOVER", errno, "send a message");
	waiting_.push_back(std::move(message));
	poll_->start(UV_READABLE | UV_WRITABLE);
}

void Messages::flush()
{
	if (waiting_.empty())
		return;
	while (!waiting_.empty()) {
		if (!transmit(fd_.get(), waiting_.front()) && errno == EAGAIN)
			return;
		waiting_.pop_front();
	}
	poll_->start(UV_READABLE);
}

// Whether there may be more. The callback may close this very object.
bool Messages::receive()
{
	iovec part{received_.data(), received_.size()};
	Control control{};
	msghdr header{};
	header.msg_iov = &part;
	header.msg_iovlen = 1;
	header.msg_control = control.bytes;
	header.msg_controllen = sizeof control.bytes;
	const ssize_t size = recvmsg(fd_.get(), &header, MSG_CMSG_CLOEXEC);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	// A peer that left without reading all of ours: what it had sent before is still here, and its end behind it.
	if (size < 0 && errno == ECONNRESET)
		return true;
	std::vector<Fd> descriptors;
	for (cmsghdr *one = CMSG_FIRSTHDR(&header); size > 0 && one != nullptr; one = CMSG_NXTHDR(&header, one)) {
		if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS)
			continue;
		std::vector<int> numbers((one->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		std::memcpy(numbers.data(), CMSG_DATA(one), numbers.size() * sizeof(int));
		for (const int number : numbers)
			descriptors.emplace_back(number);
	}
	if (size <= 0 || header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		end();
		return false;
	}
	auto numbers = Napi::Array::New(env_, descriptors.size());
	for (std::size_t i = 0; i < descriptors.size(); i++)
		numbers[static_cast<std::uint32_t>(i)] = Napi::Number::New(env_, descriptors[i].release());
	const auto bytes = Napi::Buffer<std::uint8_t>::Copy(env_, received_.data(), static_cast<std::size_t>(size));
	const Napi::Function onMessage = onMessage_.Value();
	onMessage.MakeCallback(env_.Global(), {bytes, numbers}, context_);
	return true;
}

void Messages::end()
{
	const Napi::Function onEnd = onEnd_.Value();
	close();
	onEnd.MakeCallback(env_.Global(), {}, context_);
}

void Messages::onReady()
{
	const Napi::Env env = env_;
	try {
		flush();
		for (int i = 0; i < atOnce && fd_.open(); i++)
			if (!receive())
				return;
	} catch (const Napi::Error &thrown) {
		napi_fatal_exception(env, thrown.Value());
	}
}

class MessageListener : public Watcher {
public:
	MessageListener(Napi::Env env, Fd fd, Napi::Function onConnection)
	    : env_(env), fd_(std::move(fd)), onConnection_(Napi::Persistent(onConnection)), context_(env, "sluice:message-listener")
	{
		poll_ = std::make_unique<Poll>(env, fd_.get(), [this](int) { onReadable(); });
		poll_->start(UV_READABLE);
	}
	~MessageListener() override
	{
		close();
	}
	void close() override
	{
		poll_.reset();
		fd_.reset();
		onConnection_.Reset();
		letGo();
	}

private:
	void onReadable()
	{
		const int accepted = accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (accepted < 0)
			return;
		try {
			onConnection_.Value().MakeCallback(env_.Global(), {Napi::Number::New(env_, accepted)}, context_);
		} catch (const Napi::Error &thrown) {
			napi_fatal_exception(env_, thrown.Value());
		}
	}

	Napi::Env env_;
	Fd fd_;
	std::unique_ptr<Poll> poll_;
	Napi::FunctionReference onConnection_;
	Napi::AsyncContext context_;
};

Napi::Function function(const Napi::Value &value, const char *name)
{
	if (!value.IsFunction())
		reject(std::string(name) + " must be a function");
	return value.As<Napi::Function>();
}

} // namespace

// (path, fd => void) → listener. Only the owner may connect.
Napi::Value messageListen(const Napi::CallbackInfo &info)
{
	const std::string where = path(info[0]);
	const Napi::Function onConnection = function(info[1], "onConnection");
	const sockaddr_un address = unixAddress(where);
	Fd fd = unixSocket();
	// The mode of what bind makes; there is no moment in which others could connect.
	if (fchmod(fd.get(), 0600) != 0 || bind(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0 ||
	    listen(fd.get(), 8) != 0)
		fail("HANDOVER", errno, "listen at " + where);
	return wrapWatcher(info.Env(), new MessageListener(info.Env(), std::move(fd), onConnection));
}

// (path) → descriptor.
Napi::Value messageConnect(const Napi::CallbackInfo &info)
{
	const std::string where = path(info[0]);
	const sockaddr_un address = unixAddress(where);
	Fd fd = unixSocket();
	if (connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0)
		fail("HANDOVER", errno, "connect to " + where);
	return Napi::Number::New(info.Env(), fd.release());
}

// (descriptor, (bytes, descriptors) => void, () => void) → messages, which own the descriptor.
Napi::Value messageOpen(const Napi::CallbackInfo &info)
{
	const int fd = descriptor(info[0], "fd");
	return wrapWatcher(info.Env(), new Messages(info.Env(), fd, function(info[1], "onMessage"), function(info[2], "onEnd")));
}

// (messages, bytes, descriptors) → messages that wait. The descriptors are the addon's from here on, also when it throws CLOSED.
Napi::Value messageSend(const Napi::CallbackInfo &info)
{
	Messages &messages = unwrap<Messages>(info[0], "message socket");
	const Bytes given = bytes(info[1], "message");
	if (given.size == 0 || given.size > mostBytes)
		reject("a message has 1 to " + std::to_string(mostBytes) + " bytes");
	if (!info[2].IsArray())
		reject("descriptors must be an array");
	const auto numbers = info[2].As<Napi::Array>();
	if (numbers.Length() > mostDescriptors)
		reject("a message takes at most " + std::to_string(mostDescriptors) + " descriptors");
	std::vector<int> checked;
	for (std::uint32_t i = 0; i < numbers.Length(); i++)
		checked.push_back(descriptor(numbers.Get(i), "descriptors"));
	Message message{{given.data, given.data + given.size}, {}};
	for (const int number : checked)
		message.descriptors.emplace_back(number);
	messages.send(std::move(message));
	return Napi::Number::New(info.Env(), static_cast<double>(messages.waiting()));
}

} // namespace sluice
