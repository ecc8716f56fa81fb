#include "ringbuf.h"

#include <bpf/libbpf.h>
#include <fcntl.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "arguments.h"
#include "libbpf_log.h"
#include "map.h"
#include "poll.h"

namespace sluice {

namespace {

// Of one callback: a flood of records must not keep the event loop from the connections. The rest waits in the ring, and the
// loop comes back at once because the descriptor stays readable.
constexpr std::size_t mostRecords = 1024;
constexpr std::size_t mostBytes = 1 << 20;

class RingBuffer : public Watcher {
public:
	RingBuffer(Napi::Env env, const Map &map, Napi::Function onRecords);
	~RingBuffer() override
	{
		close();
	}
	void close() override
	{
		poll_.reset();
		ring_buffer__free(ring_);
		ring_ = nullptr;
		map_.reset();
		onRecords_.Reset();
		letGo();
	}
	// One batch, given to the callback. Returns how many records it had.
	std::size_t consume();
	Poll &poll();

private:
	static int collect(void *context, void *data, std::size_t size);
	void onReadable();

	Napi::Env env_;
	Fd map_;
	ring_buffer *ring_ = nullptr;
	std::unique_ptr<Poll> poll_;
	Napi::FunctionReference onRecords_;
	Napi::AsyncContext context_;
	std::vector<std::uint8_t> batch_;
	std::vector<std::uint32_t> ends_;
};

RingBuffer::RingBuffer(Napi::Env env, const Map &map, Napi::Function onRecords)
    : env_(env), map_(fcntl(map.descriptor(), F_DUPFD_CLOEXEC, 3)), context_(env, "sluice:ringbuf")
{
	const LibbpfLog log;
	ring_ = ring_buffer__new(map_.get(), collect, this, nullptr);
	if (ring_ == nullptr)
		throw Failure("RINGBUF", errno, std::string("open the ring buffer ") + map.info.name, log.tail(4));
	onRecords_ = Napi::Persistent(onRecords);
	try {
		poll_ = std::make_unique<Poll>(env, ring_buffer__epoll_fd(ring_), [this](int) { onReadable(); });
		poll_->start(UV_READABLE);
	} catch (...) {
		close();
		throw;
	}
}

int RingBuffer::collect(void *context, void *data, std::size_t size)
{
	auto *self = static_cast<RingBuffer *>(context);
	const auto *record = static_cast<const std::uint8_t *>(data);
	self->batch_.insert(self->batch_.end(), record, record + size);
	self->ends_.push_back(static_cast<std::uint32_t>(self->batch_.size()));
	// libbpf has consumed this record when it sees the refusal, and stops there.
	return self->ends_.size() >= mostRecords || self->batch_.size() >= mostBytes ? -E2BIG : 0;
}

std::size_t RingBuffer::consume()
{
	if (ring_ == nullptr)
		fail("CLOSED", EBADF, "use a ring buffer");
	const int result = ring_buffer__consume(ring_);
	if (result < 0 && result != -E2BIG)
		fail("RINGBUF", -result, "read a ring buffer");
	const std::size_t count = ends_.size();
	if (count == 0)
		return 0;
	const auto batch = Napi::Buffer<std::uint8_t>::Copy(env_, batch_.data(), batch_.size());
	auto ends = Napi::Uint32Array::New(env_, count);
	std::copy(ends_.begin(), ends_.end(), ends.Data());
	batch_.clear();
	ends_.clear();
	// The callback may close this very object.
	const Napi::Function onRecords = onRecords_.Value();
	onRecords.MakeCallback(env_.Global(), {batch, ends}, context_);
	return count;
}

Poll &RingBuffer::poll()
{
	if (poll_ == nullptr)
		fail("CLOSED", EBADF, "use a ring buffer");
	return *poll_;
}

// Called by the loop: there is no JavaScript below to throw to, so what the callback throws is an uncaught exception.
void RingBuffer::onReadable()
{
	const Napi::Env env = env_;
	try {
		consume();
	} catch (const Napi::Error &error) {
		napi_fatal_exception(env, error.Value());
	} catch (const Failure &failure) {
		napi_fatal_exception(env, failure.toError(env).Value());
	}
}

RingBuffer &ringbufOf(const Napi::Value &value)
{
	return unwrap<RingBuffer>(value, "ring buffer");
}

} // namespace

// (map, (batch: Buffer, ends: Uint32Array) => void).
Napi::Value ringbufOpen(const Napi::CallbackInfo &info)
{
	const Map &map = mapOf(info[0]);
	if (map.info.type != BPF_MAP_TYPE_RINGBUF)
		reject(std::string("map ") + map.info.name + " is not a ring buffer but " + mapTypeName(map.info.type));
	if (!info[1].IsFunction())
		reject("onRecords must be a function");
	return wrapWatcher(info.Env(), new RingBuffer(info.Env(), map, info[1].As<Napi::Function>()));
}

Napi::Value ringbufConsume(const Napi::CallbackInfo &info)
{
	return Napi::Number::New(info.Env(), static_cast<double>(ringbufOf(info[0]).consume()));
}

Napi::Value ringbufKeepAlive(const Napi::CallbackInfo &info)
{
	ringbufOf(info[0]).poll().keepAlive(boolean(info[1], "keep"));
	return info.Env().Undefined();
}

} // namespace sluice
