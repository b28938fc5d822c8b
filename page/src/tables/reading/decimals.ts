/**
 * The decimal mark of a table: what its columns of numbers show together, since a file is written in one manner. 1,234
 * may be a decimal or thousands; 0,544 or 1,5 in any column says which.
 */

import { shownDecimal } from "../cells.ts";
import { isMissing, shareOfNumbers } from "./records.ts";

const HEAD = 1000; // rows that tell which columns are numbers, and mostly their marks

/**
 * The decimal mark, and the places of columns that may be meant otherwise. It is the mark that most of those columns
 * show whose numbers allow one reading alone. Where none does, or equally many do, it is a comma between semicolons, as
 * spreadsheets of such countries write; else a point.
 */
export function findDecimal(columns: readonly string[][], delimiter: string): { decimal: "." | ","; unclear: number[] } {
  const places = [...columns.keys()].filter((j) => hasMarkedNumbers(columns[j]));
  let shown = places.map((j) => shownDecimal(marked(present(columns[j]))));
  if (!shown.some(Boolean)) shown = places.map((j) => shownDecimal(marked(columns[j])));
  const hasComma = (j: number): boolean => present(columns[j]).some((cell) => cell.includes(","));
  const isUnclear = (j: number): boolean => hasComma(j) || [";", "\t", "|"].includes(delimiter);
  const unclear = places.filter((j, i) => !shown[i] && isUnclear(j));
  const commas = shown.filter((mark) => mark === ",").length;
  const points = shown.filter((mark) => mark === ".").length;
  const isUsual = delimiter === ";" && (commas > 0 || unclear.some(hasComma));
  const isComma = commas === points ? isUsual : commas > points;
  return { decimal: isComma ? "," : ".", unclear: commas > 0 === points > 0 ? unclear : [] };
}

/** The first cells that are not missing. */
function present(column: readonly string[]): string[] {
  return column.slice(0, HEAD).filter((cell) => !isMissing(cell));
}

function marked(cells: readonly string[]): string[] {
  return cells.filter((cell) => cell.includes(",") || cell.includes("."));
}

/** Whether a column is one of numbers, some with a mark. */
function hasMarkedNumbers(column: readonly string[]): boolean {
  const sample = present(column);
  return marked(sample).length > 0 && shareOfNumbers(sample) >= 0.9;
}
