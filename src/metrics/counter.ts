/** A counter by labels. The labels are few and closed sets (verdict, reason, …): never text from the wire. */

import type { Metric } from './metric.ts';

export class Counter<Label extends string> {
  readonly #name: string;
  readonly #help: string;
  readonly #labels: readonly Label[];
  readonly #values = new Map<string, { readonly labels: Readonly<Record<Label, string>>; value: number }>();

  constructor(name: `sluice_${string}_total`, help: string, labels: readonly Label[]) {
    this.#name = name;
    this.#help = help;
    this.#labels = labels;
  }

  add(labels: Readonly<Record<Label, string>>, by = 1): void {
    const key = this.#labels.map((label) => labels[label]).join('\0');
    const found = this.#values.get(key);
    if (found) found.value += by;
    else this.#values.set(key, { labels: { ...labels }, value: by });
  }

  metric(): Metric {
    return { name: this.#name, help: this.#help, kind: 'counter', samples: [...this.#values.values()] };
  }
}
