/**
 * Records of a text: lines split into cells, by a delimiter that is told from all of them. Quotes are those of RFC 4180;
 * a line whose quotes are not is read as it stands, and counted. As Python's csv module reads them.
 */

import { LIKELY_MISSING, NOTATIONS, readNumber, SURELY_MISSING } from "../cells.ts";
import { counted, length, strip, stripOf, words } from "../python.ts";

export const DELIMITERS: ReadonlyMap<string, string> = new Map(
  Object.entries({ ",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar", " ": "spaces" }),
);
const DATE = new RegExp(
  "^(?:\\p{Nd}{1,4}[-/.]\\p{Nd}{1,2}[-/.]\\p{Nd}{1,4}([ T]\\p{Nd}{1,2}:\\p{Nd}{2}\\S*)?( ?[AP]M)?" +
    "|\\p{Nd}{1,2}:\\p{Nd}{2}(:\\p{Nd}{2}(\\.\\p{Nd}+)?)?( ?[AP]M)?" +
    "|\\p{Nd}{1,2}[\\- ][A-Za-z]{3,9}[\\- ]\\p{Nd}{2,4}|[A-Za-z]{3,9}\\.? \\p{Nd}{1,2},? \\p{Nd}{4}|\\p{Nd}{4}-\\p{Nd}{2})$",
  "u",
);
const LOOKED_AT = 300; // records, and at most
const HEAD = 1 << 18; // characters
const LONGEST = 131_072; // characters of a cell that Python's reader takes

/** The line on which a record begins, and its cells. */
export type Row = [number, string[]];

export interface Records {
  rows: Generator<Row>;
  /** Lines whose quotes made no sense and were taken as they stand, as far as the records were read. */
  bad_quotes: number[];
}

interface Dialect {
  delimiter: string;
  escape: string | null;
  quote: string;
}

/** The records of a text; none has cells for blank lines. */
export function records(text: string, delimiter: string, escape: string | null = null, quote = '"'): Records {
  const bad_quotes: number[] = [];
  return { rows: read(text, { delimiter, escape, quote }, bad_quotes), bad_quotes };
}

function* read(text: string, dialect: Dialect, bad: number[]): Generator<Row> {
  let [line, start, rescanned] = [1, 0, 0];
  let quoting = text.includes(dialect.quote);
  while (start < text.length) {
    const cells: string[] = [];
    const reader: Reader = { state: "record", field: "", cells };
    let [place, taken, isGood] = [start, 0, true];
    do {
      if (place >= text.length) {
        isGood = !(reader.field !== "" || reader.state === "quoted"); // the data end within quotes
        break;
      }
      const end = lineEnd(text, place);
      isGood = readLine(reader, content(text, place, end, dialect), dialect, quoting);
      place = end;
      taken++;
    } while (isGood && reader.state !== "record");
    if (isGood) {
      yield [line, cells];
      line += taken;
      start = place;
      continue;
    }
    rescanned += taken;
    if (rescanned > 10_000 + 2 * line) quoting = false; // quotes mean nothing in this file
    const end = lineEnd(text, start);
    bad.push(line);
    yield [line, literal(stripOf(text.slice(start, end), "\r\n"), dialect)];
    line++;
    start = end;
  }
}

/** Where a line ends, its break included. */
function lineEnd(text: string, start: number): number {
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 10) return i + 1;
    if (code === 13) return text.charCodeAt(i + 1) === 10 ? i + 2 : i + 1;
  }
  return text.length;
}

function content(text: string, start: number, end: number, dialect: Dialect): string {
  const line = text.slice(start, end);
  return dialect.delimiter === " " ? `${stripOf(line.replaceAll("\t", " "), " \r\n")}\n` : line;
}

interface Reader {
  state: "record" | "start" | "field" | "escaped" | "quoted" | "escaped in quotes" | "quote in quotes" | "line end";
  field: string;
  cells: string[];
}

/** Takes a line, whose end ends the record unless it is within quotes; false where its quotes make no sense. */
function readLine(reader: Reader, line: string, dialect: Dialect, quoting: boolean): boolean {
  const { delimiter, escape, quote } = dialect;
  const isPlain = !(quoting && line.includes(quote)) && !(escape !== null && line.includes(escape));
  if (reader.state === "record" && isPlain) return readPlain(reader, line, delimiter);
  if (reader.state === "quoted" && isPlain) {
    reader.field += line;
    return reader.field.length <= LONGEST || length(reader.field) <= LONGEST;
  }
  for (const character of line) if (!readCharacter(reader, character, dialect, quoting)) return false;
  return endOfLine(reader);
}

