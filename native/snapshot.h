#pragma once
// One end of a live TCP connection, as numbers: what the sockets of a connection would know that the tap has followed.

#include <napi.h>

#include <cstdint>
#include <optional>


namespace sluice {

struct Snapshot {
	// Sequence numbers: our next, our first that the peer has not acknowledged (the same, or the one before), the peer's next.
	std::uint32_t sndNext;
	std::uint32_t sndUnacked;
	std::uint32_t rcvNext;
	// In bytes: what the peer lets us send from sndUnacked on, what we let it send from rcvNext on.
	std::uint32_t peerWindow;
	std::uint32_t ownWindow;
	// Both 0 without window scaling (RFC 7323 2.2).
	std::uint32_t peerScale;
	std::uint32_t ownScale;
	// What the peer's SYN said, without deductions.
	std::uint32_t mss;
	bool sackPermitted;
	// Our next TSval; absent: without timestamps.
	std::optional<std::uint32_t> timestamp;
};

// Throws ARGUMENT; BUSY where bytes of ours are under way, for only the other end has them.
Snapshot snapshotFrom(const Napi::Value &value, const char *name);
Napi::Value toObject(Napi::Env env, const Snapshot &snapshot);

} // namespace sluice
