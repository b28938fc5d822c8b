/**
 * Headers of several rows: groups above the names, or a second row below them, joined to one name a column.
 *
 *     ,       Men, ,      Women, ,         ──►   team   Men: young   Men: old   Women: young   Women: old
 *     team,   young, old, young, old
 */

import { counted, hasLetter } from "../python.ts";
import { alike, type Judge } from "./judging.ts";
import { type Row } from "./records.ts";

export const DEEPEST = 4; // rows below the first in which the last row of names may stand
const FEWEST = 3; // rows below a second one of names
const SAID = 5; // notes on names
const SURE = 8; // rows that tell whether a category is there only once

/** A row below `start` that has words above columns of numbers, so that the rows down to it are names. */
export function lastOfNames(judge: Judge, start: number): number | null {
  for (let i = start + 1; i < Math.min(start + 1 + DEEPEST, judge.rows.length - 1); i++) {
    const [named, numbers] = judge.wordsAboveNumbers(i);
    if (judge.full[i] && judge.isHeader(i) && named >= 2 && 2 * named >= numbers) return i;
  }
  return null;
}

/** The rows before the names that name groups of columns: several cells, directly above the names. */
export function groupsAbove(judge: Judge, rows: readonly Row[], first: number, start: number): number[] {
  const found: number[] = [];
  const isPair = (i: number): boolean =>
    judge.rows[i].slice(0, 2).every(Boolean) && !judge.rows[i].slice(2).some(Boolean);
  let pairs = 0;
  for (let i = first; i < start; i++) if (isPair(i)) pairs++;
  for (let i = start - 1; i >= first; i--) {
    const cells = judge.rows[i];
    const isApart = rows[i][0] + 1 < rows[i + 1][0];
    const tells = cells[0].endsWith(":") || /\p{Nd}|\p{No}/u.test(cells[1] ?? "") || pairs > 1;
    const isNote = isPair(i) && cells.length > 3 && tells;
    if (!judge.full[i] || cells.filter(Boolean).length < 2 || isApart || isNote) break;
    found.unshift(i);
  }
  return found;
}

/** Whether row i goes on with the names: words above numbers, or in columns of few words that lack them. */
export function goesOn(judge: Judge, i: number): boolean {
  if (i + FEWEST >= judge.rows.length || !judge.full[i]) return false;
  if (judge.rows.filter((row) => alike(row, judge.rows[i])).length > 1) return false;
  const below = judge.below(i);
  const columns = judge.columnKinds(below);
  if (columns.some((kind, j) => (kind === "n" || kind === "d") && judge.kinds[i][j] === kind)) return false;
  const [named, numbers] = judge.wordsAboveNumbers(i);
  if (named >= 2 && 2 * named >= numbers) return true;
  const strange: string[] = [];
  let known = 0;
  columns.forEach((kind, j) => {
    const cell = judge.rows[i][j];
    const others = below.map((k) => judge.rows[k][j]).filter(Boolean);
    const different = new Set(others);
    if (kind !== "t" || !hasLetter(cell) || (different.size === 1 && different.has(cell))) return;
    if (different.has(cell)) known++;
    else if (below.length < 2 * SURE || (others.length >= SURE && 2 * different.size <= others.length)) strange.push(cell);
  });
  const same = Math.max(0, ...counted(strange).values());
  const lacks = columns.some(
    (kind, j) =>
      (kind === "n" || kind === "d") && judge.kinds[i][j] === "m" && below.every((k) => judge.kinds[k][j] === kind),
  );
  return 4 * known <= strange.length && same >= (lacks ? 2 : 3) && 2 * same >= strange.length;
}

/** A name for each column from several rows of them, "" where none has any. */
export function joined(rows: readonly string[][]): string[] {
  const groups = rows.slice(0, -1);
  const last = rows[rows.length - 1];
  const above: string[][] = last.map(() => []);
  for (const row of groups) {
    let group = "";
    last.forEach((below, j) => {
      group = row[j] || (below ? group : "");
      above[j].push(group);
    });
  }
  const upper = above.map((parts) => [...new Set(parts.filter(Boolean))].join(": "));
  const times = counted(upper);
  const alone = new Set([...upper.keys()].filter((j) => upper[j] && times.get(upper[j]) === 1));
  const often = counted([...alone].map((j) => last[j]));
  return last.map((cell, j) => {
    const name = upper[j];
    const saysNothing = above[j].includes(cell) || (alone.has(j) && (often.get(cell) ?? 0) >= 3);
    return !cell || (name && saysNothing) ? name : name ? `${name}: ${cell}` : cell;
  });
}

/** Whether each column has a name of its own, but maybe the first. */
export function isComplete(names: readonly string[]): boolean {
  return names.slice(1).every(Boolean) && new Set(names).size === names.length;
}

/** The columns, each with a name of its own, and the names that the file does not have. */
export function namedColumns(
  columns: string[][],
  header: string[] | null,
  notes: string[],
): { columns: string[][]; names: string[]; unnamed: string[] } {
  const raw = header ?? columns.map(() => "");
  const isEmpty = columns.map((column) => column.length > 0 && !column.some(Boolean));
  let isVoid = columns.map((_, j) => !raw[j] && columns.length > 1 && isEmpty[j]);
  if (header === null) {
    const lastFull = isVoid.lastIndexOf(false);
    isVoid = isVoid.map((is, j) => is && j > lastFull); // those at the end alone
  }
  const n = isVoid.filter(Boolean).length;
  if (n) notes.push(`${n} column${n === 1 ? "" : "s"} without a name and a cell left out`);
  const kept = [...columns.keys()].filter((j) => !isVoid[j]);
  const [names, again]: string[][] = [[], []];
  const taken = new Set(kept.map((j) => raw[j]));
  const seen = new Set<string>();
  kept.forEach((j, at) => {
    let name = raw[j] || `x${at + 1}`;
    if (seen.has(name) || (!raw[j] && taken.has(name))) {
      let number = 2;
      while (seen.has(`${name}_${number}`) || taken.has(`${name}_${number}`)) number++;
      again.push(`column ${j + 1} is called ${name}_${number}, since another is called ${name}`);
      name = `${name}_${number}`;
    } else if (!raw[j] && header !== null) again.push(`column ${j + 1} has no name; it is called ${name}`);
    seen.add(name);
    names.push(name);
  });
  if (again.length <= SAID) notes.push(...again);
  else notes.push(...again.slice(0, SAID - 1), `${again.length - SAID + 1} more columns likewise`);
  const unnamed = names.filter((_, at) => header !== null && !raw[kept[at]]);
  return { columns: kept.map((j) => columns[j]), names, unnamed };
}
