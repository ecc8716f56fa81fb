// The addon's exports, all called by the TypeScript files beside this one; binding.ts has their types.

#include "command.h"
#include "failure.h"
#include "handle.h"
#include "host.h"
#include "libbpf_log.h"
#include "link.h"
#include "map.h"
#include "message.h"
#include "netns.h"
#include "object.h"
#include "packet.h"
#include "program.h"
#include "ringbuf.h"
#include "socket.h"
#include "takeover.h"

namespace sluice {

Napi::Object initialize(Napi::Env env, Napi::Object exports)
{
	env.SetInstanceData(new EnvironmentState());
	captureLibbpfLog();

#define EXPORT(operation) exports.Set(#operation, Napi::Function::New<guarded<operation>>(env, #operation))
	EXPORT(setErrorClass);
	EXPORT(closeHandle);

	EXPORT(objectOpen);
	EXPORT(objectSetRodata);
	EXPORT(objectSetMaxEntries);
	EXPORT(objectReuseMap);
	EXPORT(objectSetAutoload);
	EXPORT(objectLoad);
	EXPORT(objectMap);
	EXPORT(objectProgram);
	EXPORT(objectNames);
	EXPORT(objectBtf);

	EXPORT(mapCreate);
	EXPORT(mapFromId);
	EXPORT(mapFromFd);
	EXPORT(mapOpenPinned);
	EXPORT(mapInfo);
	EXPORT(mapGet);
	EXPORT(mapGetInto);
	EXPORT(mapPut);
	EXPORT(mapPutFd);
	EXPORT(mapPutMap);
	EXPORT(mapDelete);
	EXPORT(mapPin);
	EXPORT(mapLookupBatch);
	EXPORT(mapNextKey);
	EXPORT(mapUpdateBatch);

	EXPORT(programInfo);
	EXPORT(programTestRun);
	EXPORT(programPin);
	EXPORT(programOpenPinned);
	EXPORT(programFromId);

	EXPORT(linkAttachTcx);
	EXPORT(linkAttachXdp);
	EXPORT(linkAttachCgroup);
	EXPORT(linkAttachNetns);
	EXPORT(linkUpdate);
	EXPORT(linkInfo);
	EXPORT(linkDetach);
	EXPORT(linkPin);
	EXPORT(linkOpenPinned);
	EXPORT(clsactAttach);
	EXPORT(clsactDetach);

	EXPORT(ringbufOpen);
	EXPORT(ringbufConsume);
	EXPORT(ringbufKeepAlive);

	EXPORT(netnsOpen);
	EXPORT(listenTransparent);
	EXPORT(upstreamSocket);
	EXPORT(acceptStart);
	EXPORT(connectStart);
	EXPORT(resetFd);
	EXPORT(endOnClose);
	EXPORT(socketAddresses);
	EXPORT(tcpInfo);
	EXPORT(setTcpOptions);
	EXPORT(sendNow);
	EXPORT(shutdownWrite);
	EXPORT(duplicateFd);
	EXPORT(closeFd);

	EXPORT(packetSocket);
	EXPORT(sendFrame);

	EXPORT(buildTakeover);
	EXPORT(pauseSocket);
	EXPORT(socketPosition);
	EXPORT(silenceSocket);
	EXPORT(resumeSocket);
	EXPORT(connectionInfo);

	EXPORT(messageListen);
	EXPORT(messageConnect);
	EXPORT(messageOpen);
	EXPORT(messageSend);

	EXPORT(runCommand);
	EXPORT(interfaceIndex);
	EXPORT(bpffsMount);
	EXPORT(bpffsUnpin);
	EXPORT(lockFile);
	EXPORT(probe);
#undef EXPORT
	return exports;
}

} // namespace sluice

using sluice::initialize;
NODE_API_MODULE(sluice, initialize)
