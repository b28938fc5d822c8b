/**
 * A column of text with many values as a few inputs: how frequent a value is, and the mean target where it stands. The
 * training rows get means of other rows alone, so that a rare value doesn't tell its own target.
 */

import { type Values } from "../parsing.ts";
import { compareText, counted, floatText } from "../python.ts";
import { foldsGenerator } from "../random.ts";
import { areWhole } from "../target.ts";
import { quantile, robustScale, smoothClip, sum } from "./scaling.ts";

const MOST_VALUES = 10_000;
const MOST_CLASSES = 10;
const SMOOTHING = 10;
const N_FOLDS = 5;
const N_SIGNS = 8;

export interface TextColumn {
  name: string;
  kind: "text";
  outputs: string[];
  categories: string[];
  levels: number[][];
  unknown: number[];
}

/** What means are taken of: a column for each output, with its name. */
interface MeanTargets {
  values: Float64Array[];
  names: string[];
}

/** The targets as numbers, or a column of 0 and 1 for each class; null where means cannot be taken. */
export function meanTargets(answers: Values): MeanTargets | null {
  if (answers.type === "text") {
    const labels = answers.values as string[];
    const classes = [...new Set(labels)];
    const areNumbers = areWhole(classes);
    if (areNumbers && classes.length > 20) return { values: [Float64Array.from(labels, Number)], names: ["mean"] };
    return shares(labels, classes.sort(areNumbers ? (a, b) => Number(a) - Number(b) : compareText), String);
  }
  const numbers = answers.values;
  const distinct = [...new Set(numbers)].sort((a, b) => a - b);
  const isWhole = numbers.every((value) => value % 1 === 0);
  if (!isWhole || distinct.length > 20) return { values: [numbers], names: ["mean"] };
  return shares([...numbers], distinct, floatText);
}

function shares<T>(labels: T[], classes: T[], name: (label: T) => string): MeanTargets | null {
  if (classes.length < 2 || classes.length > MOST_CLASSES) return null;
  const shown = classes.length === 2 ? classes.slice(1) : classes;
  return {
    values: shown.map((label) => Float64Array.from(labels, (other) => Number(other === label))),
    names: shown.map((label) => `share of ${name(label)}`),
  };
}

/** What the column holds, and the inputs of the rows that it was learned from: an array for each output. */
export function learnText(name: string, cells: (string | null)[], targets: MeanTargets | null): [TextColumn, Float64Array[]] {
  const counts = counted(cells);
  let found = [...counts].filter(([value, n]) => value !== null && n > 1) as [string, number][];
  found.sort((a, b) => compareText(a[0], b[0]));
  if (found.length > MOST_VALUES) {
    const kept = new Set([...found].sort((a, b) => b[1] - a[1]).slice(0, MOST_VALUES));
    found = found.filter((each) => kept.has(each));
  }
  const index = new Map(found.map(([value], i) => [value, i]));
  const codes = Int32Array.from(cells, (value) => (value === null ? -1 : (index.get(value) ?? -1)));
  const n = found.length;
  const frequency = [...found.map(([, times]) => Math.log(times)), 0];
  const pick = (values: ArrayLike<number>): Float64Array => Float64Array.from(codes, (code) => values[code < 0 ? n : code]);
  const parts = [scaled(frequency, pick(frequency))];
  if (targets === null) {
    const hashes = found.map(([value]) => crc32(value));
    for (let i = 0; i < N_SIGNS; i++) {
      const signs = [...hashes.map((hash) => 2 * ((hash >>> i) & 1) - 1), 0];
      parts.push({ levels: signs, rows: pick(signs) });
    }
  } else {
    const fold = foldsGenerator().permutation(codes.length).map((place) => place % N_FOLDS); // prettier-ignore
    for (const values of targets.values) parts.push(scaled(means(codes, n, values), crossFitted(codes, n, values, fold)));
  }
  const outputs = ["frequency", ...(targets?.names ?? Array.from({ length: N_SIGNS }, (_, i) => `sign ${i}`))];
  const column: TextColumn = {
    name,
    kind: "text",
    outputs,
    categories: found.map(([value]) => value),
    levels: found.map((_, i) => parts.map((part) => part.levels[i])),
    unknown: parts.map((part) => part.levels[n]),
  };
  return [column, parts.map((part) => part.rows)];
}

/** The smoothed mean of each category, and of all rows as the last. */
function means(codes: Int32Array, n: number, values: Float64Array): number[] {
  const mean = sum(values) / values.length;
  const [counts, sums] = [new Float64Array(n), new Float64Array(n)];
  codes.forEach((code, row) => {
    if (code < 0) return;
    counts[code]++;
    sums[code] += values[row];
  });
  return [...Array.from(sums, (total, i) => (total + SMOOTHING * mean) / (counts[i] + SMOOTHING)), mean];
}

/** For each row the mean of its category in the other folds. */
function crossFitted(codes: Int32Array, n: number, values: Float64Array, fold: Int32Array): Float64Array {
  const out = new Float64Array(codes.length);
  for (let i = 0; i < N_FOLDS; i++) {
    let rest = [...fold.keys()].filter((row) => fold[row] !== i);
    if (!rest.length) rest = [...fold.keys()];
    const told = means(Int32Array.from(rest, (row) => codes[row]), n, Float64Array.from(rest, (row) => values[row])); // prettier-ignore
    fold.forEach((own, row) => {
      if (own === i) out[row] = told[codes[row] < 0 ? n : codes[row]];
    });
  }
  return out;
}

/** Levels and rows scaled and clipped by the quartiles of the rows. */
function scaled(given: number[], rows: Float64Array): { levels: number[]; rows: Float64Array } {
  const sorted = rows.slice().sort();
  const [low, center, high] = [0.25, 0.5, 0.75].map((q) => quantile(sorted, q));
  const factor = robustScale(sorted[0], low, high, sorted[sorted.length - 1]);
  const scale = (value: number): number => smoothClip((value - center) * factor);
  return { levels: given.map(scale), rows: rows.map(scale) };
}

export function writeText(column: TextColumn, cells: (string | null)[], put: (row: number, j: number, z: number) => void): void {
  const index = new Map(column.categories.map((value, i) => [value, i]));
  cells.forEach((cell, row) => {
    const i = cell === null ? undefined : index.get(cell);
    (i === undefined ? column.unknown : column.levels[i]).forEach((z, j) => put(row, j, z));
  });
}

/** CRC-32 of a text's UTF-8. */
export function crc32(text: string): number {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
