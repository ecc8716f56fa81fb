#include "program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "arguments.h"
#include "kind.h"

namespace sluice {

namespace {

// The kernel's own bound on what comes back from a test run: a packet of at most 64 KiB and its headroom.
constexpr std::int64_t mostDataOut = 1 << 20;

bpf_prog_info infoOf(int fd)
{
	requireKind(fd, "bpf-prog");
	bpf_prog_info found{};
	__u32 size = sizeof found;
	if (bpf_obj_get_info_by_fd(fd, &found, &size) != 0)
		fail("BPF_PROG", errno, "read what program descriptor " + std::to_string(fd) + " is");
	return found;
}

std::string hexadecimal(const unsigned char *bytes, std::size_t size)
{
	std::string made;
	for (std::size_t at = 0; at < size; ++at) {
		char pair[3];
		std::snprintf(pair, sizeof pair, "%02x", bytes[at]);
		made += pair;
	}
	return made;
}

} // namespace

Program::Program(Fd fd) : name(infoOf(fd.get()).name), fd_(std::move(fd))
{
}

void Program::close()
{
	fd_.reset();
}

int Program::descriptor() const
{
	if (!fd_.open())
		fail("CLOSED", EBADF, "use program " + name);
	return fd_.get();
}

bpf_prog_info Program::info() const
{
	return infoOf(descriptor());
}

Program &programOf(const Napi::Value &value)
{
	return unwrap<Program>(value, "program");
}

Napi::Value programInfo(const Napi::CallbackInfo &info)
{
	const Program &program = programOf(info[0]);
	const bpf_prog_info found = program.info();
	const char *type = libbpf_bpf_prog_type_str(static_cast<bpf_prog_type>(found.type));
	Napi::Object made = Napi::Object::New(info.Env());
	made.Set("fd", program.descriptor());
	made.Set("id", found.id);
	made.Set("name", program.name);
	made.Set("type", type == nullptr ? "type " + std::to_string(found.type) : std::string(type));
	made.Set("tag", hexadecimal(found.tag, sizeof found.tag));
	made.Set("verifiedInstructions", found.verified_insns);
	made.Set("jitedBytes", found.jited_prog_len);
	made.Set("runTimeNs", Napi::BigInt::New(info.Env(), static_cast<std::uint64_t>(found.run_time_ns)));
	made.Set("runCount", Napi::BigInt::New(info.Env(), static_cast<std::uint64_t>(found.run_cnt)));
	return made;
}

Napi::Value programTestRun(const Napi::CallbackInfo &info)
{
	const Program &program = programOf(info[0]);
	const Napi::Object options = object(info[1], "options");
	bpf_test_run_opts run{};
	run.sz = sizeof run;
	if (!absent(options.Get("data"))) {
		const Bytes data = bytes(options.Get("data"), "data");
		run.data_in = data.data;
		run.data_size_in = static_cast<__u32>(integer(Napi::Number::New(info.Env(), data.size), "data's length", 0, mostDataOut));
	}
	run.repeat = absent(options.Get("repeat")) ? 1 : static_cast<int>(integer(options.Get("repeat"), "repeat", 1, INT32_MAX));
	// Headers may be pushed by the program; 256 bytes is the headroom that the kernel gives a test packet.
	const std::int64_t dataOutSize = absent(options.Get("dataSizeOut")) ? (run.data_in == nullptr ? 0 : run.data_size_in + 256)
									    : integer(options.Get("dataSizeOut"), "dataSizeOut", 0, mostDataOut);
	auto dataOut = Napi::Buffer<std::uint8_t>::New(info.Env(), static_cast<std::size_t>(dataOutSize));
	if (dataOutSize > 0) {
		run.data_out = dataOut.Data();
		run.data_size_out = static_cast<__u32>(dataOutSize);
	}
	std::size_t ctxSize = 0;
	if (!absent(options.Get("ctx"))) {
		const Bytes ctx = bytes(options.Get("ctx"), "ctx");
		run.ctx_in = ctx.data;
		ctxSize = static_cast<std::size_t>(integer(Napi::Number::New(info.Env(), ctx.size), "ctx's length", 0, 4096));
	}
	auto ctxOut = Napi::Buffer<std::uint8_t>::New(info.Env(), ctxSize);
	if (ctxSize > 0) {
		run.ctx_size_in = static_cast<__u32>(ctxSize);
		run.ctx_out = ctxOut.Data();
		run.ctx_size_out = static_cast<__u32>(ctxSize);
	}
	if (bpf_prog_test_run_opts(program.descriptor(), &run) != 0)
		fail("BPF_PROG", errno, "test run of program " + program.name);
	// Without room the kernel says all the same how long the packet is.
	const auto dataSize = std::min<std::size_t>(run.data_size_out, dataOut.Length());
	Napi::Object made = Napi::Object::New(info.Env());
	made.Set("retval", run.retval);
	made.Set("durationNs", run.duration);
	made.Set("dataOut", Napi::Buffer<std::uint8_t>::Copy(info.Env(), dataOut.Data(), dataSize));
	made.Set("ctxOut", Napi::Buffer<std::uint8_t>::Copy(info.Env(), ctxOut.Data(), run.ctx_size_out));
	return made;
}

Napi::Value programPin(const Napi::CallbackInfo &info)
{
	const Program &program = programOf(info[0]);
	const std::string where = path(info[1]);
	if (bpf_obj_pin(program.descriptor(), where.c_str()) != 0)
		fail("PIN", errno, "pin program " + program.name + " to " + where);
	return info.Env().Undefined();
}

Napi::Value programOpenPinned(const Napi::CallbackInfo &info)
{
	const std::string where = path(info[0]);
	Fd fd(bpf_obj_get(where.c_str()));
	if (!fd.open())
		fail("PIN", errno, "open the pinned program " + where);
	return wrap(info.Env(), new Program(std::move(fd)));
}

Napi::Value programFromId(const Napi::CallbackInfo &info)
{
	const std::uint32_t id = unsigned32(info[0], "id");
	Fd fd(bpf_prog_get_fd_by_id(id));
	if (!fd.open())
		fail("BPF_PROG", errno, "open the program with id " + std::to_string(id));
	return wrap(info.Env(), new Program(std::move(fd)));
}

} // namespace sluice
