/**
 * Layout of a table of text: which of its first lines are a title, names or units. What a line is follows from comparing
 * its cells with the columns below it. As Python's `layerwise.datasets.reading.layout`.
 */

import { DataError } from "../errors.ts";
import { counted, counting, stripOf } from "../python.ts";
import { DEEPEST, goesOn, groupsAbove, isComplete, joined, lastOfNames } from "./headers.ts";
import { Judge } from "./judging.ts";
import { isNumber, type Row } from "./records.ts";

const LONGEST_LEAD = 40;
const UNIT = /^(?=.*[A-Za-zµμ°%$€£Ωº‰])[([]?[A-Za-zµμ°%$€£Ωº‰#/²³·.^0-9 *_-]{1,15}[)\]]?$/;

/** What the first lines of a table are. */
export interface Layout {
  /** How many cells most rows have. */
  width: number;
  /** The names, a cell for each column; null where the file has none. */
  header: string[] | null;
  /** The place, among the rows looked at, of the first one with data. */
  start: number;
  notes: string[];
}

export function findLayout(rows: readonly Row[], name: string, marks: string, header: boolean | null): Layout {
  const plain = rows.filter(([, cells]) => !isComment(cells, marks));
  const layout: Layout = {
    width: widthOf((plain.length ? plain : rows).map(([, cells]) => cells)),
    header: null,
    start: 0,
    notes: [],
  };
  const comments = skipComments(rows, layout, marks);
  const judge = new Judge(rows, layout.width);
  const first = layout.start;
  let titles = skipLead(rows, layout, judge, header);
  titles.push(...skipTitle(rows, layout, judge, header));
  const [line, cells] = layout.start < rows.length ? rows[layout.start] : [1, []];
  let deeper: number | null = null;
  if (header === null) {
    header = judge.isHeader(layout.start);
    deeper = header ? null : lastOfNames(judge, layout.start);
    if (deeper !== null) header = true;
    else if (!header && comments.length && judge.isLikeNames(comments[comments.length - 1])) {
      layout.header = comments[comments.length - 1];
      layout.notes.push("the names of the columns were taken from the last comment before them");
    }
  }
  const groups = header && titles.length ? groupsAbove(judge, rows, first, layout.start) : [];
  titles = titles.slice(0, titles.length - groups.length);
  if (titles.length) layout.notes.push(`${counting(titles.length, "title line")} left out (line ${titles.join(", ")})`);
  if (header) {
    const below = rows.slice(layout.start + 1).map(([, row]) => row).filter((row) => row.length === layout.width); // prettier-ignore
    layout.header = fit(cells, below, layout.width, `${name}, line ${line}`);
    const upper = groups.map((i) => judge.rows[i]);
    if (deeper !== null) {
      upper.push(...judge.rows.slice(layout.start, deeper));
      [layout.header, layout.start] = [judge.rows[deeper], deeper];
    }
    layout.start++;
    takeNames(rows, layout, judge, upper);
  }
  return layout;
}

/** Whether a row begins with one of the marks of a comment. */
export function isComment(cells: readonly string[], marks: string): boolean {
  return cells.length > 0 && cells[0] !== "" && marks.includes(cells[0][0]);
}

/** How many cells most rows have, or all names where rows lack various numbers of cells at their end. */
function widthOf(rows: readonly string[][]): number {
  const widths = counted(rows.map((cells) => cells.length));
  let [usual, times, most] = [0, 0, 0];
  for (const [width, n] of widths) {
    if (n > times || (n === times && width > usual)) [usual, times] = [width, n];
    most = Math.max(most, width);
  }
  const names = rows.length ? rows[0] : [];
  if (names.length === most && most > usual && new Set(names).size === names.length && names.every(Boolean)) {
    const isRare = widths.size === 2 || times > 0.95 * rows.length;
    return names.some(isNumber) || (isRare && (widths.get(names.length) as number) < 3) ? usual : names.length;
  }
  return usual;
}

/** Leaves out the comments that the table begins with, and returns their cells without the mark. */
function skipComments(rows: readonly Row[], layout: Layout, marks: string): string[][] {
  const comments: string[][] = [];
  const first = rows.findIndex(([, cells]) => !isComment(cells, marks));
  const end = first < 0 ? rows.length : first;
  const after = rows.slice(end).map(([, cells]) => isComment(cells, marks));
  const isProse = rows.slice(0, end).every(([, cells]) => [undefined, " "].includes(stripOf(cells[0], marks, "left")[0]));
  if (2 * after.filter(Boolean).length <= after.length && (after.length || isProse)) {
    for (const [, cells] of rows.slice(0, end)) {
      const bare = [stripOf(cells[0], "#%; ", "left"), ...cells.slice(1)];
      comments.push(bare[0] ? bare : bare.slice(1));
    }
    layout.start = end;
  }
  if (comments.length) layout.notes.push(`${counting(comments.length, "comment line")} before the table left out`);
  return comments;
}

/** Leaves out lines about the whole, such as an account and its owner, before a full row of names; returns which. */
function skipLead(rows: readonly Row[], layout: Layout, judge: Judge, header: boolean | null): number[] {
  const { start, width } = layout;
  const last = Math.min(judge.rows.length, start + LONGEST_LEAD);
  const filled = (i: number): number => judge.rows[i].filter(Boolean).length;
  let end = start;
  for (let i = start; i < last; i++) {
    if (judge.full[i] && filled(i) >= Math.max(3, width - 1)) {
      end = i;
      break;
    }
  }
  if (end === start || header === false) return [];
  for (let i = start; i < end; i++) if (2 * filled(i) > width) return [];
  if (!judge.isHeader(end)) return [];
  layout.start = end;
  return rows.slice(start, end).map(([line]) => line);
}

/** Leaves out lines before the names that do not have a cell for each column, and returns which. */
function skipTitle(rows: readonly Row[], layout: Layout, judge: Judge, header: boolean | null): number[] {
  const leftOut: number[] = [];
  while (layout.start + 1 < Math.min(rows.length, 40) && layout.width > 1) {
    const [line, cells] = rows[layout.start];
    const filled = cells.filter(Boolean).length;
    const filledAfter = rows[layout.start + 1][1].filter(Boolean).length;
    const kinds = judge.kinds[layout.start];
    const isText = kinds.includes("t") && !kinds.includes("n");
    const isShort = filled === 1 && (cells.length === 1 || layout.width > 2);
    const isLead = header !== false && filled < filledAfter && judge.isHeader(layout.start + 1);
    const isHead = (cells.length === layout.width || cells.length === layout.width - 1) && isText && filled > 1;
    const isCounts = header === null && cells.length < layout.width - 1 && kinds.includes("n") && filled < filledAfter;
    if (!isCounts) {
      // what is not, such as the numbers of rows and columns, must be a title
      const hasOther = cells.length !== layout.width;
      if (filledAfter <= filled && !(isShort && hasOther)) break;
      if (!(isShort && (isText || hasOther)) && !(isLead && !namesAll(judge, layout))) break;
      if (isHead && !isLead) break;
    }
    leftOut.push(line);
    layout.start++;
  }
  return leftOut;
}

/** Joins the names with the groups above them and a second row below; leaves out one of units. */
function takeNames(rows: readonly Row[], layout: Layout, judge: Judge, groups: string[][]): void {
  const parts = [...groups, layout.header ?? []];
  let line = rows.length ? rows[layout.start - 1][0] : 1;
  if (isComplete(joined(parts))) skipUnits(rows, layout, judge);
  let depth = 0;
  for (; depth < DEEPEST; depth++) {
    if (layout.start >= rows.length || !goesOn(judge, layout.start)) break;
    const below = judge.rows[layout.start];
    layout.start++;
    if (isComplete(joined(parts))) {
      const shown = [...[...new Set(below.filter(Boolean))].join(", ")].slice(0, 60).join("");
      layout.notes.push(`a second row of names left out (line ${rows[layout.start - 1][0]}: ${shown})`);
      break;
    }
    parts.push(below);
    line = rows[layout.start - 1][0];
  }
  if (depth === DEEPEST) skipUnits(rows, layout, judge);
  layout.header = joined(parts);
  if (parts.length > 1) {
    layout.notes.push(
      `the names of the columns were joined from ${parts.length} rows, the last of them line ${line}`,
    );
  }
}

/** Whether the row names all columns but an index, so that it is no title. */
function namesAll(judge: Judge, layout: Layout): boolean {
  const kinds = judge.kinds[layout.start];
  const words = kinds.filter((kind) => kind === "t").length;
  return words >= kinds.length - 1 && judge.isHeader(layout.start) && kinds.length > 2;
}

/** Leaves out a row below the names that gives the units of the numbers. */
function skipUnits(rows: readonly Row[], layout: Layout, judge: Judge): void {
  const i = layout.start;
  const below = judge.below(i);
  if (below.length < 2 || i >= judge.rows.length) return;
  const row = judge.rows[i];
  const columns = judge.columnKinds(below);
  const numeric = [...columns.keys()].filter((j) => columns[j] === "n");
  const units = numeric.filter((j) => judge.kinds[i][j] === "t").map((j) => row[j]);
  const others = [...columns.keys()].filter((j) => columns[j] !== "n" && row[j]);
  const isUsual = others.some((j) => below.some((k) => judge.rows[k][j] === row[j]));
  const empty = numeric.filter((j) => !row[j]).length;
  if (!units.length || isUsual || units.length + empty < numeric.length || 2 * units.length < numeric.length) return;
  if (units.every((unit) => UNIT.test(unit))) {
    layout.notes.push(`a row of units left out (line ${rows[i][0]}: ${row.filter(Boolean).join(", ")})`);
    layout.start++;
  }
}

/** A name for each column, where the header has one too many or too few. */
function fit(cells: readonly string[], below: readonly string[][], width: number, where: string): string[] {
  let header = [...cells];
  while (header.length > width && !header[header.length - 1]) header.pop();
  if (header.length === width - 1 && below.length) {
    const isTrailing = below.every((row) => !row[row.length - 1]);
    header = isTrailing ? [...header, ""] : ["", ...header];
  }
  if (header.length !== width) {
    throw new DataError(
      `${where}: expected ${width} names, as most rows have cells, but got ${header.length}; give the delimiter if it is ` +
        "another, how many lines to leave out first (--skip, skip=), or mend the header",
    );
  }
  return header;
}
