/**
 * A table ready to be learned from, and what views show of it:
 *
 *     raw table ── understand ──► Overview (columns, notes)     ── prepare ──► Prepared (matrices, encoder, targets)
 */

import { type Data } from "../engine/engine.ts";
import { readNumber } from "./cells.ts";
import { type Options, survey, understand } from "./deciding.ts";
import { type Encoder, encode, learnEncoder, type Matrix, outputNames } from "./encoding/encoder.ts";
import { meanAndDeviation } from "./encoding/scaling.ts";
import { DataError } from "./errors.ts";
import { type Histogram, histogram } from "./histograms.ts";
import { type Kind } from "./kinds.ts";
import { parsed, take } from "./parsing.ts";
import { thousands } from "./python.ts";
import { nRows, type RawTable } from "./raw.ts";
import { quoted } from "./reading/read.ts";
import { placesOfClasses, splitRows } from "./splitting.ts";
import { type Statistic } from "./statistics.ts";
import { areWhole, networkClasses, type Target } from "./target.ts";
import { described, inputsOf, takeRows, type Understanding } from "./understanding.ts";

const FEWEST = 10; // rows with a target
const MOST_NUMBERS = 30_000_000; // of all matrices together
const PREVIEW = 8;

/** What is shown of a column. */
export interface ColumnView {
  name: string;
  kind: Kind["name"];
  use: "input" | "target" | "left out";
  reason: string;
  missing: number;
  distinct: number;
  examples: string[];
  histogram: Histogram | null;
  /** Of dates that may begin with the day or the month. */
  ambiguous: boolean;
}

export interface Overview {
  source: string;
  n_rows: number;
  sampled: { kept: number; total: number } | null;
  columns: ColumnView[];
  target: Target | null;
  notes: string[];
  /** Why nothing can be learned with these options. */
  refusal: string | null;
  preview: string[][];
  /** How the file was read. */
  how: RawTable["how"];
  inputs: number;
}

/** What is learned from; numbers of rows are those of the table, from 0. */
export interface Prepared {
  target: Target;
  /** In the order of the network's outputs; [] of numbers. */
  classes: (string | number)[];
  outputs: string[];
  encoder: Encoder;
  train: Part;
  test: Part;
  /** Of numbers: mean and standard deviation of the training rows. */
  scale: { mean: number; deviation: number } | null;
  /** Python's Understanding, for the model file. */
  table: Record<string, unknown>;
  /** The fields of a row to be typed in. */
  fields: Field[];
}

export interface Field {
  name: string;
  column: Pick<Understanding["columns"][number], "kind">;
  /** A usual value: the median, or the most frequent one. */
  usual: string;
  /** Of categories, the most frequent ones. */
  choices: string[];
}

export interface Part extends Matrix {
  /** The line of the file of each row. */
  lines: number[];
  /** The place of each row in the table. */
  places: number[];
  /** The place of each row's class, or its number. */
  labels: Int32Array | null;
  numbers: Float64Array | null;
}

/** The overview of a table by some options; the raw table's own notes stay as they are. */
export function overview(raw: RawTable, sampled: Overview["sampled"], options: Options): [Overview, Understanding | null] {
  const own = { ...raw, notes: [...raw.notes] };
  const shown = (columns: Understanding["columns"], missing: ReadonlySet<string>): ColumnView[] =>
    columns.map((column, j) => view(raw, j, column, missing, columns.length));
  const rest = { source: raw.source, n_rows: nRows(raw), sampled, preview: preview(raw), how: raw.how };
  try {
    const found = understand(own, options);
    const columns = shown(found.columns, found.missing);
    const inputs = inputsOf(found).length;
    return [{ ...rest, columns, target: found.target, notes: found.notes, refusal: null, inputs }, found];
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const bare = { ...raw, notes: [] };
    let columns: ColumnView[] = [];
    try {
      columns = shown(survey(bare, { ...options, target: null }), new Set([""]));
    } catch {
      columns = shown(survey({ ...raw, notes: [] }), new Set([""]));
    }
    return [{ ...rest, columns, target: null, notes: own.notes, refusal: error.message, inputs: 0 }, null];
  }
}

function preview(raw: RawTable): string[][] {
  const columns = raw.columns.slice(0, 200);
  const n = Math.min(PREVIEW, nRows(raw));
  return Array.from({ length: n }, (_, row) => columns.map((column) => column[row].slice(0, 120)));
}

function view(raw: RawTable, j: number, column: Understanding["columns"][number], missing: ReadonlySet<string>, n: number): ColumnView {
  const { name, kind, use, reason, statistic } = column;
  const isPlain = kind.name === "number" || kind.name === "date" || kind.name === "category" || kind.name === "yes/no";
  const picture = n <= 1000 && isPlain ? histogram(parsed(raw.columns[j], kind, missing)[0]) : null;
  return {
    name, kind: kind.name, use, reason, missing: missingOf(statistic, kind), distinct: statistic.n_distinct,
    examples: statistic.examples.map((cell) => cell.slice(0, 60)), histogram: picture, ambiguous: kind.is_ambiguous,
  }; // prettier-ignore
}

