/** The one place of an instance's agent: free, or taken over from the agent that has it. */

import { mkdirSync } from 'node:fs';
import { lockFile } from '../../native/index.ts';
import { version } from '../cli/version.ts';
import { runDirectory } from '../run-directory.ts';
import { Claim } from './claim.ts';

export interface Place {
  /** Descriptor; whoever has it is the instance's agent, or the one that it hands over to. */
  readonly lock: number;
  /** Absent: nobody had the place. */
  readonly claim?: Claim;
}

/** @throws {Error} with the reason of the agent that has the place and keeps it */
export async function takePlace(instance: string): Promise<Place> {
  mkdirSync(runDirectory(instance), { recursive: true, mode: 0o755 });
  for (;;) {
    const lock = lockFile(`${runDirectory(instance)}/lock`);
    if (lock !== undefined) return { lock };
    const claim = await Claim.of(instance, version());
    if (claim) return { lock: claim.lock, claim };
    // It died while it was asked, and its lock with it.
  }
}
