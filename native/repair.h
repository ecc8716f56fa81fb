#pragma once
// TCP_REPAIR: a socket whose state is read and written instead of negotiated. While it is in that mode it sends no data and
// its close is silent, so whatever fails on the way, no peer hears of it.

#include "address.h"
#include "fd.h"
#include "snapshot.h"

namespace sluice {

// An established connection in repair mode, in the thread's present namespace. Throws REPAIR, SOCKET.
Fd repairSocket(const Address &local, const Address &remote, const Snapshot &snapshot);

void enterRepair(int fd);
// Goes on without a word to the peer.
void leaveRepair(int fd);

// Of a socket in repair mode. Throws REPAIR; BUSY unless it is established and all its queues are empty.
Snapshot readSnapshot(int fd);

} // namespace sluice
