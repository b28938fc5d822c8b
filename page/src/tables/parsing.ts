/** Cells as values, by the rules that were decided for their column: numbers, dates, categories. */

import { LIKELY_MISSING, readNumber } from "./cells.ts";
import { toDates } from "./dates.ts";
import { type How, type KindName } from "./kinds.ts";
import { isDecimal, length } from "./python.ts";
import { textOf } from "./statistics.ts";

const LIMIT = 3.4028234663852886e38; // of float32

/** A column that was read: numbers (NaN where missing), microseconds (NaN), or text (null). */
export type Values =
  | { type: "number"; values: Float64Array }
  | { type: "date"; values: Float64Array }
  | { type: "text"; values: (string | null)[] };

/** The values of a column by its kind, and the rows whose cells cannot be read; these are taken as missing. */
export function parsed(
  cells: readonly string[],
  kind: { name: KindName; how: How },
  missing: ReadonlySet<string>,
): [Values, number[]] {
  const { name, how } = kind;
  const likely = name === "number" || name === "date" || name === "yes/no" || "whole" in how;
  const isMissing = (cell: string): boolean => missing.has(cell) || (likely && LIKELY_MISSING.has(cell));
  if (name === "number") return numbers(cells, how, isMissing);
  if (name === "date") {
    const [values, wrong] = toDates(cells, how.format ?? "", isMissing);
    return [{ type: "date", values }, wrong];
  }
  const known = new Map<string, string | null>();
  const values = cells.map((cell) => {
    let value = known.get(cell);
    if (value === undefined) known.set(cell, (value = isMissing(cell) ? null : codesAsText(cell, how)));
    return value;
  });
  return [{ type: "text", values }, []];
}

/** A category as it is spelled: yes and no, and whole numbers, as most often. */
export function codesAsText(cell: string, how: How): string {
  if (how.spellings) return Object.hasOwn(how.spellings, cell.toLowerCase()) ? how.spellings[cell.toLowerCase()] : cell;
  if (how.width !== undefined && length(cell) < how.width && isDecimal(cell)) return cell.padStart(how.width, "0");
  if (how.whole) {
    const value = readNumber(cell);
    if (value % 1 === 0) return how.whole[textOf(value)] ?? textOf(value);
  }
  return cell;
}

function numbers(cells: readonly string[], how: How, isMissing: (cell: string) => boolean): [Values, number[]] {
  const values = new Float64Array(cells.length);
  const wrong: number[] = [];
  cells.forEach((cell, row) => {
    const value = readNumber(cell, how.notation);
    const isRead = Math.abs(value) <= LIMIT;
    const isGap = isMissing(cell);
    values[row] = isRead && !isGap ? value : NaN;
    if (!isRead && !isGap) wrong.push(row);
  });
  return [{ type: "number", values }, wrong];
}

/** Some of the rows. */
export function take(column: Values, rows: ArrayLike<number>): Values {
  if (column.type === "text") return { type: "text", values: Array.from(rows, (row) => column.values[row]) };
  return { type: column.type, values: Float64Array.from(rows, (row) => column.values[row]) };
}
