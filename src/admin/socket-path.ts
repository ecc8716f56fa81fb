/** Where an instance listens for its command line. */
export function adminSocketPath(instance: string): string {
  return `/run/${instance}/sluice.sock`;
}
