/** What is said of columns that are used as they are, though their numbers or their text may mean something else. */

import { LIKELY_MISSING, type Notation, readNumber } from "./cells.ts";
import { length, repr } from "./python.ts";
import { type RawTable } from "./raw.ts";
import { type Statistic } from "./statistics.ts";
import { type Column } from "./understanding.ts";

const FEWEST_VALUES = 10;
const FEWEST_TIMES = 3;
const MOST_CODES = 3; // for missing values: refused, does not know, does not apply
const CODE = /^(-?9+|-?9+[678]|-[678])([.,]0+)?$/;
const MARKED = /\p{Nd}[.,]\p{Nd}{3}/u;
const LONG = 30; // characters of half of the texts, which are no names then

/** A sentence for each number that may stand for a missing value, and for each column of free text. */
export function remarks(columns: readonly Column[]): string[] {
  const found = new Map<string, string[]>();
  const said: string[] = [];
  for (const { name, kind, use, statistic: s } of columns) {
    const isClass = use === "target" && kind.name === "category" && s.numbers.has(".");
    if ((kind.name === "number" && use !== "left out") || isClass) {
      for (const cell of farValues(s, kind.how.notation ?? ".")) found.set(cell, [...(found.get(cell) ?? []), name]);
    }
    if (use === "input" && kind.name === "text" && isFreeText(s)) {
      said.push(
        `column ${repr(name)} is free text: its words are not learned, only how frequent a value is and the target ` +
          "beside it",
      );
    }
  }
  for (const [cell, names] of found) {
    said.push(
      `${cell} stands far from the other numbers of ${columnsOf(names)}, more than once; if it means a missing value, ` +
        `say so: --na=${cell}`,
    );
  }
  return said;
}

/** A sentence on columns such as 1,234 that may be read in two ways: how they are, and how to say otherwise. */
export function unclearMarks(raw: RawTable, columns: readonly Column[]): string[] {
  const found = new Map<string, { name: string; example: string }[]>();
  for (const j of raw.unclear) {
    const { name, kind } = columns[j];
    const example = raw.columns[j].find((cell) => MARKED.test(cell));
    if (kind.name !== "number" || kind.how.notation === undefined || example === undefined) continue;
    const key = (example.includes(",") ? "," : ".") + kind.how.notation[0];
    found.set(key, [...(found.get(key) ?? []), { name, example }]);
  }
  return [...found].map(([[mark, decimal], those]) => {
    const what = mark === "," ? "the comma" : "the point";
    const [taken, otherwise] =
      mark === decimal
        ? ["is taken for the decimal mark", "separates thousands"]
        : ["is taken to separate thousands", "is the decimal mark"];
    return (
      `${columnsOf(those.map(({ name }) => name))}: ${what} in ${those[0].example} ${taken}; if it ${otherwise}, say ` +
      `so: --decimal=${decimal === "." ? "," : "."}`
    );
  });
}

function columnsOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).map(repr).join(", ") + (names.length > 3 ? ` and ${names.length - 3} more` : "");
  return `column${names.length === 1 ? "" : "s"} ${shown}`;
}

function isFreeText(s: Statistic): boolean {
  const lengths = [...(s.distinct?.keys() ?? [])].map(length).sort((a, b) => a - b);
  if (!lengths.length) lengths.push(Math.floor(s.longest / 2));
  return lengths[lengths.length >> 1] >= LONG && s.n_distinct > s.present / 2;
}

/**
 * The least or the greatest numbers, as spelled, if they stand farther off than the rest spreads. Each must be there
 * three times; two or three together must be spelled as codes for a missing value are: -9, 98, 999.
 */
export function farValues(s: Statistic, notation: Notation): string[] {
  const distinct = s.distinct ?? new Map<string, number>();
  const cells = [...distinct.keys()].filter((cell) => !LIKELY_MISSING.has(cell));
  const values = cells.map((cell) => readNumber(cell, notation));
  const order = [...cells.keys()].filter((i) => Number.isFinite(values[i])).sort((a, b) => values[a] - values[b]);
  const found: string[] = [];
  for (const ends of [order, [...order].reverse()]) {
    for (let size = 1; size <= Math.min(MOST_CODES, ends.length - 2); size++) {
      const end = ends.slice(0, size);
      const [last, first] = [values[end[size - 1]], values[ends[size]]];
      const isOften = end.every((i) => (distinct.get(cells[i]) ?? 0) >= FEWEST_TIMES);
      const areCodes = end.every((i) => CODE.test(cells[i]));
      const isFar = Math.abs(last - first) > Math.abs(first - values[ends[ends.length - 1]]);
      if (isOften && isFar && (areCodes || (size === 1 && order.length > FEWEST_VALUES))) {
        found.push(...end.sort((a, b) => order.indexOf(a) - order.indexOf(b)).map((i) => cells[i]));
        break;
      }
    }
  }
  return found;
}

