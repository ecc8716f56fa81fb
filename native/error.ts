/**
 * What failed: stable, for programs; the message is for people.
 *
 * - ARGUMENT: a value of the wrong type, range or length; nothing was done. KIND: a descriptor of another kind of object.
 * - CLOSED: the object was closed before. NOT_FOUND: no such map, program or variable in the object.
 * - BPF_OPEN, BPF_LOAD: an object (see `log`). BPF_ATTACH, BPF_LINK, BPF_PROG, PIN, RINGBUF: as named.
 * - MAP_CREATE, MAP_OPEN, MAP_GET, MAP_PUT, MAP_DELETE, MAP_WALK: a map.
 * - BUSY: a connection with bytes under way, or one that is ending; it was left as it is.
 * - NETNS, SOCKET, CONNECT, REPAIR, DIAG, INTERFACE, MOUNT, LOCK, HANDOVER, LOOP, MEMORY: the host.
 */
export type NativeErrorCode =
  | 'ARGUMENT'
  | 'KIND'
  | 'CLOSED'
  | 'NOT_FOUND'
  | 'BPF_OPEN'
  | 'BPF_LOAD'
  | 'BPF_ATTACH'
  | 'BPF_LINK'
  | 'BPF_PROG'
  | 'PIN'
  | 'RINGBUF'
  | 'MAP_CREATE'
  | 'MAP_OPEN'
  | 'MAP_GET'
  | 'MAP_PUT'
  | 'MAP_DELETE'
  | 'MAP_WALK'
  | 'BUSY'
  | 'NETNS'
  | 'SOCKET'
  | 'CONNECT'
  | 'REPAIR'
  | 'DIAG'
  | 'INTERFACE'
  | 'MOUNT'
  | 'LOCK'
  | 'HANDOVER'
  | 'LOOP'
  | 'COMMAND'
  | 'MEMORY';

/** Every failure of the addon. */
export class NativeError extends Error {
  override readonly name = 'NativeError';
  readonly code: NativeErrorCode;
  /** The kernel's error number, 0 where the kernel was not asked; above 4000 libbpf's own. */
  readonly errno: number;
  /** `ECONNREFUSED` and so on, empty where there is none. */
  readonly errnoName: string;
  /** The last lines of libbpf's and the verifier's log, where there is one. */
  declare readonly log?: string;

  constructor(message: string, code: NativeErrorCode, errno: number, errnoName: string, log?: string) {
    super(message);
    this.code = code;
    this.errno = errno;
    this.errnoName = errnoName;
    if (log !== undefined) this.log = log;
  }
}
