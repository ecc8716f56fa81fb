/**
 * Prometheus text exposition format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
 */

import type { Metric, Sample } from './metric.ts';

export const expositionContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** Metrics in the given order; one that has no sample yet is left out. */
export function exposition(metrics: readonly Metric[]): string {
  return metrics
    .filter((metric) => metric.samples.length > 0)
    .map(
      ({ name, help, kind, samples }) =>
        `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${kind}\n${samples.map((one) => line(name, one)).join('')}`,
    )
    .join('');
}

function line(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number(value)}\n`;
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