function readPlain(reader: Reader, line: string, delimiter: string): boolean {
  const bare = stripOf(line, "\r\n", "right");
  if (bare === "") return true;
  let cells = delimiter === " " ? bare.split(/ +/) : bare.split(delimiter);
  if (delimiter !== " " && delimiter !== "\t") cells = cells.map((cell) => (cell[0] === " " ? cell.replace(/^ +/, "") : cell));
  reader.cells.push(...(cells.length < 10_000 ? cells : []));
  if (cells.length >= 10_000) for (const cell of cells) reader.cells.push(cell);
  return bare.length <= LONGEST || cells.every((cell) => length(cell) <= LONGEST);
}

function save(reader: Reader, next: Reader["state"]): boolean {
  reader.cells.push(reader.field);
  reader.field = "";
  reader.state = next;
  return true;
}

function readCharacter(reader: Reader, character: string, dialect: Dialect, quoting: boolean): boolean {
  const { delimiter, escape, quote } = dialect;
  const isBreak = character === "\n" || character === "\r";
  if (reader.state === "record" || reader.state === "start") {
    if (isBreak) {
      if (reader.state === "start") return save(reader, "line end");
      reader.state = "line end";
    } else if (quoting && character === quote) reader.state = "quoted";
    else if (character === escape) reader.state = "escaped";
    else if (character === " " && delimiter !== "\t") reader.state = "start";
    else if (character === delimiter) return save(reader, "start");
    else return add(reader, character, "field");
    return true;
  }
  switch (reader.state) {
    case "field":
      if (isBreak) return save(reader, "line end");
      if (character === escape) reader.state = "escaped";
      else if (character === delimiter) return save(reader, "start");
      else return add(reader, character, "field");
      return true;
    case "escaped":
      return add(reader, character, "field");
    case "quoted":
      if (character === escape) reader.state = "escaped in quotes";
      else if (quoting && character === quote) reader.state = escape === null ? "quote in quotes" : "field";
      else return add(reader, character, "quoted");
      return true;
    case "escaped in quotes":
      return add(reader, character, "quoted");
    case "quote in quotes":
      if (quoting && character === quote) return add(reader, character, "quoted");
      if (character === delimiter) return save(reader, "start");
      return isBreak ? save(reader, "line end") : false;
    default:
      return isBreak;
  }
}

function add(reader: Reader, character: string, state: Reader["state"]): boolean {
  reader.field += character;
  reader.state = state;
  return reader.field.length <= LONGEST || length(reader.field) <= LONGEST;
}

function endOfLine(reader: Reader): boolean {
  if (reader.state === "start" || reader.state === "field" || reader.state === "quote in quotes") return save(reader, "record");
  if (reader.state === "escaped") return add(reader, "\n", "field");
  if (reader.state === "escaped in quotes") return add(reader, "\n", "quoted");
  if (reader.state === "line end") reader.state = "record";
  return true;
}

/** The cells of one line whose quotes do not match. */
function literal(line: string, dialect: Dialect): string[] {
  const { delimiter, quote } = dialect;
  if (line.split(quote).length % 2 === 1) {
    const reader: Reader = { state: "record", field: "", cells: [] };
    if (readLoose(reader, line, { ...dialect, escape: null })) return reader.cells;
  }
  return delimiter === " " ? words(line) : line.split(delimiter);
}

/** Takes a line as Python's reader does where it is not strict: what follows a closing quote belongs to the cell. */
function readLoose(reader: Reader, line: string, dialect: Dialect): boolean {
  const isLoose = { ...dialect };
  for (const character of line) {
    const wasClosed = reader.state === "quote in quotes";
    if (dialect.delimiter === "\t" && character === " " && (reader.state === "record" || reader.state === "start")) {
      reader.state = "start"; // here spaces before a cell are left out by any delimiter
      continue;
    }
    if (!readCharacter(reader, character, isLoose, true)) {
      if (!wasClosed || !add(reader, character, "field")) return false;
    }
  }
  if (reader.state === "quoted") return save(reader, "record");
  return endOfLine(reader);
}

