#include "takeover.h"

#include "arguments.h"
#include "netns.h"
#include "repair.h"

namespace sluice {

// ({netns, client, server, towardsClient, towardsServer}) → {downstream, upstream}.
Napi::Value buildTakeover(const Napi::CallbackInfo &info)
{
	const Napi::Object options = object(info[0], "options");
	const Address client = addressOf(options.Get("client"), "client");
	const Address server = addressOf(options.Get("server"), "server");
	if (client.family() != server.family())
		reject("client and server must be of one address family");
	const Snapshot towardsClient = snapshotFrom(options.Get("towardsClient"), "towardsClient");
	const Snapshot towardsServer = snapshotFrom(options.Get("towardsServer"), "towardsServer");
	Fd downstream;
	Fd upstream;
	{
		const NetnsScope scope(netnsOf(options.Get("netns")));
		downstream = repairSocket(server, client, towardsClient);
		upstream = repairSocket(client, server, towardsServer);
	}
	// Not before both stand: the close of one that has left repair mode would end the connection.
	leaveRepair(downstream.get());
	leaveRepair(upstream.get());
	Napi::Object made = Napi::Object::New(info.Env());
	made.Set("downstream", downstream.release());
	made.Set("upstream", upstream.release());
	return made;
}

// (fd) → snapshot. The socket is in repair mode afterwards, or as before where this throws.
Napi::Value pauseSocket(const Napi::CallbackInfo &info)
{
	const int fd = descriptor(info[0], "fd");
	enterRepair(fd);
	try {
		return toObject(info.Env(), readSnapshot(fd));
	} catch (const Failure &) {
		leaveRepair(fd);
		throw;
	}
}

// (fd).
Napi::Value resumeSocket(const Napi::CallbackInfo &info)
{
	leaveRepair(descriptor(info[0], "fd"));
	return info.Env().Undefined();
}

// (fd) → {sndNext, sndUnacked, rcvNext, unread}.
Napi::Value socketPosition(const Napi::CallbackInfo &info)
{
	const Position found = readPosition(descriptor(info[0], "fd"));
	Napi::Object made = Napi::Object::New(info.Env());
	made.Set("sndNext", found.sndNext);
	made.Set("sndUnacked", found.sndUnacked);
	made.Set("rcvNext", found.rcvNext);
	made.Set("unread", found.unread);
	return made;
}

// (fd).
Napi::Value silenceSocket(const Napi::CallbackInfo &info)
{
	enterRepair(descriptor(info[0], "fd"));
	return info.Env().Undefined();
}

} // namespace sluice
