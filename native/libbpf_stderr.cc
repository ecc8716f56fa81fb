// Debian compiles libbpf.a for executables: it reads `stderr` as a variable at a fixed distance, which a shared object cannot
// have of libc. The linker (--wrap=stderr) gives it this copy instead, which is close by.

#include <cstdio>

extern "C" {
extern FILE *__real_stderr;
__attribute__((visibility("hidden"))) FILE *__wrap_stderr = nullptr;
}

namespace {

__attribute__((constructor)) void copyStderr()
{
	__wrap_stderr = __real_stderr;
}

} // namespace
