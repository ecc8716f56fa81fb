/** The only door to the addon: libbpf, transparent sockets, network namespaces and TCP_REPAIR for TypeScript. */

export { runCommand, type Said } from './command.ts';
export { type ConnectionInfo, type ConnectionQuery, connectionInfo } from './diag.ts';
export { NativeError, type NativeErrorCode } from './error.ts';
export { lockFile, mountBpffs, unpin } from './host.ts';
export {
  attachClsact,
  BpfLink,
  type CgroupAttachment,
  type ClsactAttachment,
  type LinkInfo,
  type TcxAttachment,
  type TrafficDirection,
  type XdpAttachment,
} from './link.ts';
export { BpfMap, type MapCreation, type MapInfo, putFlags } from './map.ts';
export { listenMessages, type MessageListener, type MessageReceiver, MessageSocket } from './message.ts';
export { ifindex, openNetns } from './netns.ts';
export { type BpfObject, openObject } from './object.ts';
export { packetSocket, sendFrame } from './packet.ts';
export { type HostFeature, probeHelper, probeHost, probeMap, probeProgram, type Unsupported } from './probe.ts';
export { BpfProgram, type ProgramInfo, type TestRun, type TestRunOptions } from './program.ts';
export { RingBuffer } from './ringbuf.ts';
export {
  type Acceptor,
  acceptConnections,
  type ConnectAttempt,
  closeFd,
  connectUpstream,
  duplicateFd,
  endOnClose,
  type ListenOptions,
  listenTransparent,
  resetFd,
  type SocketAddress,
  sendNow,
  setTcpOptions,
  shutdownWrite,
  socketAddresses,
  type TcpOptions,
  tcpInfo,
  type UpstreamOptions,
  upstreamSocket,
} from './socket.ts';
export {
  buildTakeover,
  pauseSocket,
  releaseTakeover,
  resumeSocket,
  type SocketPosition,
  silenceSocket,
  socketPosition,
  type TakeoverOptions,
  type TakeoverSnapshot,
} from './takeover.ts';
