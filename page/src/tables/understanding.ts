/**
 * A table as it is understood: what each column is and what it is used for, and the values that a network learns from.
 *
 *     raw table ─ statistics ─ kinds ─ target ─ relations ─► Understanding ─┬─ features, answers   to learn from
 *                                                                           └─ described(…)        what was decided
 */

import { DataError } from "./errors.ts";
import { type Kind } from "./kinds.ts";
import { nearest } from "./nearest.ts";
import { parsed, take, type Values } from "./parsing.ts";
import { compareText, repr, thousands } from "./python.ts";
import { nRows, type HowRead, type RawTable } from "./raw.ts";
import { type Statistic } from "./statistics.ts";
import { readTarget, type Target } from "./target.ts";

const MOST_SHOWN = 3; // cells that a note names

export interface Column {
  name: string;
  kind: Kind;
  use: "input" | "target" | "left out";
  /** Why it has this kind or use, where it does not go without saying. */
  reason: string;
  statistic: Statistic;
}

/** Columns that were read by the rules of their kinds. */
export interface Features {
  names: string[];
  columns: Values[];
  n: number;
}

export interface Understanding {
  source: string;
  columns: Column[];
  target: Target;
  missing: ReadonlySet<string>;
  n_rows: number;
  notes: string[];
  /** The rows that have a target. */
  kept: number[];
  has_header: boolean;
  how: HowRead;
  features: Features;
  /** The target of each of these rows: numbers, or classes as they are spelled. */
  answers: Values;
}

export function inputsOf(found: Understanding): Column[] {
  return found.columns.filter((column) => column.use === "input");
}

export function takeRows(features: Features, rows: ArrayLike<number>): Features {
  return { names: features.names, columns: features.columns.map((column) => take(column, rows)), n: rows.length };
}

/** Another table's columns by the rules that were learned, all of its rows; its notes say what could not be read. */
export function rowsOf(found: Understanding, raw: RawTable): Features {
  const names = found.columns.filter((column) => column.use !== "target").map((column) => column.name);
  const known = found.has_header || raw.has_header || raw.names.length !== names.length ? raw.names : names;
  const inputs = inputsOf(found);
  const lacking = inputs.map((column) => column.name).filter((name) => !known.includes(name));
  if (lacking.length) {
    const hint = lacking.length === 1 ? `; ${nearest(lacking[0], known)}` : "";
    const more = lacking.length > 12 ? ` and ${lacking.length - 12} more` : "";
    throw new DataError(
      `${raw.source} has no column${lacking.length > 1 ? "s" : ""} ${lacking.slice(0, 12).map(repr).join(", ")}${more}, ` +
        `which the model needs${hint}`,
    );
  }
  const columns = inputs.map((column) => {
    const j = known.indexOf(column.name);
    const [values, wrong] = parsed(raw.columns[j], column.kind, found.missing);
    if (wrong.length) raw.notes.push(unread(raw, j, wrong, column.kind.name));
    return values;
  });
  return { names: inputs.map((column) => column.name), columns, n: nRows(raw) };
}

/** What was decided, as a model file has it under notes.table: Python's `Understanding.from_dict` reads it. */
export function described(found: Understanding): Record<string, unknown> {
  const { target } = found;
  return {
    source: found.source,
    has_header: found.has_header,
    how: found.how,
    missing: [...found.missing].sort(compareText),
    columns: found.columns.map((c) => ({
      name: c.name, kind: c.kind.name, use: c.use, reason: c.reason, how: c.kind.how,
    })),
    targets: [
      { name: target.name, kind: target.kind, sentence: target.sentence, how: target.how, classes: target.classes },
    ],
  }; // prettier-ignore
}

/** A note of cells that are not what their column is. */
export function unread(raw: RawTable, j: number, rows: readonly number[], kind: string): string {
  const shown = rows
    .slice(0, MOST_SHOWN)
    .map((row) => `line ${raw.lines[row]} ${[...repr(raw.columns[j][row])].slice(0, 40).join("")}`)
    .join("; ");
  const more = rows.length > MOST_SHOWN ? ` and ${thousands(rows.length - MOST_SHOWN)} more` : "";
  const what = kind === "number" ? "number" : kind === "date" ? "date" : "known class";
  const plural = what.endsWith("s") ? "" : "s";
  const many = rows.length === 1 ? `1 cell is no ${what}` : `${thousands(rows.length)} cells are no ${what}${plural}`;
  return `column ${repr(raw.names[j])}: ${many} and taken as missing: ${shown}${more}`;
}

/** The target of the rows that have one, and these rows' numbers. */
export function answersOf(raw: RawTable, target: Target, j: number, missing: ReadonlySet<string>): [Values, number[]] {
  const [read, wrong] = readTarget(target, raw.columns[j], missing);
  if (wrong.length) raw.notes.push(unread(raw, j, wrong, target.kind));
  const rows = Array.from({ length: nRows(raw) }, (_, row) => row);
  const isThere = (row: number): boolean =>
    read.type === "text" ? read.values[row] !== null : Number.isFinite(read.values[row]);
  const kept = rows.filter(isThere);
  if (!kept.length) throw new DataError(`${raw.source}: no row has a value of the target ${repr(target.name)}`);
  if (kept.length < rows.length) {
    const out = rows.filter((row) => !isThere(row));
    const [verb, what] = out.length === 1 ? ["has", "is"] : ["have", "are"];
    const lines = out.slice(0, MOST_SHOWN).map((row) => `line ${raw.lines[row]}`).join(", "); // prettier-ignore
    raw.notes.push(
      `${thousands(out.length)} row${out.length === 1 ? "" : "s"} ${verb} no target ${repr(target.name)} and ${what} ` +
        `left out: ${lines}${out.length > MOST_SHOWN ? ", …" : ""}`,
    );
  }
  return [take(read, kept), kept];
}
