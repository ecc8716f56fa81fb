#include "map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

#include <cerrno>

#include "kind.h"

namespace sluice {

namespace {

Napi::Value adopt(Napi::Env env, Fd fd)
{
	return wrap(env, new Map(std::move(fd)));
}

std::string described(const Map &map)
{
	return std::string(map.info.name) + " (" + mapTypeName(map.info.type) + ")";
}

bool holdsMaps(const Map &map)
{
	return map.info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS || map.info.type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

bool holdsDescriptors(const Map &map)
{
	switch (map.info.type) {
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_SOCKHASH:
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
		return true;
	default:
		return holdsMaps(map);
	}
}

void put(Map &map, const Bytes &key, const void *value, std::uint64_t flags)
{
	if (bpf_map_update_elem(map.descriptor(), key.data, value, flags) != 0)
		fail("MAP_PUT", errno, "put an entry into map " + described(map));
}

void putDescriptor(Map &map, const Bytes &key, int fd, std::uint64_t flags)
{
	// Socket maps take 8 bytes too: lookups from user space then give the socket's cookie.
	const std::uint64_t wide = static_cast<std::uint64_t>(fd);
	const std::uint32_t narrow = static_cast<std::uint32_t>(fd);
	if (map.info.value_size == sizeof wide)
		put(map, key, &wide, flags);
	else
		put(map, key, &narrow, flags);
}

} // namespace

Map::Map(Fd fd) : fd_(std::move(fd))
{
	requireKind(fd_.get(), "bpf-map");
	__u32 size = sizeof info;
	if (bpf_obj_get_info_by_fd(fd_.get(), &info, &size) != 0)
		fail("MAP_OPEN", errno, "read what map descriptor " + std::to_string(fd_.get()) + " is");
	valueBytes = info.value_size;
	if (perCpu()) {
		const int cpus = libbpf_num_possible_cpus();
		if (cpus < 1)
			fail("MAP_OPEN", -cpus, "count the possible CPUs");
		valueBytes = (info.value_size + 7ul) / 8 * 8 * static_cast<std::size_t>(cpus);
	}
}

bool Map::perCpu() const
{
	switch (info.type) {
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
		return true;
	default:
		return false;
	}
}

void Map::close()
{
	fd_.reset();
}

int Map::descriptor() const
{
	if (!fd_.open())
		fail("CLOSED", EBADF, std::string("use map ") + info.name);
	return fd_.get();
}

Bytes Map::key(const Napi::Value &value) const
{
	return bytesOfSize(value, "key", info.key_size);
}

Bytes Map::value(const Napi::Value &value) const
{
	return bytesOfSize(value, "value", valueBytes);
}

Map &mapOf(const Napi::Value &value)
{
	return unwrap<Map>(value, "map");
}

std::string mapTypeName(std::uint32_t type)
{
	const char *name = libbpf_bpf_map_type_str(static_cast<bpf_map_type>(type));
	return name == nullptr ? "type " + std::to_string(type) : name;
}

Napi::Value mapCreate(const Napi::CallbackInfo &info)
{
	const Napi::Object options = object(info[0], "options");
	const std::string typeName = text(options.Get("type"), "type", 64);
	std::uint32_t type = 1;
	while (mapTypeName(type) != typeName)
		if (libbpf_bpf_map_type_str(static_cast<bpf_map_type>(++type)) == nullptr)
			reject("no map type is named " + typeName);
	const std::string name = text(options.Get("name"), "name", BPF_OBJ_NAME_LEN - 1);
	bpf_map_create_opts extra{};
	extra.sz = sizeof extra;
	if (!absent(options.Get("flags")))
		extra.map_flags = unsigned32(options.Get("flags"), "flags");
	if (!absent(options.Get("innerMap")))
		extra.inner_map_fd = static_cast<__u32>(mapOf(options.Get("innerMap")).descriptor());
	Fd fd(bpf_map_create(static_cast<bpf_map_type>(type), name.c_str(), unsigned32(options.Get("keySize"), "keySize"),
			     unsigned32(options.Get("valueSize"), "valueSize"), unsigned32(options.Get("maxEntries"), "maxEntries"),
			     &extra));
	if (!fd.open())
		fail("MAP_CREATE", errno, "create map " + name + " (" + typeName + ")");
	return adopt(info.Env(), std::move(fd));
}

Napi::Value mapFromId(const Napi::CallbackInfo &info)
{
	const std::uint32_t id = unsigned32(info[0], "id");
	Fd fd(bpf_map_get_fd_by_id(id));
	if (!fd.open())
		fail("MAP_OPEN", errno, "open the map with id " + std::to_string(id));
	return adopt(info.Env(), std::move(fd));
}

Napi::Value mapFromFd(const Napi::CallbackInfo &info)
{
	const int given = descriptor(info[0], "fd");
	Fd fd(fcntl(given, F_DUPFD_CLOEXEC, 3));
	if (!fd.open())
		fail("MAP_OPEN", errno, "duplicate descriptor " + std::to_string(given));
	return adopt(info.Env(), std::move(fd));
}

Napi::Value mapOpenPinned(const Napi::CallbackInfo &info)
{
	const std::string where = path(info[0]);
	Fd fd(bpf_obj_get(where.c_str()));
	if (!fd.open())
		fail("PIN", errno, "open the pinned map " + where);
	return adopt(info.Env(), std::move(fd));
}

Napi::Value mapInfo(const Napi::CallbackInfo &info)
{
	const Map &map = mapOf(info[0]);
	Napi::Object made = Napi::Object::New(info.Env());
	made.Set("fd", map.descriptor());
	made.Set("id", map.info.id);
	made.Set("name", std::string(map.info.name));
	made.Set("type", mapTypeName(map.info.type));
	made.Set("keySize", map.info.key_size);
	made.Set("valueSize", map.info.value_size);
	made.Set("valueBytes", static_cast<double>(map.valueBytes));
	made.Set("maxEntries", map.info.max_entries);
	made.Set("flags", map.info.map_flags);
	return made;
}

Napi::Value mapGet(const Napi::CallbackInfo &info)
{
	const Map &map = mapOf(info[0]);
	const Bytes key = map.key(info[1]);
	auto found = Napi::Buffer<std::uint8_t>::New(info.Env(), map.valueBytes);
	if (bpf_map_lookup_elem(map.descriptor(), key.data, found.Data()) == 0)
		return found;
	if (errno == ENOENT)
		return info.Env().Undefined();
	fail("MAP_GET", errno, "get an entry of map " + described(map));
}

Napi::Value mapGetInto(const Napi::CallbackInfo &info)
{
	const Map &map = mapOf(info[0]);
	const Bytes key = map.key(info[1]);
	const Bytes value = map.value(info[2]);
	if (bpf_map_lookup_elem(map.descriptor(), key.data, value.data) == 0)
		return Napi::Boolean::New(info.Env(), true);
	if (errno == ENOENT)
		return Napi::Boolean::New(info.Env(), false);
	fail("MAP_GET", errno, "get an entry of map " + described(map));
}

Napi::Value mapPut(const Napi::CallbackInfo &info)
{
	Map &map = mapOf(info[0]);
	const Bytes key = map.key(info[1]);
	// The number in such a value would be taken as a descriptor of this process.
	if (holdsDescriptors(map))
		reject("map " + described(map) + " holds descriptors: use putFd or putMap");
	put(map, key, map.value(info[2]).data, unsigned32(info[3], "flags"));
	return info.Env().Undefined();
}

Napi::Value mapPutFd(const Napi::CallbackInfo &info)
{
	Map &map = mapOf(info[0]);
	const Bytes key = map.key(info[1]);
	if (!holdsDescriptors(map) || holdsMaps(map))
		reject("map " + described(map) + " does not hold sockets, programs or cgroups");
	putDescriptor(map, key, descriptor(info[2], "fd"), unsigned32(info[3], "flags"));
	return info.Env().Undefined();
}

Napi::Value mapPutMap(const Napi::CallbackInfo &info)
{
	Map &map = mapOf(info[0]);
	const Bytes key = map.key(info[1]);
	if (!holdsMaps(map))
		reject("map " + described(map) + " does not hold maps");
	putDescriptor(map, key, mapOf(info[2]).descriptor(), unsigned32(info[3], "flags"));
	return info.Env().Undefined();
}

Napi::Value mapDelete(const Napi::CallbackInfo &info)
{
	const Map &map = mapOf(info[0]);
	const Bytes key = map.key(info[1]);
	if (bpf_map_delete_elem(map.descriptor(), key.data) == 0)
		return Napi::Boolean::New(info.Env(), true);
	// A socket map answers EINVAL for a slot without a socket.
	if (errno == ENOENT || (errno == EINVAL && map.info.type == BPF_MAP_TYPE_SOCKMAP))
		return Napi::Boolean::New(info.Env(), false);
	fail("MAP_DELETE", errno, "delete an entry of map " + described(map));
}

Napi::Value mapPin(const Napi::CallbackInfo &info)
{
	const Map &map = mapOf(info[0]);
	const std::string where = path(info[1]);
	if (bpf_obj_pin(map.descriptor(), where.c_str()) != 0)
		fail("PIN", errno, "pin map " + described(map) + " to " + where);
	return info.Env().Undefined();
}

} // namespace sluice
