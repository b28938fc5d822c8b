/** From a raw table to what a network learns from: every column's kind and use, and the target, decided and said. */

import { SURELY_MISSING } from "./cells.ts";
import { DataError } from "./errors.ts";
import { INPUTS, isIdName, kind, type Kind, kindOf } from "./kinds.ts";
import { nearest } from "./nearest.ts";
import { parsed, take, type Values } from "./parsing.ts";
import { counted, repr } from "./python.ts";
import { nRows, type RawTable } from "./raw.ts";
import { duplicates, tells } from "./relations.ts";
import { remarks, unclearMarks } from "./remarks.ts";
import { statisticOf } from "./statistics.ts";
import { choose, targetOf } from "./target.ts";
import { answersOf, type Column, type Understanding, unread } from "./understanding.ts";

const FEWEST = 2; // rows
const ENOUGH = 20; // rows that tell whether two columns are the same
const MOST_INPUTS = 256; // one-hot inputs of all categories together

/** What the user says of a table, as the command's options do. */
export interface Options {
  target?: string | null;
  exclude?: string[];
  id?: string[];
  kinds?: Record<string, string>;
  na?: string[];
  dayfirst?: boolean | null;
  decimal?: string | null;
}

/** Decides what each column of a table is and what it is used for; the table's notes are taken over. */
export function understand(raw: RawTable, options: Options = {}): Understanding {
  if (nRows(raw) < FEWEST) {
    throw new DataError(
      `${raw.source} has ${nRows(raw)} rows of data; at least ${FEWEST} are needed to learn anything`,
    );
  }
  const columns = survey(raw, options);
  const kinds = new Map(Object.entries(options.kinds ?? {}));
  const exclude = options.exclude ?? [];
  const [place, why] = choose(raw.names, columns.map((column) => asTarget(column, exclude)), options.target ?? null); // prettier-ignore
  const goal = columns[place];
  const target = targetOf(goal.name, goal.statistic, {
    asked: kinds.get(goal.name),
    decimal: options.decimal ?? null,
    likely: raw.how.decimal || ".",
    why,
  });
  Object.assign(goal, { use: "target", reason: "" });
  goal.kind = kind(target.kind === "number" ? "number" : "category", "", target.how);
  const missing = allMissing(options.na);
  const [answers, kept] = answersOf(raw, target, place, missing);
  if (kept.length < FEWEST) {
    throw new DataError(`${raw.source}: one row alone has a target; at least ${FEWEST} are needed to learn anything`);
  }
  const found: Understanding = {
    source: raw.source, columns, target, missing, n_rows: nRows(raw), notes: raw.notes, kept,
    has_header: raw.has_header, how: raw.how, features: { names: [], columns: [], n: kept.length }, answers,
  }; // prettier-ignore
  readFeatures(found, raw, new Set([...kinds.keys(), ...(options.id ?? [])]));
  return found;
}

/** The kind of a column; empty if nobody would mean it for the target, unless it is named. */
function asTarget(column: Column, exclude: readonly string[]): Kind {
  const s = column.statistic;
  const isId = isIdName(column.name) && 2 * s.n_distinct > s.present;
  const isNone = exclude.includes(column.name) || s.n_distinct < 2 || isId;
  return isNone ? { ...column.kind, name: "empty" } : column.kind;
}

/** Cells that stand for a missing value: the known ones, and those that are named. */
export function allMissing(more: readonly string[] = []): ReadonlySet<string> {
  return new Set([...SURELY_MISSING, ...more]);
}

/** What each column is by itself, before any is the target. */
export function survey(raw: RawTable, options: Options = {}): Column[] {
  const asked = Object.entries(options.kinds ?? {});
  for (const [option, names] of [
    ["exclude", options.exclude ?? []],
    ["id", options.id ?? []],
    ["kinds", asked.map(([name]) => name)],
  ] as const) {
    const unknown = names.find((name) => !raw.names.includes(name));
    if (unknown !== undefined) {
      const hint = nearest(unknown, raw.names);
      throw new DataError(`${option}: ${raw.source} has no column ${repr(unknown)}; ${hint}`);
    }
  }
  const missing = allMissing(options.na);
  const statistics = raw.columns.map((cells) => statisticOf(cells, missing));
  const wanted = new Map([...(options.id ?? []).map((name) => [name, "id"] as [string, string]), ...asked]);
  const wrong: DataError[] = [];
  const [unnamed, excluded] = [new Set(raw.unnamed), new Set(options.exclude ?? [])];
  const columns = raw.names.map((name, j): Column => {
    const s = statistics[j];
    let decided = kind("empty");
    try {
      decided = kindOf(name, s, {
        asked: wanted.get(name),
        dayfirst: options.dayfirst ?? null,
        decimal: options.decimal ?? null,
        likely: raw.how.decimal || ".",
        has_name: raw.has_header,
        is_index: unnamed.has(name),
      });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      wrong.push(error);
    }
    if (decided.is_ambiguous) {
      const first = decided.how.format === "M/D/Y" ? "month" : "day";
      raw.notes.push(
        `column ${repr(name)}: ${repr(s.examples[0])} is read with the ${first} first; --dayfirst and --no-dayfirst say`,
      );
    }
    const isOut = excluded.has(name);
    const use = isOut || !(INPUTS as readonly string[]).includes(decided.name) ? "left out" : "input";
    return { name, kind: decided, use, reason: isOut ? "as asked" : decided.reason, statistic: s };
  });
  if ((options.decimal ?? null) === null) raw.notes.push(...unclearMarks(raw, columns));
  if (wrong.length === 1) throw wrong[0];
  if (wrong.length) throw new DataError(`${raw.source}: ${wrong.map((error) => error.message).join("; ")}`);
  return columns;
}

