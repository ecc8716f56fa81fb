import type { Load } from './wrk.ts';

const base = { path: '/public/small', rules: 1 } as const;

/** What is asked for, and under how many rules. */
export const loads: readonly (Load & { readonly rules: number })[] = [
  { ...base, name: '1 connection', connections: 1 },
  { ...base, name: '32 connections', connections: 32 },
  { ...base, name: '256 connections', connections: 256 },
  { ...base, name: '64 KiB', connections: 32, path: '/public/large' },
  { ...base, name: 'upload 16 KiB', connections: 32, path: '/public/upload', uploadBytes: 16 * 1024 },
  { ...base, name: 'connection a request', connections: 32, close: true },
  { ...base, name: '100 rules', connections: 32, rules: 100 },
  { ...base, name: '10000 rules', connections: 32, rules: 10_000 },
  { ...base, name: '600-byte head', connections: 32, headBytes: 600 },
  { ...base, name: '5 % denied', connections: 32, deniedPercent: 5 },
];
