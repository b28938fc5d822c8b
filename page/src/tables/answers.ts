/** What a network answers for rows of a table: classes with probabilities, or numbers; and how well it does. */

import { type Matrix, encode } from "./encoding/encoder.ts";
import { parsed } from "./parsing.ts";
import { type Part, type Prepared, takesStandardized, unitsOf } from "./prepared.ts";

/** The place of each row's class, from outputs: the largest of several, or one above ½. */
export function chosen(outputs: Float32Array, n: number): Int32Array {
  const width = outputs.length / n;
  return Int32Array.from({ length: n }, (_, row) => {
    if (width === 1) return Number(outputs[row] > 0.5);
    let best = 0;
    for (let k = 1; k < width; k++) if (outputs[row * width + k] > outputs[row * width + best]) best = k;
    return best;
  });
}

/** The probability of each class, from the outputs of one row. */
export function probabilities(outputs: Float32Array): number[] {
  return outputs.length === 1 ? [1 - outputs[0], outputs[0]] : [...outputs];
}

/** Numbers in their own units. */
export function inUnits(outputs: Float32Array, prepared: Prepared, loss: string): Float64Array {
  const { mean, deviation } = takesStandardized(loss) ? unitsOf(prepared) : { mean: 0, deviation: 1 };
  return Float64Array.from(outputs, (value) => value * deviation + mean);
}

export interface ClassScore {
  kind: "classes";
  n: number;
  accuracy: number;
  /** The share of the most frequent class: what one gets without a network. */
  baseline: number;
  /** Rows are true classes, columns predicted ones. */
  confusion: number[][];
  answers: Int32Array;
  /** The probability of each row's answer. */
  confidence: Float32Array;
}

export interface NumberScore {
  kind: "number";
  n: number;
  r2: number;
  /** The mean absolute error, and that of always answering the mean. */
  mae: number;
  baseline: number;
  answers: Float64Array;
}

export type Score = ClassScore | NumberScore;

export function score(part: Part, outputs: Float32Array, prepared: Prepared, loss: string): Score {
  return part.labels ? ofClasses(part.labels, outputs, prepared.classes.length) : ofNumbers(part, inUnits(outputs, prepared, loss));
}

function ofClasses(labels: Int32Array, outputs: Float32Array, classes: number): ClassScore {
  const n = labels.length;
  const width = outputs.length / n;
  const answers = chosen(outputs, n);
  const confusion = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  const confidence = new Float32Array(n);
  let right = 0;
  for (let row = 0; row < n; row++) {
    confusion[labels[row]][answers[row]]++;
    right += Number(labels[row] === answers[row]);
    const one = outputs[row];
    confidence[row] = width === 1 ? (answers[row] ? one : 1 - one) : outputs[row * width + answers[row]];
  }
  const most = confusion.reduce((best, counts) => Math.max(best, counts.reduce((a, b) => a + b, 0)), 0); // prettier-ignore
  return { kind: "classes", n, accuracy: right / n, baseline: most / n, confusion, answers, confidence };
}

function ofNumbers(part: Part, answers: Float64Array): NumberScore {
  const truth = part.numbers as Float64Array;
  const n = truth.length;
  const mean = truth.reduce((a, b) => a + b, 0) / n;
  let [left, spread, error, baseline] = [0, 0, 0, 0];
  for (let row = 0; row < n; row++) {
    left += (truth[row] - answers[row]) ** 2;
    spread += (truth[row] - mean) ** 2;
    error += Math.abs(truth[row] - answers[row]);
    baseline += Math.abs(truth[row] - mean);
  }
  const r2 = spread > 0 ? 1 - left / spread : left === 0 ? 1 : 0;
  return { kind: "number", n, r2, mae: error / n, baseline: baseline / n, answers };
}

/** A row that somebody typed in, encoded; and the fields whose cells cannot be read, which are taken as missing. */
export function encodeRow(prepared: Prepared, cells: readonly string[]): { matrix: Matrix; unread: string[] } {
  const missing = new Set(prepared.table.missing as string[]);
  const unread: string[] = [];
  const columns = prepared.fields.map((field, j) => {
    const [values, wrong] = parsed([cells[j].trim()], field.column.kind, missing);
    if (wrong.length) unread.push(field.name);
    return values;
  });
  const names = prepared.fields.map((field) => field.name);
  return { matrix: encode(prepared.encoder, { names, columns, n: 1 }), unread };
}
