#pragma once
// What libbpf prints, kept per thread: several workers load objects at the same time, libbpf's print hook is one per process.

#include <string>

namespace sluice {

// Once per process; without it libbpf writes to stderr.
void captureLibbpfLog();

// While one lives, the calling thread's libbpf warnings (the verifier's log among them) are collected.
class LibbpfLog {
public:
	LibbpfLog();
	~LibbpfLog();
	LibbpfLog(const LibbpfLog &) = delete;
	LibbpfLog &operator=(const LibbpfLog &) = delete;

	// The last lines, which are those that name the cause.
	std::string tail(int lines) const;

private:
	std::string text_;
};

} // namespace sluice
