/**
 * Cells of text: which of them say that nothing is known, and which are numbers, in which notation. As Python's
 * `layerwise.data.tables.cells`, to the last digit; golden files hold the two together.
 */

import { asciiDigits, counted } from "./python.ts";

/** Cells that stand for a missing value in a column of any kind. */
export const SURELY_MISSING: ReadonlySet<string> = new Set([
  "", "NA", "N/A", "n/a", "N.A.", "n.a.", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "NAN", "-NaN", "-nan",
  "NaT", "null", "NULL", "Null", "(null)", "#NULL!", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "\\N",
  "1.#QNAN", "-1.#QNAN", "1.#IND", "-1.#IND", "1.#INF", "-1.#INF",
]); // prettier-ignore

/** Cells that stand for a missing value among numbers and dates; among words, each may be a category of its own. */
export const LIKELY_MISSING: ReadonlySet<string> = new Set([
  "None", "none", "NONE", "na", "Na", "N/a", "?", "??", "-", "--", "---", "–", "—", ".", "..", "...", "*", "nil",
  "missing", "Missing", "MISSING", "undefined", "not available", "Not available", "Not Available", "no data",
  "unknown", "Unknown", "UNKNOWN", "n.d.", "ND", "nd", "(blank)",
]); // prettier-ignore

/** How the numbers of a column are written: the decimal mark, and what separates groups of three digits. */
export type Notation = "." | ".," | "," | ",.";
export const NOTATIONS: readonly Notation[] = [".", ".,", ",", ",."];

const SYMBOLS = "[$€£¥₹₽₩₺₴₫₪฿₦₱₡₲₵₸₼₾￥¢]";
const CODES =
  "USD|EUR|GBP|JPY|CNY|RMB|CHF|SEK|NOK|DKK|ISK|CAD|AUD|NZD|INR|BRL|MXN|ZAR|RUB|PLN|CZK|HUF|TRY|KRW|SGD|HKD|THB|ILS" +
  "|Fr\\.?|kr\\.?|Kr\\.?|Rs\\.?|Kč|zł|Ft|lei|lv|R\\$|US\\$|A\\$|C\\$|AU\\$|CA\\$|NZ\\$|HK\\$|S\\$";
const SPACES = " \u00a0\u2007\u2009\u202f";
const SIGNS = "+−–\\-";
const MAGNITUDES: Record<string, string> = {
  K: "e3", k: "e3", thousand: "e3", M: "e6", Mn: "e6", mn: "e6", mln: "e6", million: "e6",
  B: "e9", Bn: "e9", bn: "e9", billion: "e9",
}; // prettier-ignore
const SIZES = "thousand|million|billion|mln|Mn|mn|Bn|bn|K|k|M|B";
const MAGNITUDE = `(?<=[\\p{Nd}.,])[${SPACES}]?(${SIZES})(?![A-Za-z])`;
const MAGNITUDE_ALL = new RegExp(MAGNITUDE, "gu");
const CODES_ALL = new RegExp(CODES, "gu");
const BESIDE_DIGITS = new RegExp(
  `${MAGNITUDE}|${CODES}|${SYMBOLS}|[()%‰${SPACES}'’${SIGNS}]|[eE][+\\-]?\\p{Nd}+$`,
  "gu",
);
const PLAIN = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const WHOLE = /^[+-]?\d+(?:[eE][+-]?\d+)?$/;
const INFINITE = /^[+-]?inf(?:inity)?$/i;
const PATTERNS = new Map<Notation, RegExp>(NOTATIONS.map((notation) => [notation, pattern(notation)]));

/** The pattern of a number: a sign, a currency, digits, an exponent, a per cent sign. */
function pattern(notation: Notation): RegExp {
  const decimal = notation[0] === "." ? "\\." : ",";
  const separator = notation[1] === "." ? "\\." : (notation[1] ?? "");
  const marks = `${separator}${SPACES}'’`;
  const number = (name: string): string => {
    let whole = `\\p{Nd}+|\\p{Nd}{1,3}(?:(?<${name}>[${marks}])\\p{Nd}{3}(?:\\k<${name}>\\p{Nd}{3})*)`;
    if (separator === ",") whole += "|\\p{Nd}{1,2}(?:,\\p{Nd}\\p{Nd})+,\\p{Nd}{3}"; // 12,34,567
    return `(?:(?:${whole})(?:${decimal}\\p{Nd}*)?|${decimal}\\p{Nd}+)(?:[eE][+\\-]?\\p{Nd}+)?`;
  };
  const unit = `(?:${CODES}|${SYMBOLS})`;
  const before = `(?:[${SIGNS}]?(?:${unit}[${SPACES}]?)?|${unit}[${SPACES}]?[${SIGNS}])`;
  const behind = `(?:[${SPACES}]?(?:${SIZES})(?![A-Za-z]))?(?:[${SPACES}]?(?:[%‰]|${unit}))?\\+?`;
  const accounts = `\\((?:${unit}[${SPACES}]?)?${number("other")}${behind}\\)`;
  return new RegExp(`^(?:${before}${number("mark")}${behind}|${accounts})$`, "u");
}

