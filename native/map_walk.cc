// Many entries of a map at once. The loops are in map.ts; each call here is one system call.

#include <bpf/bpf.h>

#include <cerrno>

#include "map.h"

namespace sluice {

namespace {

std::size_t product(std::size_t count, std::size_t size)
{
	std::size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		reject("count is too large");
	return bytes;
}

} // namespace

// (map, from | undefined, next, keys, values, count) → entries read, negative: the last ones, or undefined: `count` is too
// small for the next hash bucket. `from` and `next` are cursors as long as the larger of 4 bytes and the key.
Napi::Value mapLookupBatch(const Napi::CallbackInfo &info)
{
	const Map &map = mapOf(info[0]);
	const std::size_t cursorBytes = map.info.key_size < 4 ? 4 : map.info.key_size;
	void *from = absent(info[1]) ? nullptr : bytesOfSize(info[1], "from", cursorBytes).data;
	void *next = bytesOfSize(info[2], "next", cursorBytes).data;
	__u32 count = unsigned32(info[5], "count");
	void *keys = bytesOfSize(info[3], "keys", product(count, map.info.key_size)).data;
	void *values = bytesOfSize(info[4], "values", product(count, map.valueBytes)).data;
	if (bpf_map_lookup_batch(map.descriptor(), from, next, keys, values, &count, nullptr) == 0)
		return Napi::Number::New(info.Env(), count);
	if (errno == ENOENT)
		return Napi::Number::New(info.Env(), -1.0 - count);
	if (errno == ENOSPC)
		return info.Env().Undefined();
	fail("MAP_WALK", errno, std::string("read the entries of map ") + map.info.name);
}

// (map, key | undefined, next) → whether there is a next key.
Napi::Value mapNextKey(const Napi::CallbackInfo &info)
{
	const Map &map = mapOf(info[0]);
	const void *key = absent(info[1]) ? nullptr : map.key(info[1]).data;
	const Bytes next = map.key(info[2]);
	if (bpf_map_get_next_key(map.descriptor(), key, next.data) == 0)
		return Napi::Boolean::New(info.Env(), true);
	if (errno == ENOENT)
		return Napi::Boolean::New(info.Env(), false);
	fail("MAP_WALK", errno, std::string("read the keys of map ") + map.info.name);
}

// (map, keys, values, count).
Napi::Value mapUpdateBatch(const Napi::CallbackInfo &info)
{
	const Map &map = mapOf(info[0]);
	const __u32 wanted = unsigned32(info[3], "count");
	const void *keys = bytesOfSize(info[1], "keys", product(wanted, map.info.key_size)).data;
	const void *values = bytesOfSize(info[2], "values", product(wanted, map.valueBytes)).data;
	__u32 count = wanted;
	if (bpf_map_update_batch(map.descriptor(), keys, values, &count, nullptr) != 0)
		fail("MAP_PUT", errno,
		     std::string("put ") + std::to_string(wanted) + " entries into map " + map.info.name + " (" +
			 std::to_string(count < wanted ? count : 0) + " were put)");
	return info.Env().Undefined();
}

} // namespace sluice
