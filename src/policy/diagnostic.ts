/** What a policy or workload file gets wrong, at its place. */

export interface PolicyDiagnostic {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  /** A file with an error is not used at all; a hint changes nothing. */
  readonly severity: 'error' | 'hint';
  /** Cause and next step. */
  readonly message: string;
}

/** `file:line:column: message`, as compilers write it, so that editors can jump there. */
export function formatDiagnostic({ file, line, column, message }: PolicyDiagnostic): string {
  return `${file}:${line}:${column}: ${message}`;
}
