/** What is known of a column of text: counts, extremes and examples. Nothing is decided here. */

import { LIKELY_MISSING, type Notation } from "./cells.ts";
import { counted, floatText, length, thousands } from "./python.ts";
import { datesIn, numbersIn, type Parsed, shaped } from "./readings.ts";

export const MOST_DISTINCT = 10_000; // values that are kept with their counts
const N_EXAMPLES = 5;
export const YES_NO: ReadonlyMap<string, number> = new Map(
  Object.entries({ yes: 1, no: 0, true: 1, false: 0, y: 1, n: 0, t: 1, f: 0 }),
);

export interface Statistic {
  /** "text"; "" of no values at all. */
  form: "text" | "";
  count: number;
  missing: number;
  /** Cells like "?", which among numbers and dates stand for a missing value. */
  likely: number;
  present: number;
  /** Each value with its count; null where there are more than 10,000. */
  distinct: ReadonlyMap<string, number> | null;
  n_distinct: number;
  numbers: ReadonlyMap<Notation, Parsed>;
  dates: ReadonlyMap<string, Parsed>;
  yes_no: number;
  /** First and last value, where each is a whole number, one more than the value above it. */
  run: [string, string] | null;
  longest: number;
  examples: string[];
}

export function statisticOf(cells: readonly string[], missing: ReadonlySet<string>): Statistic {
  const found = counted(cells);
  let absent = 0;
  for (const token of missing) {
    absent += found.get(token) ?? 0;
    found.delete(token);
  }
  const words = new Map([...found].filter(([cell]) => !LIKELY_MISSING.has(cell)));
  const present = cells.length - absent;
  const told = [...words.values()].reduce((sum, n) => sum + n, 0);
  const shapes = shaped(words);
  let yesNo = 0;
  for (const [cell, n] of words) if (cell.length <= 5 && YES_NO.has(cell.toLowerCase())) yesNo += n;
  return {
    form: found.size ? "text" : "",
    count: cells.length,
    missing: absent,
    likely: present - told,
    present,
    distinct: found.size > MOST_DISTINCT ? null : found,
    n_distinct: found.size,
    numbers: numbersIn(shapes),
    dates: datesIn(shapes),
    yes_no: yesNo,
    run: found.size ? run(cells, words) : null,
    longest: [...found.keys()].reduce((most, cell) => Math.max(most, length(cell)), 0),
    examples: [...found.keys()].slice(0, N_EXAMPLES),
  };
}

export function saidDistinct(s: Statistic): string {
  return thousands(s.n_distinct);
}

/** A number as text: 2.0 as "2", 0.1 as "0.1", NaN as "". */
export function textOf(value: number): string {
  if (Number.isNaN(value)) return "";
  return Math.abs(value) < 1e15 && value % 1 === 0 ? String(value + 0) : floatText(value);
}

/** The ends of consecutive whole numbers. */
function run(cells: readonly string[], words: ReadonlyMap<string, number>): [string, string] | null {
  let first: bigint | null = null;
  let at = 0n;
  for (const cell of cells) {
    if (!words.has(cell)) continue;
    if (first === null) {
      if (!/^-?\d{1,18}$/.test(cell) || cell.length > 18) return null;
      first = BigInt(cell);
    }
    if (cell !== String(first + at)) return null;
    at++;
  }
  return first === null ? null : [String(first), String(first + at - 1n)];
}
