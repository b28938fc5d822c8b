/**
 * Which columns a network uses: how much worse it does on the test rows once the cells of a column are shuffled among
 * them, so that they say nothing any more (permutation importance, Breiman 2001).
 */

import { namesOf } from "./encoding/encoder.ts";
import { type Matrix } from "./encoding/encoder.ts";
import { type Prepared } from "./prepared.ts";
import { defaultRng } from "./random.ts";

export const REPEATS = 3;
const MOST_ROWS = 2000;

/** The rows that are looked at: all, or evenly some. */
export function someRows<T extends Matrix>(part: T): number[] {
  const step = Math.max(1, Math.ceil(part.n / MOST_ROWS));
  return Array.from({ length: Math.ceil(part.n / step) }, (_, i) => i * step);
}

/** Where the inputs of each column begin, and how many they are. */
export function blocksOf({ encoder }: Prepared): { name: string; begin: number; width: number }[] {
  let begin = 0;
  return encoder.columns.map((column) => {
    const block = { name: column.name, begin, width: namesOf(column).length };
    begin += block.width;
    return block;
  });
}

/** Rows of a matrix with the inputs of one column taken from other rows. */
export function shuffled(part: Matrix, rows: readonly number[], begin: number, width: number, seed: number): Matrix {
  const { n_in } = part;
  const order = defaultRng(seed).permutation(rows.length);
  const X = new Float32Array(rows.length * n_in);
  rows.forEach((row, i) => {
    X.set(part.X.subarray(row * n_in, (row + 1) * n_in), i * n_in);
    const other = rows[order[i]] * n_in;
    if (width) X.set(part.X.subarray(other + begin, other + begin + width), i * n_in + begin);
  });
  return { X, n: rows.length, n_in };
}
