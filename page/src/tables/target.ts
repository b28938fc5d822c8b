/** Which column is to be predicted, and as what: a number or one of several classes. */

import { LIKELY_MISSING, type Notation, readNumber } from "./cells.ts";
import { DataError } from "./errors.ts";
import { type How, type Kind, kindOf, READS, readsAsNumbers } from "./kinds.ts";
import { nearest } from "./nearest.ts";
import { codesAsText, parsed, type Values } from "./parsing.ts";
import { compareText, float, general, repr, thousands } from "./python.ts";
import { type Parsed } from "./readings.ts";
import { saidDistinct, type Statistic, YES_NO } from "./statistics.ts";

const FEW = 10; // whole numbers of so many values, each with some rows, are classes
const MOST_CLASSES = 100;
const ROWS_A_CLASS = 5;
const NO_CLASS: ReadonlySet<string> = new Set([...LIKELY_MISSING].filter((cell) => !/[\p{L}\p{N}]/u.test(cell)));
const LIKELY = [
  "target", "class", "label", "labels", "outcome", "response", "y", "output", "diagnosis", "species", "category",
]; // prettier-ignore

export interface Target {
  name: string;
  kind: "number" | "classes";
  /** What it is and why, for the user. */
  sentence: string;
  how: How;
  /** The classes in order, as the file spells them. */
  classes: string[];
}

/** The cells of all rows, null or NaN where there is no target, and the rows that cannot be read. */
export function readTarget(target: Target, cells: readonly string[], missing: ReadonlySet<string>): [Values, number[]] {
  if (target.kind === "number") return parsed(cells, { name: "number", how: target.how }, missing);
  const none = new Set([...missing, ...NO_CLASS]);
  const [read] = parsed(cells, { name: "category", how: target.how }, none);
  const known = new Set(target.classes);
  const wrong: number[] = [];
  const values = (read.values as (string | null)[]).map((cell, row) => {
    if (cell !== null && !known.has(cell)) wrong.push(row);
    return cell !== null && known.has(cell) ? cell : null;
  });
  return [{ type: "text", values }, wrong];
}

/** Whether all classes are spelled as whole numbers without zeros in front, and so are numbers to Python. */
export function areWhole(classes: readonly string[]): boolean {
  return classes.every((label) => /^-?\d{1,17}$/.test(label) && label.length < 18 && String(BigInt(label)) === label);
}

/** The place of the target, and why it was chosen: by default the last column of numbers, categories or yes and no. */
export function choose(names: readonly string[], kinds: readonly Kind[], asked: string | null): [number, string] {
  if (asked !== null) {
    const place = names.indexOf(asked);
    if (place < 0) throw new DataError(`there is no column ${repr(asked)} for the target; ${nearest(asked, names)}`);
    return [place, ""];
  }
  const places = [...kinds.keys()];
  let able = places.filter((j) => ["number", "category", "yes/no"].includes(kinds[j].name));
  if (!able.length) able = places.filter((j) => kinds[j].name === "text");
  if (!able.length) {
    throw new DataError("no column can be predicted: all are empty, have one value, or are row numbers, ids or dates");
  }
  const last = able[able.length - 1];
  const likely = names.filter((name) => LIKELY.includes(name.toLowerCase()) && name !== names[last]);
  const why = last === names.length - 1 ? "the last column" : "the last column that could be";
  return [last, why + (likely.length ? `; --target ${likely[0]} takes ${repr(likely[0])}` : "")];
}

export interface TargetHints {
  asked?: string;
  decimal?: string | null;
  likely?: string;
  /** Why this column was chosen, if nobody named it. */
  why?: string;
}

/** What a column is as a target. */
export function targetOf(name: string, s: Statistic, hints: TargetHints): Target {
  const { asked } = hints;
  const likely = hints.likely ?? ".";
  if (!s.present) throw new DataError(`the target ${repr(name)} has no value in any row; name another column: --target`);
  const said = hints.why ? `; it is ${hints.why}` : "";
  if (asked !== undefined && !["number", "category", "yes/no", "text"].includes(asked)) {
    throw new DataError(`the target ${repr(name)} can be a number or a category, not ${repr(asked)}`);
  }
  const number = s.numbers.size ? numberKind(name, s, hints.decimal ?? null, likely) : null;
  const notation = number?.how.notation as Notation;
  const counted = number ? s.numbers.get(notation) : undefined;
  if (asked === "number" && !counted) {
    throw new DataError(`the target ${repr(name)} cannot be a number: no cell is one; it holds ${shown(s)}`);
  }
  const isNumber =
    asked === "number" ||
    (asked === undefined && counted !== undefined && readsAsNumbers(s, notation) && isAmount(s, counted, notation));
  if (isNumber && number && counted) return ofNumber(name, s, number.how, counted, said);
  if (s.dates.size && !s.numbers.size && asked === undefined) {
    throw new DataError(
      `the target ${repr(name)} holds dates, such as ${repr(s.examples[0])}; numbers or classes can be learned`,
    );
  }
  if (s.distinct === null) throw tooMany(name, s);
  return ofClasses(name, s, s.distinct, said, asked !== undefined, counted, number?.how.notation);
}

function numberKind(name: string, s: Statistic, decimal: string | null, likely: string): Kind {
  return kindOf(name, s, { asked: "number", decimal, likely });
}