/** Whether a cell is a number, in whatever notation. */
export function isNumber(cell: string): boolean {
  return NOTATIONS.some((notation) => !Number.isNaN(readNumber(cell, notation)));
}

/** The share of the cells that are. */
export function shareOfNumbers(cells: readonly string[]): number {
  return cells.filter(isNumber).length / cells.length;
}

/** Whether a cell looks like a date or a time. */
export function isDate(cell: string): boolean {
  return DATE.test(cell);
}

/** Whether a cell may stand for a missing value. */
export function isMissing(cell: string): boolean {
  return SURELY_MISSING.has(cell) || LIKELY_MISSING.has(cell);
}

function firstRows(found: Records): string[][] {
  const rows: string[][] = [];
  for (const [, cells] of found.rows) if (rows.push(cells) === LOOKED_AT) break;
  return rows;
}

/** What stands between the cells, and what stands before a quote within quotes. */
export function findDelimiter(text: string): [string, string | null] {
  let head = text;
  if (text.length > HEAD) head = text.slice(0, text.lastIndexOf("\n", HEAD - 1) + 1) || text.slice(0, HEAD);
  let best: [string, string | null] = [",", null];
  let most = 0;
  for (const delimiter of DELIMITERS.keys()) {
    if (!head.includes(delimiter) && !(delimiter === " " && head.includes("\t"))) continue;
    const plain = records(head, delimiter);
    let worth = score(delimiter, firstRows(plain));
    let escape: string | null = null;
    if (plain.bad_quotes.length && head.includes('\\"')) {
      const escaped = records(head, delimiter, "\\");
      const other = score(delimiter, firstRows(escaped));
      if (escaped.bad_quotes.length < plain.bad_quotes.length) [worth, escape] = [other, "\\"];
    }
    if (worth > most) [most, best] = [worth, [delimiter, escape]];
  }
  return best;
}

/** What stands around cells: a single quote where most lines have cells in them and none in double quotes. */
export function findQuote(text: string, delimiter: string): string {
  const head = text.slice(0, HEAD);
  const lines = head.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/).slice(0, LOOKED_AT);
  if (lines.length && lines[lines.length - 1] === "") lines.pop();
  if (!head.includes("'") || lines.some((line) => line.includes('"'))) return '"';
  const mark = `\\u${delimiter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const cell = new RegExp(`(?:^|${mark})\\s*'[^']*'\\s*(?=${mark}|$)`);
  return 2 * lines.filter((line) => cell.test(line)).length > lines.length ? "'" : '"';
}

/** From 0 to 1 how well a delimiter explains the lines. */
function score(delimiter: string, given: string[][]): number {
  let rows = given.filter((cells) => cells.length).map((cells) => cells.map(strip));
  const plain = rows.filter((cells) => !/^[#%]/.test(cells[0]));
  if (plain.length) rows = plain;
  const widths = counted(rows.map((cells) => cells.length));
  let width = 1;
  let most = [-1, 0];
  for (const [n, times] of widths) {
    const worth = n > 1 ? times : 0;
    if (worth > most[0] || (worth === most[0] && n > most[1])) [width, most] = [n, [worth, n]];
  }
  if (width < 2) return 0;
  const lacksIndex = rows.length > 1 && rows[0].length === width - 1 ? 1 : 0; // R gives the row names no name
  const share = (widths.get(width) as number) / (rows.length - lacksIndex);
  if (delimiter === " " && ((rows[0].length !== width && rows[0].length !== width - 1) || share < 0.9)) return 0;
  if (share < 0.4) return 0;
  const others = [...DELIMITERS.keys()].filter((other) => other !== delimiter && other !== " ");
  let [worth, n] = [0, 0];
  for (const row of rows) {
    if (row.length !== width) continue;
    for (const cell of row) {
      n++;
      if (isNumber(cell) || isMissing(cell) || isDate(cell)) worth += 1;
      else if (!others.some((other) => cell.includes(other))) worth += 0.9;
    }
  }
  return share ** 2 * (0.2 + (0.8 * worth) / n) * (delimiter === " " ? 0.95 : 1);
}
