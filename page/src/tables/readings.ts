/** What cells read as, counted: numbers in each notation, dates in each format. Cells of one shape are judged once. */

import { NOTATIONS, type Notation, readNumber } from "./cells.ts";
import { formatsLike, readDate } from "./dates.ts";

const DIGITS = /^[+-]?\p{Nd}\p{Nd}+$/u;
const UNMARKED = /^[+-]?(?:\p{Nd}+[.,]?\p{Nd}*|[.,]\p{Nd}+)(?:[eE][+-]?\p{Nd}+)?$/u;
const PLAIN = /^[+-]?\p{Nd}+(?:\.\p{Nd}+)?$/u;
const GROUPS: Record<string, RegExp> = {
  ",": /^\P{Nd}*\p{Nd}{1,3},\p{Nd}{3}\P{Nd}*$/u,
  ".": /^\P{Nd}*\p{Nd}{1,3}\.\p{Nd}{3}\P{Nd}*$/u,
};

/** How many cells read as a number in one notation, or as a date in one format, and their extremes. */
export interface Parsed {
  count: number;
  low: number;
  high: number;
  /** Numbers that are whole; with zeros in front, as 0123; with more than digits, as $5, 5% or 1,000,000. */
  whole: number;
  padded: number;
  marked: number;
}

/** A distinct cell, how often it is there, its shape, and the first cell of that shape. */
interface Shaped {
  cell: string;
  times: number;
  shape: string;
  first: string;
}

export function shaped(found: ReadonlyMap<string, number>): Shaped[] {
  const firsts = new Map<string, string>();
  const out: Shaped[] = [];
  for (const [cell, times] of found) {
    const shape = cell.replace(/[0-8]/g, "9");
    const first = firsts.get(shape) ?? cell;
    firsts.set(shape, first);
    out.push({ cell, times, shape, first });
  }
  return out;
}

function beginsWithZero(cell: string): boolean {
  return /^\P{Nd}*0/u.test(cell);
}

/** What the values read as, by notation. */
export function numbersIn(cells: readonly Shaped[]): Map<Notation, Parsed> {
  const found = new Map<Notation, Parsed>();
  const judged = new Map<string, boolean>();
  for (const each of cells) {
    const isPlain = PLAIN.test(each.shape);
    const isPadded = DIGITS.test(each.shape) && beginsWithZero(each.cell);
    const isUnmarked = UNMARKED.test(each.shape);
    for (const notation of NOTATIONS) {
      const separator = notation[1];
      let value = NaN;
      if (isPlain && !(notation[0] === "," && each.shape.includes("."))) value = readNumber(each.cell);
      else {
        const key = notation + each.shape;
        let able = judged.get(key);
        if (able === undefined) judged.set(key, (able = Number.isFinite(readNumber(each.first, notation))));
        const isGrouped = separator !== undefined && GROUPS[separator].test(each.shape) && beginsWithZero(each.cell);
        if (able && !isGrouped) value = readNumber(each.cell, notation); // 0,123: no thousands
      }
      if (!Number.isFinite(value)) continue;
      const isClear = isUnmarked && !(separator !== undefined && each.shape.includes(separator));
      add(found, notation, each.times, value, isPadded, isClear);
    }
  }
  return found;
}

function add(
  found: Map<Notation, Parsed>,
  notation: Notation,
  times: number,
  value: number,
  isPadded: boolean,
  isClear: boolean,
): void {
  let part = found.get(notation);
  if (part === undefined) {
    part = { count: 0, low: value, high: value, whole: 0, padded: 0, marked: 0 };
    found.set(notation, part);
  }
  part.count += times;
  part.low = Math.min(part.low, value);
  part.high = Math.max(part.high, value);
  if (value % 1 === 0) part.whole += times;
  if (isPadded) part.padded += times;
  if (!isClear) part.marked += times;
}

/** What the values read as, by format. */
export function datesIn(cells: readonly Shaped[]): Map<string, Parsed> {
  const found = new Map<string, Parsed>();
  const able = new Map<string, string[]>();
  for (const { cell, times, shape } of cells) {
    let formats = able.get(shape);
    if (formats === undefined) able.set(shape, (formats = formatsLike(shape)));
    for (const format of formats) {
      const moment = readDate(cell, format);
      if (moment === undefined) continue;
      const part = found.get(format);
      if (part === undefined) {
        found.set(format, { count: times, low: moment, high: moment, whole: 0, padded: 0, marked: 0 });
      } else {
        part.count += times;
        part.low = Math.min(part.low, moment);
        part.high = Math.max(part.high, moment);
      }
    }
  }
  return found;
}
