/**
 * Tables of text: what the layout says, applied to every record, with a count of all that is left out.
 *
 *     text ── records ──► the first rows ── findLayout ──► names, where the data begin
 *                    └──► rows ──► columns of cells
 */

import { DataError } from "../errors.ts";
import { counting, strip, thousands } from "../python.ts";
import { type RawTable } from "../raw.ts";
import { findDecimal } from "./decimals.ts";
import { namedColumns } from "./headers.ts";
import { alike, empty } from "./judging.ts";
import { findLayout, isComment, type Layout } from "./layout.ts";
import { refuseProse } from "./prose.ts";
import { DELIMITERS, findDelimiter, findQuote, isMissing, isNumber, records, type Row, shareOfNumbers } from "./records.ts";
import { rowsBelow } from "./totals.ts";

const HEAD = 1000; // rows that tell the layout
const FEW = 0.05; // of the rows may be of another length
const SHARED = 1000; // different cells of a column that are kept once each

/** How a file is to be read; null for what is to be found. */
export interface Settings {
  delimiter: string | null;
  header: boolean | null;
  decimal: string | null;
  /** Cells that stand for a missing value, besides the usual ones. */
  na: string[];
  /** Lines to leave out first. */
  skip: number;
}

export const FOUND: Settings = { delimiter: null, header: null, decimal: null, na: [], skip: 0 };

/** The table that a text holds; `lineOf`: the line of the file that a line of the text was. */
export function readText(
  text: string,
  name: string,
  settings: Settings,
  notes: string[],
  lineOf: (line: number) => number = (line) => line,
): RawTable {
  let { delimiter } = settings;
  let escape: string | null = null;
  const shown = settings.skip ? text.split("\n").slice(settings.skip).join("\n") : text;
  if (delimiter === null) {
    [delimiter, escape] = findDelimiter(shown);
    if (delimiter !== ",") notes.push(`cells are separated by ${DELIMITERS.get(delimiter)}`);
  }
  const quote = findQuote(shown, delimiter);
  if (quote === "'") notes.push("cells are in single quotes, which are left out");
  const found = records(text, delimiter, escape, quote);
  const table = readRows(found.rows, name, settings, notes, delimiter, lineOf);
  if (found.bad_quotes.length) {
    notes.push(`quotes that do not match were taken as they stand in ${listed(found.bad_quotes.map(lineOf))}`);
  }
  table.how.delimiter = delimiter;
  return table;
}

function readRows(
  rows: Generator<Row>,
  name: string,
  settings: Settings,
  notes: string[],
  delimiter: string,
  lineOf: (line: number) => number,
): RawTable {
  const marks = delimiter === ";" ? "#%" : "#%;";
  const head: Row[] = [];
  let lookedAt = 0;
  while (lookedAt < HEAD) {
    const next = rows.next();
    if (next.done) break;
    const [line, given] = next.value;
    if (line <= settings.skip) continue;
    lookedAt++;
    const cells = given.map(strip);
    if (cells.some(Boolean)) head.push([lineOf(line), cells]);
  }
  if (settings.delimiter === null) refuseProse(head.map(([, cells]) => cells), name); // prettier-ignore
  const layout = findLayout(head, name, marks, settings.header);
  if (!head.length || !layout.width || layout.start >= head.length) {
    const but = layout.header !== null ? "names of columns, but " : "";
    throw new DataError(`${name} has ${but}no rows; expected a table with a row for each sample`);
  }
  notes.push(...layout.notes);
  const body = new Body(name, layout, marks);
  body.blank = lookedAt - head.length;
  for (const [line, cells] of head.slice(layout.start)) body.take(line, cells);
  for (const [line, cells] of rows) if (line > settings.skip) body.take(lineOf(line), cells);
  body.finish(notes);
  const { columns, names, unnamed } = namedColumns(body.columns, layout.header, notes);
  if (settings.na.length) blank(columns, settings.na, notes);
  const { decimal, unclear } =
    settings.decimal !== null ? { decimal: settings.decimal, unclear: [] } : findDecimal(columns, delimiter);
  if (decimal === "," && settings.decimal === null) notes.push("numbers have decimal commas");
  if (layout.header === null) {
    const { lines } = body;
    notes.push(lines.length ? `the first row (line ${lines[0]}) was taken for data, not for names` : "no names");
  }
  const has_header = layout.header !== null;
  const how = { encoding: "", delimiter, header: has_header, decimal, na: settings.na, skip: settings.skip, names };
  return { source: name, names, columns, lines: body.lines, has_header, notes, how, unnamed, unclear };
}

/** The rows of data, gathered into columns. */
class Body {
  columns: string[][];
  lines: number[] = [];
  blank = 0;
  private readonly shared: Map<string, string>[];
  private readonly short: number[] = []; // places of rows that lack cells at their end
  private readonly long: Row[] = [];
  private comments = 0;
  private headers = 0;

  constructor(
    private readonly name: string,
    private readonly layout: Layout,
    private readonly marks: string,
  ) {
    this.columns = Array.from({ length: layout.width }, () => []);
    this.shared = this.columns.map(() => new Map());
  }

