#include "rodata.h"

#include <bpf/btf.h>

#include <cerrno>
#include <cstring>

namespace sluice {

namespace {

struct Place {
	std::string section;
	std::size_t offset = 0;
	std::size_t size = 0;
};

bool findVariable(const btf *types, const std::string &name, Place &place)
{
	for (__u32 id = 1; id < btf__type_cnt(types); ++id) {
		const btf_type *section = btf__type_by_id(types, id);
		if (!btf_is_datasec(section))
			continue;
		const std::string sectionName = btf__name_by_offset(types, section->name_off);
		if (sectionName.rfind(".rodata", 0) != 0)
			continue;
		const btf_var_secinfo *variables = btf_var_secinfos(section);
		for (int at = 0; at < btf_vlen(section); ++at) {
			const btf_type *variable = btf__type_by_id(types, variables[at].type);
			if (name != btf__name_by_offset(types, variable->name_off))
				continue;
			place = {sectionName, variables[at].offset, variables[at].size};
			return true;
		}
	}
	return false;
}

} // namespace

void setRodata(bpf_object *object, const std::string &variable, Bytes value)
{
	const btf *types = bpf_object__btf(object);
	Place place;
	if (types == nullptr || !findVariable(types, variable, place))
		fail("NOT_FOUND", ENOENT, "find the read-only variable " + variable);
	if (value.size != place.size)
		reject(variable + " has " + std::to_string(place.size) + " bytes, not " + std::to_string(value.size));
	bpf_map *map = bpf_object__find_map_by_name(object, place.section.c_str());
	std::size_t sectionSize = 0;
	const void *initial = map == nullptr ? nullptr : bpf_map__initial_value(map, &sectionSize);
	if (initial == nullptr || place.offset > sectionSize || place.size > sectionSize - place.offset)
		fail("NOT_FOUND", ENOENT, "find the section of variable " + variable);
	// libbpf hands out the mapped section itself: writing here is how its own skeletons set globals.
	std::memcpy(static_cast<char *>(const_cast<void *>(initial)) + place.offset, value.data, value.size);
}

} // namespace sluice
