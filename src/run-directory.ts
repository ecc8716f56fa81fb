/** Where an instance has its lock and its sockets while it runs. */
export function runDirectory(instance: string): string {
  return `/run/${instance}`;
}
