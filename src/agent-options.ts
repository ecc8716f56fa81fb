/** What `sluice run` is told; every field has its default in src/cli/run.ts. */
export interface AgentOptions {
  /** Names the run directory, the pin directory and the proxy's network namespaces; `[a-z][a-z0-9-]{0,8}`. */
  readonly instance: string;
  /** Policy files, or directories of `*.yaml`. */
  readonly policies: readonly string[];
  readonly workloads: string;
  /** Proxy worker threads. */
  readonly workers: number;
  /** False: every L7 flow goes to the proxy from its first packet on. */
  readonly judge: boolean;
  /** True: on SIGTERM the programs stay attached and go on to enforce. */
  readonly leaveAttached: boolean;
  /** `host:port` of the metrics listener; absent: none. */
  readonly metrics?: string;
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
}
