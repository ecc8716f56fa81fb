#pragma once
// TCP_REPAIR: a socket whose state is read and written instead of negotiated. While it is in that mode it sends no data and
// its close is silent, so whatever fails on the way, no peer hears of it.

#include "address.h"
#include "fd.h"
#include "snapshot.h"

namespace sluice {

struct Position {
	std::uint32_t sndNext;
	std::uint32_t sndUnacked;
	std::uint32_t rcvNext;
	// Of what was received, bytes.
	std::uint32_t unread;
};

// An established connection in repair mode, in the thread's present namespace. Throws REPAIR, SOCKET.
Fd repairSocket(const Address &local, const Address &remote, const Snapshot &snapshot);

void enterRepair(int fd);
// Goes on without a word to the peer.
void leaveRepair(int fd);

// Where an established connection stands at this moment; bytes that are under way or unread are no hindrance. The socket goes
// on. Throws REPAIR, SOCKET; BUSY unless it is established.
Position readPosition(int fd);

// Of a socket in repair mode. Throws REPAIR; BUSY unless it is established and all its queues are empty.
Snapshot readSnapshot(int fd);

} // namespace sluice
