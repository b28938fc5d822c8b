/**
 * Tables as a network wants them: categories become ±1 or one-hot columns, numbers are scaled robustly and clipped. What
 * Python's TableEncoder makes of the same rows, to the last bit of float32; its description goes into a model file.
 */

import { DataError } from "../errors.ts";
import { type Values } from "../parsing.ts";
import { compareText, counted, repr, thousands } from "../python.ts";
import { type Features } from "../understanding.ts";
import { type DateColumn, learnDates, namesOfDates, writeDates } from "./dates.ts";
import { levels, robustScaling, smoothClip } from "./scaling.ts";
import { learnText, meanTargets, type TextColumn, writeText } from "./text.ts";

const MOST = 1000; // categories of one column

interface NumberColumn {
  name: string;
  kind: "number";
  center: number;
  factor: number;
  missing: [number, number] | null;
}

interface CategoryColumn {
  name: string;
  kind: "category";
  categories: string[];
  /** Of each output: another category, its own category, missing or unknown. */
  levels: [number, number, number][];
}

export type EncodedColumn = NumberColumn | CategoryColumn | DateColumn | TextColumn;

/** What the columns of a table become; the kinds are those that were decided for them. */
export interface Encoder {
  columns: EncodedColumn[];
  kinds: [string, string][];
}

export interface Matrix {
  X: Float32Array;
  n: number;
  n_in: number;
}

/** The encoder that the training rows give, and these rows encoded: text by means of other rows. */
export function learnEncoder(features: Features, kinds: readonly string[], answers: Values): [Encoder, Matrix] {
  const own = new Map<number, Float64Array[]>();
  const targets = kinds.includes("text") ? meanTargets(answers) : null;
  const columns = features.columns.map((column, j): EncodedColumn => {
    const name = features.names[j];
    if (column.type === "number") return learnNumber(name, column.values);
    if (column.type === "date") return learnDates(name, column.values);
    if (kinds[j] !== "text") return learnCategory(name, column.values);
    const [text, rows] = learnText(name, column.values, targets);
    own.set(j, rows);
    return text;
  });
  const encoder: Encoder = {
    columns,
    kinds: features.names.map((name, j) => [name, kinds[j] === "yes/no" ? "category" : kinds[j]]),
  };
  if (!outputNames(encoder).length) throw new DataError("X: no column has any value; there is nothing to encode");
  return [encoder, encode(encoder, features, own)];
}

function learnNumber(name: string, values: Float64Array): NumberColumn {
  const present = values.filter((value) => !Number.isNaN(value));
  if (!present.length) return { name, kind: "number", center: 0, factor: 0, missing: null };
  const scaling = robustScaling(present);
  const nMissing = values.length - present.length;
  if (!nMissing) return { name, kind: "number", ...scaling, missing: null };
  const [there, missing] = levels([0, 1], [present.length, nMissing]);
  return { name, kind: "number", ...scaling, missing: [there, missing] };
}

function learnCategory(name: string, cells: (string | null)[]): CategoryColumn {
  const found = [...counted(cells)].filter(([value]) => value !== null) as [string, number][];
  found.sort((a, b) => compareText(a[0], b[0]));
  if (found.length > MOST) {
    throw new DataError(
      `column ${repr(name)} has ${thousands(found.length)} categories, as a name or a number of order has; leave it out, ` +
        "or take it as text, whose frequency and mean target are encoded",
    );
  }
  const categories = found.map(([value]) => value);
  const n = cells.length;
  if (found.length === 2) {
    const [first, second] = found.map(([, count]) => count);
    const [low, middle, high] = levels([-1, 0, 1], [first, n - first - second, second]);
    return { name, kind: "category", categories, levels: [[low, high, middle]] };
  }
  const own = found.map(([, count]): [number, number, number] => {
    const [off, on] = levels([0, 1], [n - count, count]);
    return [off, on, off];
  });
  return { name, kind: "category", categories, levels: own };
}

/** What each input of the network is: age, age=missing, city=Oslo, day=month sin. */
export function outputNames(encoder: Encoder): string[] {
  return encoder.columns.flatMap(namesOf);
}

export function namesOf(column: EncodedColumn): string[] {
  if (column.kind === "number") return column.missing === null ? [column.name] : [column.name, `${column.name}=missing`];
  if (column.kind === "date") return namesOfDates(column);
  if (column.kind === "text") return column.outputs.map((name) => `${column.name}=${name}`);
  const shown = column.levels.length ? column.categories.slice(-column.levels.length) : [];
  return shown.map((value) => `${column.name}=${value}`);
}

/** Rows as the network takes them; `own`: of columns that are known already. */
export function encode(encoder: Encoder, features: Features, own = new Map<number, Float64Array[]>()): Matrix {
  const widths = encoder.columns.map((column) => namesOf(column).length);
  const n_in = widths.reduce((a, b) => a + b, 0);
  const X = new Float32Array(features.n * n_in);
  let start = 0;
  encoder.columns.forEach((column, at) => {
    const put = (row: number, j: number, z: number): void => {
      X[row * n_in + start + j] = z;
    };
    const known = own.get(at);
    const given = features.columns[at];
    if (known !== undefined) known.forEach((values, j) => values.forEach((z, row) => put(row, j, z)));
    else if (column.kind === "number") writeNumber(column, given.values as Float64Array, put);
    else if (column.kind === "date") writeDates(column, given.values as Float64Array, put);
    else if (column.kind === "text") writeText(column, given.values as (string | null)[], put);
    else writeCategory(column, given.values as (string | null)[], put);
    start += widths[at];
  });
  return { X, n: features.n, n_in };
}

type Put = (row: number, j: number, z: number) => void;

function writeNumber(column: NumberColumn, values: Float64Array, put: Put): void {
  values.forEach((value, row) => {
    const isMissing = Number.isNaN(value);
    put(row, 0, isMissing ? 0 : smoothClip((value - column.center) * column.factor));
    if (column.missing !== null) put(row, 1, column.missing[Number(isMissing)]);
  });
}

function writeCategory(column: CategoryColumn, cells: (string | null)[], put: Put): void {
  const index = new Map(column.categories.map((value, i) => [value, i]));
  const code = (cell: string | null): number => (cell === null ? -1 : (index.get(cell) ?? -1));
  if (column.categories.length === 2) {
    const [first, second, unknown] = column.levels[0];
    cells.forEach((cell, row) => put(row, 0, [unknown, first, second][code(cell) + 1]));
    return;
  }
  cells.forEach((cell, row) => {
    const own = code(cell);
    column.levels.forEach(([off, on], j) => put(row, j, j === own ? on : off));
  });
}

/** The encoder as a model file has it: Python's `TableEncoder.from_dict` reads it. */
export function describedEncoder(encoder: Encoder): Record<string, unknown> {
  return {
    config: {
      categorical: null, max_categories: null, scale_categories: true, exclude: null, dates: null, max_inputs: null,
      kinds: encoder.kinds,
    },
    has_names: true,
    columns: encoder.columns,
  }; // prettier-ignore
}
