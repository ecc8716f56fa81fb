/** `struct steering`: what the agent asks of a stream in the kernel. */

import { steering } from './abi.generated.ts';

/** Sequence numbers, of COMMAND_GIVE_BACK. */
interface GivenBack {
  readonly clientNext: number;
  readonly serverNext: number;
  readonly serverAcked: number;
}

/** The program `steer` takes it for its packet. @param key `struct flow_key` */
export function steeringOf(key: Uint8Array, generation: bigint, command: number, givenBack?: GivenBack): Buffer {
  const data = Buffer.alloc(steering.size);
  data.set(key, steering.flow.offset);
  data.writeBigUInt64LE(generation, steering.generation.offset);
  data.writeUInt32LE(command, steering.command.offset);
  if (givenBack) {
    data.writeUInt32LE(givenBack.clientNext, steering.client_next.offset);
    data.writeUInt32LE(givenBack.serverNext, steering.server_next.offset);
    data.writeUInt32LE(givenBack.serverAcked, steering.server_acked.offset);
  }
  return data;
}
