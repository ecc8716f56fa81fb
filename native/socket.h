#pragma once
// The proxy's TCP sockets: one that accepts as every address, and ones that speak with the client's own address.

#include <napi.h>
#include <sys/socket.h>

#include <optional>

#include "address.h"
#include "fd.h"

namespace sluice {

// A non-blocking TCP socket that may have addresses which are not the host's. When its process dies, its connection, or those
// that it accepted, are reset. Throws SOCKET.
Fd transparentSocket(int family, std::optional<int> netns);
void setOption(int fd, int level, int option, int value, const char *name);
// close() then sends RST and drops what was not sent, instead of FIN.
constexpr linger resetting{.l_onoff = 1, .l_linger = 0};
void setLinger(int fd, const linger &how);

struct Upstream {
	Fd fd;
	Address client;
	Address server;
};

// (options) of upstreamSocket. The connection is under way when it returns. Throws ARGUMENT, SOCKET, CONNECT.
Upstream startUpstream(const Napi::Value &options);

Napi::Value listenTransparent(const Napi::CallbackInfo &info);
Napi::Value upstreamSocket(const Napi::CallbackInfo &info);

// accept.cc
Napi::Value acceptStart(const Napi::CallbackInfo &info);

// connect.cc
Napi::Value connectStart(const Napi::CallbackInfo &info);

// tcp.cc
Napi::Value resetFd(const Napi::CallbackInfo &info);
Napi::Value endOnClose(const Napi::CallbackInfo &info);
Napi::Value socketAddresses(const Napi::CallbackInfo &info);
Napi::Value tcpInfo(const Napi::CallbackInfo &info);
Napi::Value setTcpOptions(const Napi::CallbackInfo &info);
Napi::Value sendNow(const Napi::CallbackInfo &info);
Napi::Value shutdownWrite(const Napi::CallbackInfo &info);
Napi::Value duplicateFd(const Napi::CallbackInfo &info);
Napi::Value closeFd(const Napi::CallbackInfo &info);

} // namespace sluice
