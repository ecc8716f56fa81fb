#pragma once
// A BPF map, held by a descriptor of its own.

#include <linux/bpf.h>

#include <cstdint>
#include <string>

#include "fd.h"
#include "arguments.h"
#include "handle.h"

namespace sluice {

class Map : public Handle {
public:
	explicit Map(Fd fd);
	void close() override;
	// Throws CLOSED.
	int descriptor() const;
	// Throws: this is what keeps the kernel from reading or writing past a Buffer.
	Bytes key(const Napi::Value &value) const;
	Bytes value(const Napi::Value &value) const;
	bool perCpu() const;

	bpf_map_info info{};
	// Bytes that one lookup or update moves: for per-CPU maps every possible CPU's value, each rounded up to 8.
	std::size_t valueBytes;

private:
	Fd fd_;
};

Map &mapOf(const Napi::Value &value);

// Kernel names of map types, as bpftool prints them: "hash", "lpm_trie", "array_of_maps", ...
std::string mapTypeName(std::uint32_t type);

Napi::Value mapCreate(const Napi::CallbackInfo &info);
Napi::Value mapFromId(const Napi::CallbackInfo &info);
Napi::Value mapFromFd(const Napi::CallbackInfo &info);
Napi::Value mapOpenPinned(const Napi::CallbackInfo &info);
Napi::Value mapInfo(const Napi::CallbackInfo &info);
Napi::Value mapGet(const Napi::CallbackInfo &info);
Napi::Value mapGetInto(const Napi::CallbackInfo &info);
Napi::Value mapPut(const Napi::CallbackInfo &info);
Napi::Value mapPutFd(const Napi::CallbackInfo &info);
Napi::Value mapPutMap(const Napi::CallbackInfo &info);
Napi::Value mapDelete(const Napi::CallbackInfo &info);
Napi::Value mapPin(const Napi::CallbackInfo &info);

// map_walk.cc
Napi::Value mapLookupBatch(const Napi::CallbackInfo &info);
Napi::Value mapNextKey(const Napi::CallbackInfo &info);
Napi::Value mapUpdateBatch(const Napi::CallbackInfo &info);

} // namespace sluice
