#pragma once

namespace sluice {

// Throws KIND unless `fd` is a kernel object of this kind ("bpf-map", "bpf-prog", "bpf-link"). The kernel answers "info by fd"
// for each kind in a layout of its own, so a map's sizes read from a program's answer would be garbage.
void requireKind(int fd, const char *kind);

} // namespace sluice
