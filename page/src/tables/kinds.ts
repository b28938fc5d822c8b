/**
 * What a column is, decided from its statistic and its name, by the rules of Python's `layerwise.data.tables.kinds`:
 *
 *     statistic ─┬─ no value, or one alone ──────────────► empty, constant
 *                ├─ nine tenths read as numbers ─────────► number; category with zeros in front; row number; id
 *                ├─ yes and no ──────────────────────────► yes/no
 *                ├─ nine tenths read as dates ───────────► date
 *                └─ text ── few values, many, one a row ─► category, text, id
 */

import { LIKELY_MISSING, NOTATIONS, type Notation, readNumber } from "./cells.ts";
import { firstOf } from "./dates.ts";
import { DataError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { compareText, isDecimal, length, repr } from "./python.ts";
import { saidDistinct, type Statistic, textOf, YES_NO } from "./statistics.ts";

export const READS = 0.9; // a column is one of numbers or dates where so many of its cells are
const FEWEST_NUMBERS = 10;
export const MOST_CATEGORIES = 50;
const NEARLY_ALL = 0.95;
export const INPUTS = ["number", "category", "yes/no", "date", "text"] as const;
export const ASKED = [...INPUTS, "id"] as const;
export type KindName = (typeof ASKED)[number] | "empty" | "constant" | "row number";

const ID = new RegExp(
  "^(?:(row|obs|case|record|sample|object|instance|serial)?[ _.-]?(id|ids|index|idx|nr|no|num|number|key|uuid|guid)" +
    "|rows?|row[ _.-]?(names?|labels?)|unnamed[ _:.-]*\\d*|obs|observation|case|record|.*[ _.-](id|uuid|guid|key))$",
  "i",
);
const CAMEL_ID = /^.*[a-z]I[dD](: .*)?$/;
const ONLY_ID = /^(.*[ _.-])?(id|uuid|guid)$/i;
const TIME = /^(.*[ _.-])?(t|time|date|year|yr|month|quarter|week|day|hour|minute|second|age|period)s?$/i;
const DATE = /^.*(date|datum|day|time|dt).*$/i;
const CODE = new RegExp(
  "^(?:(.*[ _.-])?(zip|zip[ _-]?codes?|post[ _-]?codes?|postal[ _-]?codes?|plz|fips|area[ _-]?codes?)" +
    "|.*\\b(zip|post|postal|area)[ _-]?codes?\\b.*)$",
  "i",
);

/** What reads the cells of a column, as a model file has it. */
export interface How {
  notation?: Notation;
  format?: string;
  /** How yes and no are spelled, by their small letters. */
  spellings?: Record<string, string>;
  /** Categories that are whole numbers, so that 1.0 is 1: how each is spelled, where that is otherwise. */
  whole?: Record<string, string>;
  /** Of those with zeros in front, so that 501 is 00501. */
  width?: number;
}

export interface Kind {
  name: KindName;
  reason: string;
  how: How;
  /** Its dates may be read with the day or the month first. */
  is_ambiguous: boolean;
}

export function kind(name: KindName, reason = "", how: How = {}, is_ambiguous = false): Kind {
  return { name, reason, how, is_ambiguous };
}

export interface Hints {
  asked?: string;
  dayfirst?: boolean | null;
  decimal?: string | null;
  /** The decimal point where a column leaves it open, as 1,234 does. */
  likely?: string;
  has_name?: boolean;
  is_index?: boolean;
}

export function kindOf(name: string, s: Statistic, hints: Hints = {}): Kind {
  const isIndex = Boolean(hints.is_index) || name === "";
  const notation = notationOf(s, hints.decimal ?? null, hints.likely ?? ".");
  const [format, isAmbiguous] = formatOf(s, hints.dayfirst ?? null);
  if (hints.asked !== undefined) return asAsked(name, s, hints.asked, notation, format, isAmbiguous);
  const told = s.present - s.likely;
  if (!s.present || (!told && s.n_distinct === 1)) return kind("empty", "no cell has a value");
  if (s.n_distinct === 1 && !s.missing) return kind("constant", `every cell is ${repr(s.examples[0])}`);
  if (isYesNo(s)) return kind("yes/no", "", { spellings: spellings(s) });
  let dated = s.dates.get(format);
  if (format === "YMD" && !(DATE.test(name) && dated?.count === told)) dated = undefined;
  if (dated && told && dated.count >= READS * told && s.n_distinct > 1) return kind("date", "", { format }, isAmbiguous);
  if (s.numbers.has(notation) && told && readsAsNumbers(s, notation)) {
    return ofNumbers(name, s, notation, (hints.has_name ?? true) && !isIndex, isIndex);
  }
  return ofText(s);
}

/** Whether so many cells are numbers that the others stand for missing ones. */
export function readsAsNumbers(s: Statistic, notation: Notation): boolean {
  const told = s.present - s.likely;
  const counted = s.numbers.get(notation);
  if (counted === undefined || counted.count >= READS * told) return counted !== undefined;
  if (counted.count < FEWEST_NUMBERS || s.distinct === null || s.n_distinct < FEWEST_NUMBERS) return false;
  const cells = [...s.distinct.keys()].filter((cell) => !LIKELY_MISSING.has(cell));
  const others = cells.filter((cell) => Number.isNaN(readNumber(cell, notation))).length;
  return others <= (2 * counted.count >= told ? 2 : 1) && cells.length - others >= FEWEST_NUMBERS;
}

/** Whether a column is called as one of ids or row numbers is. */
export function isIdName(name: string): boolean {
  const parts = name.split(": ");
  const [first, last] = parts.length > 1 ? [parts[0], parts[parts.length - 1]] : [name, ""];
  return ID.test(name) || ID.test(first) || CAMEL_ID.test(name) || ONLY_ID.test(last);
}

function asAsked(name: string, s: Statistic, asked: string, notation: Notation, format: string, unsure: boolean): Kind {
  if (!(ASKED as readonly string[]).includes(asked)) {
    throw new DataError(`column ${repr(name)}: there is no kind ${repr(asked)}; ${nearest(asked, ASKED)}`);
  }
  const reason = "as asked";
  const cannot = (what: string): DataError =>
    new DataError(`column ${repr(name)} cannot be one of ${what}: no cell is; it holds ${shown(s)}`);
  if (asked === "number") {
    if (!s.numbers.has(notation)) throw cannot("numbers");
    return kind("number", reason, { notation });
  }
  if (asked === "date") {
    if (!s.dates.has(format)) throw cannot("dates");
    return kind("date", reason, { format }, unsure);
  }
  const yesNo = spellings(s);
  if (asked === "yes/no" && Object.keys(yesNo).length === 2) return kind("yes/no", reason, { spellings: yesNo });
  if (asked === "id") return kind("id", reason);
  return kind(asked === "yes/no" ? "category" : (asked as KindName), reason, whole(s));
}

function ofNumbers(name: string, s: Statistic, notation: Notation, hasName: boolean, isIndex: boolean): Kind {
  const counted = s.numbers.get(notation);
  const number = kind("number", "", { notation });
  if (!counted || counted.whole < counted.count || counted.count < s.present - s.likely || counted.marked) return number;
  const isNamed = isIdName(name) && hasName;
  if (s.run !== null && !s.missing && !s.likely && s.present > 2 && !TIME.test(name)) {
    const begins = (s.run[0] === "0" || s.run[0] === "1") && s.present >= 10;
    if (begins || isNamed || isIndex) return kind("row number", `consecutive numbers, ${s.run[0]} to ${s.run[1]}`);
  }
  if ((isNamed || isIndex) && s.present > 2 && s.n_distinct >= s.present) {
    return kind("id", `${isIndex ? "it has no name" : "its name"}, and no number is there twice`);
  }
  if (counted.padded) {
    const text = ofText(s);
    return kind(text.name, "numbers with zeros in front are codes", text.how);
  }
  if (CODE.test(name)) {
    return kind(s.n_distinct <= MOST_CATEGORIES ? "category" : "text", "its name: codes, not amounts", whole(s));
  }
  return number;
}

function ofText(s: Statistic): Kind {
  if (s.present > 2 && s.n_distinct >= (s.present < 20 ? s.present : NEARLY_ALL * s.present)) {
    return kind("id", `a value of its own in ${s.n_distinct === s.present ? "every row" : "nearly every row"}`);
  }
  if (s.n_distinct <= MOST_CATEGORIES && (s.n_distinct <= 10 || s.n_distinct <= s.present / 2)) {
    return kind("category", "", whole(s));
  }
  return kind("text", `${saidDistinct(s)} different values`, whole(s));
}

/** The notation that most cells read in; of equal ones the first with the likely decimal point. */
function notationOf(s: Statistic, decimal: string | null, likely: string): Notation {
  const able = NOTATIONS.filter((key) => decimal === null || key[0] === decimal);
  const order = [...able.filter((key) => key[0] === likely), ...able.filter((key) => key[0] !== likely)];
  const count = (key: Notation): number => s.numbers.get(key)?.count ?? 0;
  return order.reduce((best, key) => (count(key) > count(best) ? key : best));
}

/** The format that most cells read in, and whether day and month could change places. */
function formatOf(s: Statistic, dayfirst: boolean | null): [string, boolean] {
  const most = Math.max(0, ...[...s.dates.values()].map((part) => part.count));
  const best = [...s.dates].filter(([, part]) => part.count === most).map(([format]) => format);
  if (!best.length) return ["", false];
  const both = best.includes("D/M/Y") && best.includes("M/D/Y");
  let format = firstOf(best, dayfirst ?? (both && beginAlike(s)));
  if (dayfirst !== null && (format === "D/M/Y" || format === "M/D/Y")) {
    const asked = dayfirst ? "D/M/Y" : "M/D/Y";
    format = s.dates.has(asked) ? asked : format;
  }
  return [format, both && dayfirst === null];
}

/** Whether dates that may begin with the day or the month all begin with the same, the first of a month. */
function beginAlike(s: Statistic): boolean {
  const cells = [...(s.distinct?.keys() ?? [])].filter((cell) => isDecimal(cell.slice(0, 1)));
  const parts = cells.map((cell) => cell.split(/[-/.]/).slice(0, 2));
  const first = new Set(parts.map((part) => part[0]));
  return first.size === 1 && new Set(parts.map((part) => part[part.length - 1])).size > 1;
}

function isYesNo(s: Statistic): boolean {
  return s.yes_no === s.present - s.likely && Object.keys(spellings(s)).length === 2;
}

/** How yes and no are spelled most often, by the small letters of each spelling. */
function spellings(s: Statistic): Record<string, string> {
  const found = new Map<string, [string, number][]>();
  for (const [cell, n] of s.yes_no ? (s.distinct ?? []) : []) {
    if (LIKELY_MISSING.has(cell)) continue;
    const key = cell.toLowerCase();
    found.set(key, [...(found.get(key) ?? []), [cell, n]]);
  }
  const answers = [...found.keys()].map((key) => YES_NO.get(key) ?? -1).sort((a, b) => a - b);
  if (answers.length !== 2 || answers[0] !== 0 || answers[1] !== 1) return {};
  const out: Record<string, string> = {};
  for (const key of [...found.keys()].sort(compareText)) {
    const cells = (found.get(key) as [string, number][]).sort((a, b) => compareText(a[0], b[0]));
    out[key] = cells.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
  }
  return out;
}

/** That categories are whole numbers, in whatever way a file may write them, and how this one does. */
export function whole(s: Statistic): How {
  const plain = s.numbers.get(".");
  const told = s.present - s.likely;
  if (!plain || plain.count !== plain.whole || plain.whole !== told || plain.marked) return {};
  const cells = [...(s.distinct ?? [])].filter(([cell]) => !LIKELY_MISSING.has(cell));
  if (plain.padded) {
    const lengths = new Set(cells.map(([cell]) => length(cell)));
    return lengths.size === 1 ? { width: [...lengths][0] } : {};
  }
  const spelled = new Map<string, [string, number]>();
  for (const [cell, n] of cells) {
    const key = textOf(readNumber(cell));
    const known = spelled.get(key);
    if (known === undefined || n > known[1]) spelled.set(key, [cell, n]);
  }
  return { whole: Object.fromEntries([...spelled].map(([key, [cell]]) => [key, cell]).filter(([k, c]) => k !== c)) };
}

function shown(s: Statistic): string {
  if (!s.present) return "no value";
  return s.examples.slice(0, 3).map(repr).join(", ") + (s.n_distinct > 3 ? ", …" : "");
}