function missingOf(s: Statistic, kind: Kind): number {
  const likely = kind.name === "number" || kind.name === "date" || kind.name === "yes/no" || "whole" in kind.how;
  return s.missing + (likely ? s.likely : 0);
}

export interface Split {
  test: number;
  /** The share of the other rows that neither teaches nor tests, as with Python's command; 0 for none. */
  validation: number;
  seed: number;
}

/** The rows of all parts, encoded; the encoder is learned from the training rows alone. */
export function prepare(raw: RawTable, found: Understanding, split: Split): Prepared {
  const { target, answers } = found;
  const n = found.kept.length;
  if (n < FEWEST) {
    throw new DataError(
      `${raw.source} has ${n} rows with a target; at least ${FEWEST} are needed, some of them to test`,
    );
  }
  const classes = target.kind === "classes" ? networkClasses(target) : [];
  const places = classes.length ? placesOfClasses(answers, classes) : undefined;
  const parts = splitRows(n, { ...split, classes: places });
  const known = places ? new Set(parts.train.map((row) => places[row])) : null;
  const lacking = known ? classes.filter((_, i) => !known.has(i) && places?.includes(i)) : [];
  if (lacking.length) {
    throw new DataError(
      `${found.source}: some classes have too few rows: ${lacking.slice(0, 5).join(", ")} ` +
        `${lacking.length === 1 ? "is" : "are"} not among the ${parts.train.length} rows to train; give more rows of the ` +
        "others, or hold out others",
    );
  }
  const kinds = inputsOf(found).map((column) => column.kind.name);
  const [encoder, train] = learnEncoder(takeRows(found.features, parts.train), kinds, take(answers, parts.train));
  if (n * train.n_in > MOST_NUMBERS) {
    throw new DataError(
      `${found.source} would give ${thousands(n)} rows of ${thousands(train.n_in)} inputs, more than the page can hold. ` +
        `Leave columns out, or train on it with Python: layerwise train ${quoted(found.source)}`,
    );
  }
  const part = (rows: number[], matrix: Matrix): Part => ({
    ...matrix,
    lines: rows.map((row) => raw.lines[found.kept[row]]),
    places: rows.map((row) => found.kept[row]),
    labels: places ? Int32Array.from(rows, (row) => places[row]) : null,
    numbers: answers.type === "text" ? null : Float64Array.from(rows, (row) => answers.values[row]),
  });
  const held = (rows: number[]): Part => part(rows, encode(encoder, takeRows(found.features, rows)));
  const numbers = answers.type === "text" ? null : Float64Array.from(parts.train, (row) => answers.values[row]);
  return {
    target,
    classes: areWhole(classes) ? classes.map(Number) : classes,
    outputs: outputNames(encoder),
    encoder,
    train: part(parts.train, train),
    test: held(parts.test),
    scale: numbers && meanAndDeviation(numbers),
    table: described(found),
    fields: fields(found),
  };
}

function fields(found: Understanding): Field[] {
  return inputsOf(found).map(({ name, kind, statistic }) => {
    const counts = [...(statistic.distinct ?? [])].sort((a, b) => b[1] - a[1]).map(([cell]) => cell);
    const isChosen = kind.name === "category" || kind.name === "yes/no" || kind.name === "text";
    const choices = isChosen ? counts.slice(0, 50) : [];
    const usual = (kind.name === "number" ? median(statistic, kind) : counts[0]) ?? statistic.examples[0] ?? "";
    return { name, column: { kind }, usual, choices };
  });
}

/** The cell in the middle of a column's numbers. */
function median({ distinct }: Statistic, { how }: Kind): string | undefined {
  const cells = [...(distinct ?? [])].map(([cell, n]) => ({ cell, n, value: readNumber(cell, how.notation) }));
  const known = cells.filter(({ value }) => Number.isFinite(value)).sort((a, b) => a.value - b.value);
  let left = known.reduce((sum, { n }) => sum + n, 0) / 2;
  return known.find(({ n }) => (left -= n) <= 0)?.cell;
}

/** The targets as a loss takes them: standardized, where that depends on differences alone. */
export function dataOf(prepared: Prepared, part: Part, isStandardized: boolean): Data {
  const { X, n, n_in, labels, numbers } = part;
  if (labels) return { X, n, n_in, task: "classification", labels, classes: prepared.classes };
  const { mean, deviation } = isStandardized ? unitsOf(prepared) : { mean: 0, deviation: 1 };
  const targets = (numbers as Float64Array).map((value) => (value - mean) / deviation);
  return { X, n, n_in, task: "regression", targets, n_out: 1 };
}

/** Mean and scale of the targets; a scale of 1 where all are the same. */
export function unitsOf({ scale }: Prepared): { mean: number; deviation: number } {
  return { mean: scale?.mean ?? 0, deviation: scale && scale.deviation > 0 ? scale.deviation : 1 };
}

const BY_DIFFERENCES = ["MeanSquaredError", "QuadraticCost", "MeanAbsoluteError", "Huber", "Quantile"];

/** Whether numbers may be learned standardized with a loss. */
export function takesStandardized(loss: string): boolean {
  return BY_DIFFERENCES.includes(loss);
}
