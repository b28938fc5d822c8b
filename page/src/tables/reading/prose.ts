/** Text that is no table: prose, and lists of various lengths, told from the lines' words and numbers of cells. */

import { DataError } from "../errors.ts";
import { counted, stripOf, words } from "../python.ts";

const FREQUENT = new Set(
  "the of and to in a is for that with der die und das ist den le la les et des el los que en por il".split(" "),
); // words of which every tenth one of a sentence is one
const LEAST = 30; // words that tell

/** Refuses lines that are sentences, and rows of which each has another number of cells. */
export function refuseProse(rows: readonly string[][], name: string): void {
  if (/[^/\\]\.(md|rst|tex|adoc)$/i.test(name.split(",")[0]) || isProse(rows)) {
    throw new DataError(
      `${name} is prose, not a table: its lines are sentences; expected rows with equally many cells each. If it is a ` +
        "table after all, give its delimiter",
    );
  }
  const widths = counted(rows.map((cells) => cells.length));
  if (rows.length >= 10 && widths.size > 5 && Math.max(...widths.values()) < 0.4 * rows.length) {
    throw new DataError(
      `${name} is no table: its rows have from ${Math.min(...widths.keys())} to ${Math.max(...widths.keys())} cells, and ` +
        "few have equally many; expected a column for each thing that is known of a row. If another delimiter separates " +
        "the cells, give it",
    );
  }
}

function isProse(rows: readonly string[][]): boolean {
  const found = rows.flatMap((cells) => cells.flatMap(words)).map((word) => stripOf(word, ".,;:!?()\"'"));
  if (found.length < Math.max(LEAST, 4 * rows.length)) return false;
  let [usual, times] = [0, 0];
  for (const [width, n] of counted(rows.map((cells) => cells.length))) if (n > times) [usual, times] = [width, n];
  const isUneven = usual === 1 || rows.length === 1 || times < 0.8 * rows.length;
  const frequent = found.filter((word) => FREQUENT.has(word.toLowerCase())).length;
  const letters = found.filter((word) => /^\p{L}+$/u.test(word)).length;
  return isUneven && frequent >= 0.08 * found.length && letters >= 0.7 * found.length;
}
