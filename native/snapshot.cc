#include "snapshot.h"

#include "arguments.h"

namespace sluice {

namespace {

// The largest window that 16 bits scaled by 14 can announce (RFC 7323 2.3).
constexpr std::int64_t mostWindow = std::int64_t{65535} << 14;
constexpr std::int64_t mostScale = 14;

std::uint32_t window(const Napi::Object &given, const char *field)
{
	return static_cast<std::uint32_t>(integer(given.Get(field), field, 0, mostWindow));
}

} // namespace

Snapshot snapshotFrom(const Napi::Value &value, const char *name)
{
	const Napi::Object given = object(value, name);
	Snapshot made{};
	made.sndNext = unsigned32(given.Get("sndNext"), "sndNext");
	made.sndUnacked = unsigned32(given.Get("sndUnacked"), "sndUnacked");
	made.rcvNext = unsigned32(given.Get("rcvNext"), "rcvNext");
	made.peerWindow = window(given, "peerWindow");
	made.ownWindow = window(given, "ownWindow");
	if (const Napi::Value scale = given.Get("scale"); !absent(scale)) {
		const Napi::Object both = object(scale, "scale");
		made.peerScale = static_cast<std::uint32_t>(integer(both.Get("peer"), "scale.peer", 0, mostScale));
		made.ownScale = static_cast<std::uint32_t>(integer(both.Get("own"), "scale.own", 0, mostScale));
	}
	made.mss = static_cast<std::uint32_t>(integer(given.Get("mss"), "mss", 1, 65535));
	made.sackPermitted = boolean(given.Get("sackPermitted"), "sackPermitted");
	if (const Napi::Value timestamp = given.Get("timestamp"); !absent(timestamp))
		made.timestamp = unsigned32(timestamp, "timestamp");
	if (made.sndNext - made.sndUnacked > 1)
		fail("BUSY", 0, std::string(name) + ": the peer has not acknowledged all that was sent to it");
	return made;
}

Napi::Value toObject(Napi::Env env, const Snapshot &snapshot)
{
	Napi::Object made = Napi::Object::New(env);
	made.Set("sndNext", snapshot.sndNext);
	made.Set("sndUnacked", snapshot.sndUnacked);
	made.Set("rcvNext", snapshot.rcvNext);
	made.Set("peerWindow", snapshot.peerWindow);
	made.Set("ownWindow", snapshot.ownWindow);
	if (snapshot.peerScale != 0 || snapshot.ownScale != 0) {
		Napi::Object scale = Napi::Object::New(env);
		scale.Set("peer", snapshot.peerScale);
		scale.Set("own", snapshot.ownScale);
		made.Set("scale", scale);
	}
	made.Set("mss", snapshot.mss);
	made.Set("sackPermitted", snapshot.sackPermitted);
	if (snapshot.timestamp)
		made.Set("timestamp", *snapshot.timestamp);
	return made;
}

} // namespace sluice
