#include "object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

#include <cerrno>
#include <map>

#include "arguments.h"
#include "libbpf_log.h"
#include "map.h"
#include "program.h"
#include "rodata.h"

namespace sluice {

namespace {

// Enough for the verifier's last states and its verdict; the whole log of a large program is megabytes.
constexpr int logLines = 40;

class Object : public Handle {
public:
	Object(bpf_object *object, std::string name) : name(std::move(name)), object_(object)
	{
	}
	~Object() override
	{
		close();
	}
	void close() override
	{
		bpf_object__close(object_);
		object_ = nullptr;
	}
	bpf_object *get() const
	{
		if (object_ == nullptr)
			fail("CLOSED", EBADF, "use object " + name);
		return object_;
	}
	bpf_object *unloaded() const
	{
		if (loaded)
			fail("BPF_LOAD", EBUSY, "change object " + name + " after it was loaded");
		return get();
	}

	const std::string name;
	bool loaded = false;
	// libbpf renames a declared map to the one that is used in its place.
	std::map<std::string, bpf_map *> reused;

private:
	bpf_object *object_;
};

Object &objectOf(const Napi::Value &value)
{
	return unwrap<Object>(value, "object");
}

bpf_map *findMap(const Object &object, const std::string &name)
{
	bpf_object *opened = object.get();
	const auto reused = object.reused.find(name);
	if (reused != object.reused.end())
		return reused->second;
	bpf_map *map = bpf_object__find_map_by_name(opened, name.c_str());
	if (map == nullptr)
		fail("NOT_FOUND", ENOENT, "find map " + name + " in object " + object.name);
	return map;
}

bpf_program *findProgram(const Object &object, const std::string &name)
{
	bpf_program *program = bpf_object__find_program_by_name(object.get(), name.c_str());
	if (program == nullptr)
		fail("NOT_FOUND", ENOENT, "find program " + name + " in object " + object.name);
	return program;
}

// A descriptor of its own, so that maps and programs outlive the object.
Fd duplicate(int fd, const std::string &what)
{
	if (fd < 0)
		fail("BPF_LOAD", ENOENT, "use " + what + " before its object was loaded");
	Fd copy(fcntl(fd, F_DUPFD_CLOEXEC, 3));
	if (!copy.open())
		fail("BPF_LOAD", errno, "duplicate the descriptor of " + what);
	return copy;
}

// libbpf takes the other map's sizes without a word; programs compiled for the declared ones would then read past values.
void requireSameShape(const bpf_map *declared, const Map &other)
{
	const bool same = bpf_map__type(declared) == other.info.type && bpf_map__key_size(declared) == other.info.key_size &&
			  bpf_map__value_size(declared) == other.info.value_size && bpf_map__map_flags(declared) == other.info.map_flags;
	if (!same)
		fail("BPF_LOAD", EINVAL, std::string("reuse a map for ") + bpf_map__name(declared) + ": type, sizes or flags differ");
}

} // namespace

Napi::Value objectOpen(const Napi::CallbackInfo &info)
{
	const Bytes image = bytes(info[0], "object");
	const std::string name = text(info[1], "name", 255);
	bpf_object_open_opts options{};
	options.sz = sizeof options;
	options.object_name = name.c_str();
	const LibbpfLog log;
	bpf_object *opened = bpf_object__open_mem(image.data, image.size, &options);
	if (opened == nullptr)
		throw Failure("BPF_OPEN", errno, "open BPF object " + name, log.tail(logLines));
	return wrap(info.Env(), new Object(opened, name));
}

Napi::Value objectSetRodata(const Napi::CallbackInfo &info)
{
	const Object &object = objectOf(info[0]);
	setRodata(object.unloaded(), text(info[1], "name", 255), bytes(info[2], "value"));
	return info.Env().Undefined();
}

Napi::Value objectSetMaxEntries(const Napi::CallbackInfo &info)
{
	const Object &object = objectOf(info[0]);
	object.unloaded();
	const std::string name = text(info[1], "map", 255);
	const int error = bpf_map__set_max_entries(findMap(object, name), unsigned32(info[2], "maxEntries"));
	if (error != 0)
		fail("BPF_OPEN", -error, "set the entries of map " + name);
	return info.Env().Undefined();
}

Napi::Value objectReuseMap(const Napi::CallbackInfo &info)
{
	Object &object = objectOf(info[0]);
	object.unloaded();
	const std::string name = text(info[1], "map", 255);
	bpf_map *declared = findMap(object, name);
	const Map &other = mapOf(info[2]);
	requireSameShape(declared, other);
	const int error = bpf_map__reuse_fd(declared, other.descriptor());
	if (error != 0)
		fail("BPF_OPEN", -error, "reuse a map for " + name);
	object.reused[name] = declared;
	return info.Env().Undefined();
}

Napi::Value objectSetAutoload(const Napi::CallbackInfo &info)
{
	const Object &object = objectOf(info[0]);
	object.unloaded();
	const std::string name = text(info[1], "program", 255);
	const int error = bpf_program__set_autoload(findProgram(object, name), boolean(info[2], "autoload"));
	if (error != 0)
		fail("BPF_OPEN", -error, "choose whether program " + name + " is loaded");
	return info.Env().Undefined();
}

Napi::Value objectLoad(const Napi::CallbackInfo &info)
{
	Object &object = objectOf(info[0]);
	bpf_object *ready = object.unloaded();
	const LibbpfLog log;
	// libbpf takes a second load for a mistake even when the first one failed.
	object.loaded = true;
	const int error = bpf_object__load(ready);
	if (error != 0)
		throw Failure("BPF_LOAD", -error, "load BPF object " + object.name, log.tail(logLines));
	return info.Env().Undefined();
}

Napi::Value objectMap(const Napi::CallbackInfo &info)
{
	const Object &object = objectOf(info[0]);
	const std::string name = text(info[1], "map", 255);
	return wrap(info.Env(), new Map(duplicate(bpf_map__fd(findMap(object, name)), "map " + name)));
}

Napi::Value objectProgram(const Napi::CallbackInfo &info)
{
	const Object &object = objectOf(info[0]);
	const std::string name = text(info[1], "program", 255);
	return wrap(info.Env(), new Program(duplicate(bpf_program__fd(findProgram(object, name)), "program " + name)));
}

Napi::Value objectNames(const Napi::CallbackInfo &info)
{
	const Object &object = objectOf(info[0]);
	Napi::Array maps = Napi::Array::New(info.Env());
	Napi::Array programs = Napi::Array::New(info.Env());
	bpf_map *map;
	bpf_object__for_each_map(map, object.get()) maps.Set(maps.Length(), bpf_map__name(map));
	bpf_program *program;
	bpf_object__for_each_program(program, object.get()) programs.Set(programs.Length(), bpf_program__name(program));
	Napi::Object made = Napi::Object::New(info.Env());
	made.Set("maps", maps);
	made.Set("programs", programs);
	return made;
}

Napi::Value objectBtf(const Napi::CallbackInfo &info)
{
	const Object &object = objectOf(info[0]);
	const btf *types = bpf_object__btf(object.get());
	__u32 size = 0;
	const void *raw = types == nullptr ? nullptr : btf__raw_data(types, &size);
	if (raw == nullptr)
		fail("NOT_FOUND", ENOENT, "find type information in object " + object.name);
	return Napi::Buffer<std::uint8_t>::Copy(info.Env(), static_cast<const std::uint8_t *>(raw), size);
}

} // namespace sluice