  /** Takes a row, or counts why it is left out. */
  take(line: number, cells: readonly string[]): void {
    const { width, header } = this.layout;
    if (!cells.some((cell) => strip(cell))) this.blank++;
    else if (cells.length === width) {
      if (header !== null && cells[width - 1] === header[width - 1] && alike(cells, header)) this.headers++;
      else this.put(line, cells);
    } else if (isComment(cells, this.marks)) this.comments++;
    else if (cells.length < width) {
      this.short.push(this.lines.length);
      this.put(line, [...cells, ...empty(width - cells.length)]);
    } else if (cells.slice(width).some((cell) => strip(cell))) this.long.push([line, [...cells]]);
    else this.put(line, cells.slice(0, width));
  }

  private put(line: number, cells: readonly string[]): void {
    this.lines.push(line);
    for (let j = 0; j < this.columns.length; j++) {
      let cell = strip(cells[j]);
      const shared = this.shared[j];
      const known = shared.get(cell);
      if (known !== undefined) cell = known;
      else if (shared.size < SHARED) shared.set(cell, cell);
      this.columns[j].push(cell);
    }
  }

  /** Judges rows of another length, leaves out totals, and says all that was left out. */
  finish(notes: string[]): void {
    const filled = (row: number): number => this.columns.filter((column) => column[row]).length;
    const allUnfit = this.short.filter((row) => !this.fits(row));
    const feet = new Set(allUnfit.filter((row) => row >= this.lines.length - 10 && filled(row) === 1));
    const unfit = new Set(allUnfit.filter((row) => !feet.has(row)));
    const odd = [...[...unfit].map((row) => this.lines[row]), ...this.long.map(([line]) => line)].sort((a, b) => a - b);
    this.refuseMany(odd);
    const padded = this.short.filter((row) => !unfit.has(row) && !feet.has(row)).map((row) => this.lines[row]);
    const again = this.namesAgain();
    this.headers += again.length;
    this.drop(new Set([...unfit, ...feet, ...again]));
    const { totals, alone } = rowsBelow(this.columns);
    if (totals.length) {
      const last = totals[totals.length - 1];
      const word = [...(this.columns.find((column) => column[last]) as string[])[last]].slice(0, 40).join("");
      const line = this.lines[totals[0]];
      notes.push(`${counting(totals.length, "row")} of totals at the end left out (line ${line}: ${word})`);
    }
    this.drop(new Set([...totals, ...alone]));
    const reasons: [number, string][] = [
      [odd.length, `left out for having other than ${this.layout.width} cells (${listed(odd)})`],
      [padded.length, `with too few cells: the last ones were taken for empty (${listed(padded)})`],
      [feet.size + alone.length, "with a single cell left out below the table"],
      [this.blank, "left out as blank"],
      [this.comments, "within the table left out as comments"],
      [this.headers, "left out for repeating the names of the columns"],
    ];
    for (const [n, said] of reasons) if (n) notes.push(`${counting(n, "row")} ${said}`);
  }

  private drop(rows: ReadonlySet<number>): void {
    if (!rows.size) return;
    this.columns = this.columns.map((column) => column.filter((_, row) => !rows.has(row)));
    this.lines = this.lines.filter((_, row) => !rows.has(row));
  }

  /** Rows that have a column's name where the column has numbers: the header once more. */
  private namesAgain(): number[] {
    const found = new Set<number>();
    (this.layout.header ?? []).forEach((name, j) => {
      const column = this.columns[j];
      if (!name || !column.includes(name) || shareOfNumbers(column.slice(0, 200)) < 0.9) return;
      column.forEach((cell, row) => cell === name && found.add(row));
    });
    return [...found];
  }

  /** Whether the cells of a short row are of the kind that their columns are, so that none was shifted. */
  private fits(row: number): boolean {
    const present = this.columns.filter((column) => column[row]).length;
    for (const column of this.columns.slice(0, present)) {
      const cell = column[row];
      const sample = column.slice(0, 200).filter((other) => !isMissing(other));
      if (sample.length && !isMissing(cell) && shareOfNumbers(sample) >= 0.9 && !isNumber(cell)) return false;
    }
    return present > 1 || this.layout.width <= 2;
  }

  private refuseMany(odd: readonly number[]): void {
    const n = this.lines.length + this.long.length;
    if (odd.length <= Math.max(2, FEW * n)) return;
    const got = this.long.find(([line]) => line === odd[0])?.[1].length ?? "fewer";
    throw new DataError(
      `${this.name}, line ${odd[0]}: expected ${this.layout.width} cells, as most rows have, but got ${got}; so it is in ` +
        `${thousands(odd.length)} rows of ${thousands(n)}. Give the delimiter if it is another, how many lines to leave ` +
        "out first (--skip, skip=), or mend the rows",
    );
  }
}

/** Empties the cells that the user says are missing. */
function blank(columns: string[][], na: readonly string[], notes: string[]): void {
  const tokens = new Set(na);
  let n = 0;
  columns.forEach((column, j) => {
    const found = column.filter((cell) => tokens.has(cell)).length;
    if (found) columns[j] = column.map((cell) => (tokens.has(cell) ? "" : cell));
    n += found;
  });
  notes.push(`${counting(n, "cell")} taken for missing, as ${na.map((token) => `'${token}'`).join(", ")} says`);
}

/** The first few lines of many. */
function listed(lines: readonly number[]): string {
  const more = lines.length > 5 ? ` and ${thousands(lines.length - 5)} more` : "";
  return `line${lines.length !== 1 ? "s" : ""} ${lines.slice(0, 5).join(", ")}${more}`;
}
