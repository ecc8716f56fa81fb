/** Where an instance listens for the agent that is to take over from it. */
export function handoverSocketPath(instance: string): string {
  return `/run/${instance}/handover.sock`;
}
