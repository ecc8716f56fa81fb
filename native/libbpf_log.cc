#include "libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <vector>

namespace sluice {

namespace {

thread_local std::string *collecting = nullptr;

int collect(libbpf_print_level level, const char *format, va_list arguments)
{
	if (collecting == nullptr || level == LIBBPF_DEBUG)
		return 0;
	va_list again;
	va_copy(again, arguments);
	const int size = std::vsnprintf(nullptr, 0, format, again);
	va_end(again);
	if (size <= 0)
		return 0;
	std::vector<char> line(static_cast<std::size_t>(size) + 1);
	std::vsnprintf(line.data(), line.size(), format, arguments);
	collecting->append(line.data(), static_cast<std::size_t>(size));
	return size;
}

} // namespace

void captureLibbpfLog()
{
	static std::once_flag once;
	std::call_once(once, [] { libbpf_set_print(collect); });
}

LibbpfLog::LibbpfLog()
{
	collecting = &text_;
}

LibbpfLog::~LibbpfLog()
{
	collecting = nullptr;
}

std::string LibbpfLog::tail(int lines) const
{
	std::size_t from = text_.size();
	while (from > 0 && lines >= 0) {
		const std::size_t newline = text_.rfind('\n', from - 1);
		if (newline == std::string::npos)
			return text_;
		from = newline;
		--lines;
	}
	return text_.substr(from == 0 ? 0 : from + 1);
}

} // namespace sluice
