#pragma once
// A loaded BPF program, held by a descriptor of its own.

#include <linux/bpf.h>

#include "fd.h"
#include "handle.h"

namespace sluice {

class Program : public Handle {
public:
	explicit Program(Fd fd);
	void close() override;
	int descriptor() const;
	// Run counters change, so this is read anew.
	bpf_prog_info info() const;

	const std::string name;

private:
	Fd fd_;
};

Program &programOf(const Napi::Value &value);

Napi::Value programInfo(const Napi::CallbackInfo &info);
Napi::Value programTestRun(const Napi::CallbackInfo &info);
Napi::Value programPin(const Napi::CallbackInfo &info);
Napi::Value programOpenPinned(const Napi::CallbackInfo &info);
Napi::Value programFromId(const Napi::CallbackInfo &info);

} // namespace sluice