/** Reads the cells, leaves out what says nothing or too much, and keeps the values. */
function readFeatures(found: Understanding, raw: RawTable, asked: ReadonlySet<string>): void {
  const used = new Set(found.kept);
  const isWhole = found.kept.length === nRows(raw);
  const values: (Values | null)[] = found.columns.map((column, j) => {
    if (column.use !== "input") return null;
    const [array, wrong] = parsed(raw.columns[j], column.kind, found.missing);
    const told = isWhole ? wrong : wrong.filter((row) => used.has(row));
    if (told.length) raw.notes.push(unread(raw, j, told, column.kind.name));
    return isWhole ? array : take(array, found.kept);
  });
  leaveOutTwins(found, values, asked);
  lookForLeaks(found, values, asked);
  fitIntoBudget(found, asked);
  keepOne(found, values, raw);
  found.notes.push(...found.columns.filter((column) => column.use === "left out").map(said), ...remarks(found.columns));
  const chosen = found.columns.filter((column) => column.use === "input");
  if (!chosen.length) {
    const others = found.columns.filter((column) => column.use === "left out").map(said);
    throw new DataError(
      `${raw.source}: there is nothing to learn ${repr(found.target.name)} from: ` +
        (others.join("; ") || "it is the only column"),
    );
  }
  found.features.names = chosen.map((column) => column.name);
  found.features.columns = values.filter((column) => column !== null);
  checkClasses(found);
}

function leaveOutTwins(found: Understanding, values: (Values | null)[], asked: ReadonlySet<string>): void {
  if (found.kept.length < ENOUGH) return;
  for (const [j, first] of duplicates(values)) {
    const column = found.columns[j];
    if (asked.has(column.name)) continue;
    Object.assign(column, { use: "left out", reason: `the same as column ${repr(found.columns[first].name)}` });
    values[j] = null;
  }
}

/** Leaves out the target in another form, and says what nearly is. */
function lookForLeaks(found: Understanding, values: (Values | null)[], asked: ReadonlySet<string>): void {
  if (found.kept.length < ENOUGH) return;
  const goal = repr(found.target.name);
  let inputs = found.columns.filter((other) => other.use === "input").length;
  found.columns.forEach((column, j) => {
    const array = values[j];
    if (array === null || column.use !== "input" || asked.has(column.name)) return;
    const told = tells(array, found.answers);
    if (told === "same" && inputs > 1) {
      inputs--;
      Object.assign(column, { use: "left out", reason: `the target ${goal} in another form` });
      values[j] = null;
    } else if (told) {
      found.notes.push(
        `column ${repr(column.name)} tells the target ${goal} almost alone; if it is only known afterwards, leave it ` +
          `out: --exclude ${column.name}`,
      );
    }
  });
}

/** Takes the categories with the most values as text, until all together have few enough inputs. */
function fitIntoBudget(found: Understanding, asked: ReadonlySet<string>): void {
  const sizes = found.columns
    .filter((column) => column.use === "input" && column.kind.name === "category" && !asked.has(column.name))
    .map((column) => ({ column, size: column.statistic.n_distinct }));
  let total = sizes.reduce((sum, { size }) => sum + size, 0);
  for (const { column, size } of sizes.sort((a, b) => b.size - a.size)) {
    if (total <= MOST_INPUTS || size <= 2) break;
    total -= size;
    column.kind = { ...column.kind, name: "text" };
    column.reason = `${size} values, and the categories together would have more than ${MOST_INPUTS} inputs`;
  }
}

/** Uses row numbers after all where nothing else is there: they may be what the table is about. */
function keepOne(found: Understanding, values: (Values | null)[], raw: RawTable): void {
  if (found.columns.some((column) => column.use === "input")) return;
  const j = found.columns.findIndex(
    (c) => c.use === "left out" && c.kind.name === "row number" && c.statistic.numbers.has("."),
  );
  if (j < 0) return;
  const column = found.columns[j];
  column.kind = kind("number", "", { notation: "." });
  Object.assign(column, { use: "input", reason: "consecutive numbers, but there is no other column" });
  values[j] = take(parsed(raw.columns[j], column.kind, found.missing)[0], found.kept);
  found.notes.push(`column ${repr(column.name)}: ${column.reason}`);
}

function said(column: Column): string {
  return `column ${repr(column.name)} is left out: ${column.reason}`;
}

/** Refuses one class, and says which classes have a row alone. */
function checkClasses(found: Understanding): void {
  if (found.target.kind !== "classes") return;
  const counts = counted(found.answers.values as (string | null)[]);
  if (counts.size < 2) {
    const name = repr(found.target.name);
    throw new DataError(`the target ${name} has one class in the rows that can be used; two are needed`);
  }
  const alone = [...counts].filter(([, n]) => n === 1).map(([label]) => label as string);
  if (!alone.length) return;
  const shown = alone.slice(0, 5).map(repr).join(", ") + (alone.length > 5 ? ", …" : "");
  const what = alone.length === 1 ? `the class ${shown} has` : `the classes ${shown} have`;
  found.notes.push(`${what} one row alone: nothing can be held out to tell how well it is known`);
}