function ofNumber(name: string, s: Statistic, how: How, counted: Parsed, said: string): Target {
  if (counted.low === counted.high) {
    throw new DataError(`the target ${repr(name)} is ${general(counted.low)} in every row; there is nothing to learn`);
  }
  const stray = s.present - s.likely - counted.count;
  const more = stray ? `; ${stray} cell${stray > 1 ? "s that are" : " that is"} none` : "";
  const values = s.distinct === null ? saidDistinct(s) : thousands(numbersAlone(s, how.notation as Notation).size);
  return { name, kind: "number", sentence: `${name}: a number, ${values} different values${more}${said}`, how, classes: [] };
}

/**
 * Whether numbers are amounts, and no names of classes. Whole numbers are classes where they have up to two values; up
 * to ten values, with five rows each, unless some are there once and far apart; or more of them, in order and about
 * equally frequent.
 */
function isAmount(s: Statistic, counted: Parsed, notation: Notation): boolean {
  if (s.distinct === null || counted.marked) return true;
  if (counted.padded) return false;
  const values = numbersAlone(s, notation);
  const n = values.size;
  if (n <= 2) return false;
  if (counted.whole < counted.count) return true;
  const numbers = [...values.keys()];
  const rows = [...values.values()];
  const least = numbers.reduce((a, b) => Math.min(a, b));
  const most = numbers.reduce((a, b) => Math.max(a, b));
  const fewestRows = rows.reduce((a, b) => Math.min(a, b));
  const mostRows = rows.reduce((a, b) => Math.max(a, b));
  if (n <= FEW) return counted.count < ROWS_A_CLASS * n || (fewestRows === 1 && most - least > 3 * n);
  const inOrder = most - least === n - 1;
  return !(n <= MOST_CLASSES && inOrder && fewestRows >= 2 * ROWS_A_CLASS && mostRows <= 2 * fewestRows);
}

function numbersAlone(s: Statistic, notation: Notation): Map<number, number> {
  const found = new Map<number, number>();
  for (const [cell, n] of s.distinct ?? []) {
    const value = readNumber(cell, notation);
    if (!Number.isNaN(value)) found.set(value, (found.get(value) ?? 0) + n);
  }
  return found;
}

function ofClasses(
  name: string,
  s: Statistic,
  distinct: ReadonlyMap<string, number>,
  said: string,
  isAsked: boolean,
  counted: Parsed | undefined,
  notation: Notation | undefined,
): Target {
  const { how } = kindOf(name, s, { asked: "yes/no" });
  const none = how.whole || how.spellings ? LIKELY_MISSING : NO_CLASS;
  const counts = new Map<string, number>();
  for (const [cell, n] of distinct) {
    if (none.has(cell)) continue;
    const label = codesAsText(cell, how);
    counts.set(label, (counts.get(label) ?? 0) + n);
  }
  if (!counts.size) {
    throw new DataError(
      `the target ${repr(name)} has no value in any row, but ${shown(s)}; name another column: --target`,
    );
  }
  let stray = "";
  const told = s.present - s.likely;
  if (counted && READS * told <= counted.count && counted.count < told) {
    const alone = [...counts].filter(([cell, n]) => n === 1 && Number.isNaN(readNumber(cell, notation))).map(([cell]) => cell);
    for (const cell of alone) counts.delete(cell); // numbers, and cells that are none
    stray = alone.length ? `; ${alone.length} cell${alone.length > 1 ? "s that are" : " that is"} none` : "";
  }
  if (!isAsked && (counts.size > MOST_CLASSES || (counts.size > 20 && counts.size > s.present / 2))) {
    throw tooMany(name, s);
  }
  if (counts.size === 1) {
    const gaps = s.missing
      ? `; if one of the ${thousands(s.missing)} empty cells means another class, write it there`
      : "";
    throw new DataError(
      `the target ${repr(name)} is ${repr(s.examples[0])} in every row: one class; at least two are needed${gaps}`,
    );
  }
  const classes = [...counts.keys()].sort(how.spellings ? byAnswer : byNumber);
  const listed = classes.slice(0, 6).map((label) => `${label} (${thousands(counts.get(label) as number)})`);
  const more = classes.length > 6 ? ", …" : "";
  const sentence = `${name}: ${classes.length} classes, ${listed.join(", ")}${more}${stray}${said}`;
  return { name, kind: "classes", sentence, how, classes };
}

function tooMany(name: string, s: Statistic): DataError {
  return new DataError(
    `the target ${repr(name)} holds ${saidDistinct(s)} different texts in ${thousands(s.present)} rows, such as ` +
      `${shown(s)}: too many to be classes. Name another column with --target`,
  );
}

/** No, then yes. */
function byAnswer(a: string, b: string): number {
  return (YES_NO.get(a.toLowerCase()) ?? 0) - (YES_NO.get(b.toLowerCase()) ?? 0);
}

function byNumber(a: string, b: string): number {
  const [x, y] = [float(a), float(b)];
  if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined) || compareText(a, b);
  return x - y || compareText(a, b);
}

function shown(s: Statistic): string {
  return s.examples.slice(0, 3).map(repr).join(", ");
}

/** The classes in the order of the network's outputs, as NumPy sorts them. */
export function networkClasses(target: Target): string[] {
  const byValue = areWhole(target.classes) ? (a: string, b: string) => Number(a) - Number(b) : compareText;
  return [...target.classes].sort(byValue);
}
