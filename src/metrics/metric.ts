/** What a metric is, before any text format: a name, a kind, and its values by labels. */

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  /** `sluice_…`; a counter ends in `_total`, a unit is the base one (seconds, bytes). */
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  readonly samples: readonly Sample[];
}
