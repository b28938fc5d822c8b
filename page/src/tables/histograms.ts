/** Small pictures of columns: how often numbers, dates and categories are there. */

import { type Values } from "./parsing.ts";
import { counted } from "./python.ts";

const BINS = 16;
const MOST_BARS = 8;

export interface Histogram {
  /** The ends of the bins of numbers or dates, one more than counts; or the names of categories. */
  edges: number[] | null;
  names: string[] | null;
  counts: number[];
  /** Of categories: rows of all others. */
  others: number;
}

export function histogram(column: Values): Histogram {
  return column.type === "text" ? ofCategories(column.values) : ofNumbers(column.values);
}

function ofNumbers(values: Float64Array): Histogram {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return { edges: [], names: null, counts: [], others: 0 };
  const bins = low === high ? 1 : BINS;
  const counts = Array.from({ length: bins }, () => 0);
  const width = (high - low) / bins;
  for (const value of values) {
    if (!Number.isNaN(value)) counts[Math.min(bins - 1, Math.floor((value - low) / (width || 1)))]++;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, i) => low + i * width), names: null, counts, others: 0 };
}

function ofCategories(values: readonly (string | null)[]): Histogram {
  const found = [...counted(values)].filter(([value]) => value !== null) as [string, number][];
  found.sort((a, b) => b[1] - a[1]);
  const shown = found.slice(0, MOST_BARS);
  return {
    edges: null,
    names: shown.map(([name]) => name),
    counts: shown.map(([, n]) => n),
    others: found.slice(MOST_BARS).reduce((sum, [, n]) => sum + n, 0),
  };
}
