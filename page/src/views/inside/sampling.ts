/** Rows of the data that a view shows: evenly spread, or class by class. */

import type { Data, Rows } from "../../engine/engine";

export function rowsOf(data: Data, chosen: number[]): Rows {
  const { X, n_in } = data;
  const values = X instanceof Uint8Array ? new Uint8Array(chosen.length * n_in)
    : X instanceof Float32Array ? new Float32Array(chosen.length * n_in)
    : new Float64Array(chosen.length * n_in); // prettier-ignore
  chosen.forEach((row, i) => values.set(X.subarray(row * n_in, (row + 1) * n_in), i * n_in));
  return { X: values, n: chosen.length, n_in };
}

/** At most so many rows, evenly spread over the data. */
export function spread(n: number, most: number): number[] {
  const count = Math.min(n, most);
  return Array.from({ length: count }, (_, i) => Math.floor((i * n) / count));
}

/** At most so many rows, ordered by class, or by the first target. */
export function ordered(data: Data, most: number): number[] {
  const key = (row: number) => data.labels?.[row] ?? data.targets?.[row * (data.n_out ?? 1)] ?? 0;
  return spread(data.n, most).sort((a, b) => key(a) - key(b) || a - b);
}

/** What a row should be answered with, as text. */
export function targetOf(data: Data, row: number, write: (x: number) => string): string {
  if (data.labels) return String(data.classes?.[data.labels[row]] ?? data.labels[row]);
  const n_out = data.n_out ?? 1;
  return Array.from(data.targets?.subarray(row * n_out, (row + 1) * n_out) ?? [], write).join(" · ");
}
