/**
 * Every bound of the TypeScript side, each with its unit and the reason for the number.
 * The kernel side's are in bpf/limits.h.
 */
export const limits = {
  /** Request head, bytes: request line and all fields. Apache's and nginx's defaults add up to 8–32 KiB. */
  httpHeadBytes: 32 * 1024,
  /** Fields in one head. Node's own default is 2,000, Apache's 100; a browser sends about 20. */
  httpHeadFields: 128,
  /** Request target, bytes. RFC 9110 section 4.1 asks for at least 8,000. */
  httpTargetBytes: 8 * 1024,
  /** Line that holds a chunk's size, bytes: eight hex digits, and room for the extensions that some servers send. */
  httpChunkLineBytes: 256,
  /** Body of a denied request that is read and thrown away to keep the connection, bytes; above, it closes. */
  httpDrainBytes: 64 * 1024,
  /** Requests of one connection that wait for their responses; the next one waits unread. */
  httpPipelinedRequests: 64,
  /** Heads of those requests, bytes; they are kept until they are answered. */
  httpPipelinedBytes: 256 * 1024,
  /** Bytes that arrived on a side and that the protocol has not consumed, before the relay stops reading it. */
  relayArrivalBytes: 64 * 1024,
  /** Backlog towards a peer, bytes, above which the other side is not read (high) until it falls below low. */
  relayBacklogHighBytes: 256 * 1024,
  relayBacklogLowBytes: 64 * 1024,
  /** A peer that takes none of what waits for it. Long, because a paused reader is no fault of ours: as Envoy's stream idle timeout. */
  relayWriteTimeoutMs: 300_000,
  /** After a graceful close, how long a peer may take nothing and not end before it is reset. As nginx's lingering_timeout. */
  relayLingerMs: 5_000,
  /** HEADERS and its CONTINUATION frames, octets as framed; they are held until judged. Room for httpHeadBytes, below relayArrivalBytes. */
  http2HeldBytes: 40 * 1024,
  /** CONTINUATION frames of one header block; 32 KiB need two. */
  http2Continuations: 16,
  /** HPACK table of either direction, octets. Browsers announce 64 KiB; larger announcements are lowered to this on their way. */
  http2TableBytes: 64 * 1024,
  /** Decoded response fields, octets and count; responses are only read along, so as wide as any server's own limit. */
  http2ResponseBytes: 128 * 1024,
  http2ResponseFields: 1024,
  /** Entries of one SETTINGS frame of a client; nine are registered, and a few more are greased. */
  http2Settings: 32,
  /** Streams of one connection under way; more are refused. Servers announce 100 to 1,000. */
  http2Streams: 2048,
  /** RST_STREAM frames of either side: at once, and a second for ever. As nghttp2's, with room for cancelled calls. */
  http2ResetBurst: 1000,
  http2ResetsPerSecond: 100,
  /**
   * SETTINGS, PING, PRIORITY, unknown and empty DATA frames of a client: at once, and a second for ever. grpc-go sends
   * a PING a round trip while data arrives, which on one node is thousands a second.
   */
  http2ControlBurst: 1000,
  http2ControlsPerSecond: 10_000,
  /** Between a GOAWAY that announces the end and the one that is it, ms: a round trip of any client, and reserve. */
  http2LastCallMs: 500,
  /** Answers of our own that wait for the client to read, octets; above, its requests wait unread. */
  http2AnswerBytes: 64 * 1024,
  /** A gRPC call that lasts longer gets a record when it opens and one when it closes, ms. */
  grpcOpenRecordMs: 1_000,
  /** Largest Kafka request, bytes. As Kafka's socket.request.max.bytes. */
  kafkaFrameBytes: 100 * 1024 * 1024,
  /** A request that must be seen whole to be judged, bytes. Java producers send at most 1 MiB (max.request.size) by default. */
  kafkaHeldRequestBytes: 4 * 1024 * 1024,
  /** A response that is filtered as a whole, bytes: Metadata of 10,000 topics with 10 partitions takes 6 MiB. */
  kafkaHeldResponseBytes: 16 * 1024 * 1024,
  /** Both together over all connections of a worker, bytes; the connection that wants more is closed. */
  kafkaHeldTotalBytes: 48 * 1024 * 1024,
  /** Request header, bytes: a client id of usual size and room for tagged fields. */
  kafkaHeaderBytes: 8 * 1024,
  /** Fields in one section of tagged fields. Kafka defines at most 4; CVE-2026-111115 is a broker without a bound. */
  kafkaTaggedFields: 64,
  /** Topics, groups or the like of one message; 16 bytes of shared memory each. */
  kafkaEntries: 65_536,
  /** Share sessions of one connection; a client has one. */
  kafkaShareSessions: 16,
  /** A denial that lists what was denied, bytes; above, the connection is closed. */
  kafkaAnswerBytes: 8 * 1024 * 1024,
  /** Denials of one connection that wait for the broker to answer what came before, bytes; above, requests wait unread. */
  kafkaWaitingBytes: 256 * 1024,
  /** Requests of one connection that wait for their responses; the next one waits unread. Java sends 5, librdkafka as many as it likes. */
  kafkaPipelinedRequests: 256,
  /** What must be there at once of a message that is read as it comes: a header, or a name and the numbers around it, bytes. */
  kafkaPartBytes: 16 * 1024,
  /** How often a connection that has to end looks whether the bytes under way are through, ms. */
  kafkaLingerMs: 20,
  /** Names that one flow record lists. */
  kafkaRecordedNames: 16,
  /** From the first byte of a request that must be seen whole to its last. */
  kafkaFrameTimeoutMs: 60_000,
  /** Brokers that are read of one response: no cluster has as many. And characters of a broker's name, as DNS has them. */
  kafkaNamedBrokers: 1024,
  kafkaHostLength: 255,
  /** How long a worker does not tell again that a broker was named to a client, and how many it remembers of that. */
  kafkaBrokerRepeatMs: 60_000,
  kafkaBrokersRemembered: 4096,
  /** How long a named broker is looked at without being named again: three of the clients' metadata.max.age.ms. */
  kafkaBrokerForgetMs: 900_000,
  /** Names of brokers that wait to be resolved; and how long one answer holds. */
  kafkaNamesWaiting: 64,
  kafkaNameHoldsMs: 60_000,
  /** Problems about brokers that the status lists. */
  kafkaBrokerProblems: 32,
  /** Kafka rule sets that a worker keeps compiled. */
  kafkaCompiledRuleSets: 64,
  /** From a request's first byte to its complete head. As nginx's client_header_timeout. */
  httpHeadTimeoutMs: 60_000,
  /** Upstream connection attempt. */
  upstreamConnectTimeoutMs: 10_000,
  /** Pause before another attempt while the client's port is still in its last use; doubled each time, up to the second. */
  upstreamRetryMs: 2,
  upstreamRetryMostMs: 64,
  /** A connection on which nothing moves in either direction. As HAProxy's timeout tunnel recommendation: 1 h. */
  idleTimeoutMs: 3_600_000,
  /** After SIGTERM, how long requests under way may take. */
  drainTimeoutMs: 10_000,
  /** What of it is left for connections that were taken over from the kernel just before the end. */
  drainLastMs: 1_000,
  /** How long a new agent waits until the running one answers, which first ends what it is about: a reading of all files at most. */
  handoverAnswerMs: 60_000,
  /**
   * For how long the running agent serves connections that have no boundary, looking for one in rounds; then it drains them.
   * As Envoy's --drain-time-s: 10 min.
   */
  handoverReleaseMs: 600_000,
  handoverRoundMs: 250,
  /** V8's young generation of a worker, MiB: three semi-spaces. The default of 48 lets a busy worker hold as much before it looks. */
  workerNurseryMib: 6,
  /** Connections that wait to be accepted, a worker and direction: a burst of 2,000 clients and reserve. */
  listenBacklog: 16_384,
  /** Flow records of one message from a worker to the main thread, and how long after one message the next may wait. */
  recordBatch: 512,
  recordDelayMs: 20,
  /** How often a worker tells how many connections and requests it has; `sluice status` is as fresh as this. */
  activityIntervalMs: 500,
  /** How often a draining worker looks whether its last connection is gone. */
  drainPollMs: 50,
  /** How often connections that ended or fell silent are forgotten. */
  expireIntervalMs: 2_000,
  /** How many of them are read at once: under 100 µs, in which a kernel without preemption lets no other thread run. */
  expireSlice: 256,
  /**
   * How long a connection that was taken over is the proxy's at least, ms; four times as long after each return. A takeover
   * costs the connection up to a retransmission time-out (200 ms), so a client that is doubted again and again loses little.
   */
  giveBackAfterMs: 1_000,
  /** Returns of one connection: the next would come after more than half a day. */
  giveBackMost: 8,
  /** Until an attempt that found the connection busy is made again while the agent stops, ms. */
  giveBackRetryMs: 20,
  /** How often it is looked at whether a connection that waits for its client's acknowledgement is gone, ms. */
  giveBackLookMs: 10,
  /** How long it waits before it is offered anew, also after an attempt that came to nothing, ms: a delayed acknowledgement
   * (40 to 200 ms), and reserve. */
  giveBackWaitMs: 500,
  /**
   * Connections older than their rule whose server's socket is looked up, a second; the others wait for their clients to send
   * again. Some 50 µs each: no flood of segments that belong to nothing keeps the main thread from its work.
   */
  adoptionsPerSecond: 2_000,
  /** How long a held connection may take until both directions are acknowledged: TCP's first retransmissions and reserve. */
  takeoverWaitMs: 3_000,
  /** What is kept of a held connection until then, bytes of frames: of both ends bpf/limits.h's HELD_WINDOW and headers. */
  takeoverHeldBytes: 192 * 1024,
  /** How often it is looked at meanwhile. */
  takeoverRetryMs: 2,
  /**
   * Nice value of the thread while it takes connections over: with the most weight that there is, another's time slice rarely comes
   * between. With 1,000 at once on a busy machine the 99th percentile of building one is 5 to 11 ms at 0, 0.4 to 2 at -10, 0.2 to
   * 0.8 at this.
   */
  takeoverNice: -20,
  /** Longest round trip of a handshake that the proxy's sockets begin with; who was slower has the kernel's own 3 s time-out. */
  takeoverRoundTripMs: 1_000,
  /** Of how many takeovers the times are remembered, for their quantiles. */
  takeoverTimes: 1024,
  /** How long a judged request waits for its response before it is recorded without; and how many may wait. */
  judgedResponseWaitMs: 10_000,
  judgedRequestsOpen: 65_536,
  /**
   * How often the rings of events and judged requests are read while they do not fill and nobody looks: seldom, because each time
   * stops somebody's request; and while somebody follows the flows: `sluice observe` is as fresh.
   */
  ringReadMs: 1_000,
  ringFollowedMs: 50,
  /** Quiet time after a change of files or namespaces before they are read: editors write in several steps. */
  reloadDelayMs: 50,
  /** Positions of one pattern in the kernel's automaton, repetitions counted out. RE2 allows as much as 1,000 for one brace. */
  judgePatternPositions: 4096,
  /** Steps of compiling one rule set for the kernel, of up to 0.3 µs; 10,000 literal paths take about a million. */
  judgeSteps: 10_000_000,
  /** Steps after which the main thread leaves a rule set to the compiler's own, and the time that it spends on all new ones, ms. */
  judgeInlineSteps: 50_000,
  judgeInlineMs: 100,
  /** Transitions of one rule set's automaton before it is minimised, of some 100 bytes. */
  judgeTransitions: 2_000_000,
  /** Flow records that a worker keeps for `sluice observe --last`. */
  flowRingRecords: 4096,
  /** Flow lines that wait for one reader of the admin socket, bytes; above, flows are lost to it and counted. */
  flowStreamBacklogBytes: 1024 * 1024,
  /** The workloads file, bytes; a workload is about 100. */
  workloadsFileBytes: 4 * 1024 * 1024,
  /** Workloads that are looked for at the same time; each is a process of `ip`. */
  locateAtOnce: 16,
  /** Between the first sign of a change and the reading, ms: a writer is mostly done by then, a new namespace mounted. */
  watchSettleMs: 150,
  /** How often watched paths are looked at for changes that inotify does not tell (network file systems), ms. */
  watchPollMs: 2_000,
  /** Policies that the main thread reads itself, bytes; a thread costs 50 ms and, for so long, 15 MiB. */
  policyInlineBytes: 64 * 1024,
  /** One policy file, bytes. 10,000 rules are about 2 MiB of YAML. */
  policyFileBytes: 16 * 1024 * 1024,
  /** Fields that one YAML document expands to, aliases counted each time; keeps a small file from standing for a huge one. */
  policyFields: 500_000,
  /** Errors, and hints, that are kept of one YAML document. */
  policyDiagnostics: 100,
  /** Rules of one policy. Its entries must fit the kernel's map of one endpoint. */
  policyRules: 20_000,
  /** Ports, or ICMP types, of one list. Cilium's own bound, so that a policy fits both. */
  policyPorts: 40,
  /** Pattern or name of an L7 rule, characters. Hand-written ones have fewer than 200. */
  policyPatternLength: 4096,
  /** File that `secretFile` names, bytes. A signed token is the longest secret in use. */
  policySecretBytes: 16 * 1024,
} as const;
