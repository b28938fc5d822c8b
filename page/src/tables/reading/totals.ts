/** Rows at the end of a table that are none of its samples: those that sum up the others, and notes in a single cell. */

import { findNotation, readNumber } from "../cells.ts";
import { isDate, isMissing, isNumber } from "./records.ts";

const TOTAL = new RegExp(
  "^(?:((grand |sub)?total|(gesamt|zwischen)?summe|sum|mean|average|avg|median|count|std|gesamt|insgesamt|mittelwert" +
    "|durchschnitt|totale|totaal|total g[ée]n[ée]ral|total geral|somme|suma|soma|moyenne|promedio|итого|всего|合计" +
    "|总计)s?\\.?:?)$",
  "iu",
);
const MOST = 10; // rows that are looked at
const MOST_TOTALS = 4;
const FEWEST = 5; // rows above that tell that a row is their sum
const CLOSE = 1e-4; // of a sum: that of rounded cells may be so far from it
const LOOKED_AT = 1000; // rows that tell how many cells are usual

/** Which of the last rows are totals, and which hold one cell of text alone. */
export function rowsBelow(columns: readonly string[][]): { totals: number[]; alone: number[] } {
  const n = columns.length ? columns[0].length : 0;
  const [totals, alone]: number[][] = [[], []];
  const fewest = fewestCells(columns, n);
  for (let row = n - 1; row > Math.max(1, n - 1 - MOST); row--) {
    const filled = [...columns.keys()].filter((j) => columns[j][row]);
    if (filled.length === 1 && fewest > 1 && columns.length > 2 && isText(columns[filled[0]][row])) alone.unshift(row);
    else if (totals.length < MOST_TOTALS && (hasWord(columns, row) || isSum(columns, row, filled, fewest))) {
      totals.unshift(row);
    } else break;
  }
  return { totals, alone };
}

/** How many cells a row has at least, but for the last rows. */
function fewestCells(columns: readonly string[][], n: number): number {
  const lookedAt = Math.min(LOOKED_AT, Math.max(2, n - MOST), n);
  let least = columns.length;
  for (let row = 0; row < lookedAt; row++) {
    let filled = 0;
    for (const column of columns) if (column[row]) filled++;
    least = Math.min(least, filled);
  }
  return least;
}

function isText(cell: string): boolean {
  return !(isMissing(cell) || isDate(cell) || isNumber(cell));
}

function hasWord(columns: readonly string[][], row: number): boolean {
  const column = columns.slice(0, 3).find((cells) => TOTAL.test(cells[row]));
  return column !== undefined && times(column, column[row]) === 1;
}

function times(cells: readonly string[], cell: string): number {
  return cells.reduce((n, other) => n + Number(other === cell), 0);
}

/** Whether the numbers of a row sum up those above: one of two or more, all of them in a row without gaps. */
function isSum(columns: readonly string[][], row: number, filled: readonly number[], fewest: number): boolean {
  if (row < FEWEST || !filled.length) return false;
  const texts = filled.filter((j) => isText(columns[j][row]));
  const numbers = filled.filter((j) => !texts.includes(j));
  const isSparse = 2 * filled.length <= columns.length || filled.length < fewest;
  const isNamed = numbers.length > 1 && texts.length === 1 && texts[0] === 0;
  if (texts.length > 1 || !numbers.length || !(isSparse || isNamed)) return false;
  const first = columns[0][row];
  if (first && (texts[0] !== 0 || times(columns[0], first) > 1)) return false;
  let [sums, means] = [0, 0];
  for (const j of numbers) {
    const cells = columns[j].slice(0, row + 1).filter((cell) => !isMissing(cell));
    const notation = findNotation(cells.slice(-LOOKED_AT));
    const values = cells.map((cell) => readNumber(cell, notation));
    const above = values.filter(Number.isFinite);
    const told = above.pop() ?? NaN;
    if (above.length < FEWEST || above.length < 0.9 * (cells.length - 1)) return false;
    if (!Number.isFinite(values[values.length - 1])) return false;
    const total = above.reduce((sum, value) => sum + value, 0);
    const largest = above.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (Math.abs(told - total) <= CLOSE * Math.abs(total) && Math.abs(total) > largest) sums++;
    else if (Math.abs(told * above.length - total) <= CLOSE * Math.abs(total)) means++;
    else if (!isSparse) return false;
  }
  return sums > 0 && 2 * (sums + means) >= numbers.length;
}