/**
 * The number that a cell is in a notation, NaN where it is none. A currency beside it is left out; of 13.4% the number
 * is 13.4; (5) is minus 5; 1.5M is 1,500,000, and 3+ is 3.
 */
export function readNumber(cell: string, notation: Notation = "."): number {
  if (notation[0] === "." ? PLAIN.test(cell) : WHOLE.test(cell)) return Number(cell);
  if (cell === "") return NaN;
  if (INFINITE.test(cell)) return cell[0] === "-" ? -Infinity : Infinity;
  if (!(PATTERNS.get(notation) as RegExp).test(cell)) return NaN;
  return Number(asPlain(cell, notation));
}

/** A number in this notation as JavaScript writes it. */
function asPlain(cell: string, notation: Notation): string {
  let text = asciiDigits(cell);
  if (/(?![eE])\p{L}/u.test(text)) {
    text = text.replace(CODES_ALL, "").replace(MAGNITUDE_ALL, (_, size: string) => MAGNITUDES[size]);
  }
  text = text.replace(/\+$/, "");
  if (notation[1] !== undefined) text = text.split(notation[1]).join("");
  let out = "";
  for (const character of text) {
    if (character === notation[0]) out += ".";
    else if ("0123456789.eE+-".includes(character)) out += character;
    else if ("−–(".includes(character)) out += "-";
  }
  return out;
}

/** A column as numbers, NaN wherever the cell is none in this notation. */
export function readNumbers(cells: readonly string[], notation: Notation = "."): Float64Array {
  return Float64Array.from(cells, (cell) => readNumber(cell, notation));
}

/**
 * The notation in which most of the cells are numbers. A mark that stands before other than three digits, or after a
 * leading zero, is the decimal one; one that is there twice, or before the other one, separates thousands. Where a comma
 * might be either in all cells, it separates thousands.
 */
export function findNotation(cells: readonly string[]): Notation {
  if (!cells.some((cell) => cell.includes(",") || /\.\p{Nd}{3}\.\p{Nd}{3}/u.test(cell))) return ".";
  const { decimals, thousands, either } = marksOf(cells);
  const decimal = shown(decimals, thousands) || ".";
  const other = decimal === "," ? "." : ",";
  return (decimal + (thousands[other] || (either[other] && !decimals[other]) ? other : "")) as Notation;
}

type Marks = Record<"." | ",", number>;

/** The decimal mark that numbers show, or "" where each of their marks may be either one, as in 1,234. */
export function shownDecimal(cells: readonly string[]): "." | "," | "" {
  const { decimals, thousands } = marksOf(cells);
  return shown(decimals, thousands);
}

function shown(decimals: Marks, thousands: Marks): "." | "," | "" {
  const comma = [decimals[","], thousands["."]];
  const point = [decimals["."], thousands[","]];
  if (comma[0] > point[0] || (comma[0] === point[0] && comma[1] > point[1])) return ",";
  return point[0] || point[1] ? "." : "";
}

/** How many cells have a point or a comma before decimals, between thousands, or as either of them. */
function marksOf(cells: readonly string[]): { decimals: Marks; thousands: Marks; either: Marks } {
  const decimals = { ".": 0, ",": 0 };
  const thousands = { ".": 0, ",": 0 };
  const either = { ".": 0, ",": 0 };
  const shapes = cells.map((cell) => cell.replace(/(?<![0-9.,])0(?=[.,])/g, "z").replace(/[0-9]/g, "9"));
  for (const [shape, times] of counted(shapes)) {
    const body = shape.replace(BESIDE_DIGITS, "");
    const marks = (body.match(/[.,]/g) ?? []) as ("." | ",")[];
    if (marks.length === 0 || !/^[z9.,]+$/.test(body)) continue;
    const last = marks[marks.length - 1];
    const others = new Set(marks.slice(0, -1));
    const after = body.slice(body.lastIndexOf(last) + 1);
    if (!others.has(last)) {
      const before = body.indexOf(last);
      const decided = others.size > 0 || after.length !== 3 || before < 1 || before > 3 || body.includes("z");
      (decided ? decimals : either)[last] += times;
    }
    const separators = after.length === 3 ? (others.has(last) ? [last] : []) : [...others].filter((m) => m !== last);
    for (const mark of separators) thousands[mark] += times;
  }
  return { decimals, thousands, either };
}
