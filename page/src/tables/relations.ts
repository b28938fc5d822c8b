/**
 * What columns are to each other: the same twice, or the target in another form. Categories are compared as codes, so
 * that "f" and "m" are the same column as "female" and "male".
 */

import { type Values } from "./parsing.ts";

const NEARLY = 0.99; // of the rows: a column that tells the target in so many of them is said
const ROWS_A_VALUE = 10;
const LINEAR = 0.99999; // of the correlation

/** A number for each value, -1 where it is missing: in order of first occurrence, or of size. */
export function codesOf(column: Values): Int32Array {
  if (column.type === "text") {
    const found = new Map<string, number>();
    return Int32Array.from(column.values, (value) => {
      if (value === null) return -1;
      const code = found.get(value) ?? found.size;
      found.set(value, code);
      return code;
    });
  }
  const sorted = [...new Set(column.values.filter((value) => !Number.isNaN(value)))].sort((a, b) => a - b);
  const codes = new Map(sorted.map((value, code) => [value, code]));
  return Int32Array.from(column.values, (value) => codes.get(value) ?? -1);
}

/** Which columns hold the same as one before them: equal numbers or dates, or categories one to one. */
export function duplicates(columns: readonly (Values | null)[]): Map<number, number> {
  const seen = new Map<number, number[]>();
  const codes = columns.map((column) => (column?.type === "text" ? codesOf(column) : column?.values));
  const found = new Map<number, number>();
  columns.forEach((column, j) => {
    if (column === null) return;
    const key = digest(codes[j] as ArrayLike<number>);
    const alike = (seen.get(key) ?? []).find((k) => columns[k]?.type === column.type && same(codes[k], codes[j]));
    if (alike !== undefined) found.set(j, alike);
    else seen.set(key, [...(seen.get(key) ?? []), j]);
  });
  return found;
}

function digest(values: ArrayLike<number>): number {
  let hash = 0;
  for (let i = 0; i < values.length; i++) hash = (Math.imul(hash, 31) + (values[i] * 1000 || 7)) | 0;
  return hash;
}

function same(a: unknown, b: unknown): boolean {
  const [x, y] = [a as ArrayLike<number>, b as ArrayLike<number>];
  for (let i = 0; i < x.length; i++) if (!Object.is(x[i], y[i])) return false;
  return true;
}

/**
 * How a column tells the target: "same", "nearly", or "" where it doesn't. A number is told by a multiple of it plus a
 * constant; a class by a column if each of its values, or its being missing, stands beside one class.
 */
export function tells(feature: Values, target: Values): "same" | "nearly" | "" {
  if (target.type === "number") return feature.type === "number" ? linear(feature.values, target.values) : "";
  const x = codesOf(feature);
  const y = codesOf(target);
  if (x.some((code) => code < 0) && x.some((code) => code >= 0)) {
    const isMissing = x.map((code) => Number(code < 0)); // being missing may tell it, too
    return told(x.map((code) => code + 1), y) || told(isMissing, y); // prettier-ignore
  }
  return told(x, y);
}

function linear(feature: Float64Array, target: Float64Array): "same" | "nearly" | "" {
  const rows: number[] = [];
  feature.forEach((value, row) => Number.isFinite(value) && rows.push(row));
  if (rows.length < 3 || rows.length / feature.length < NEARLY) return "";
  const x = rows.map((row) => feature[row]);
  const y = rows.map((row) => target[row]);
  if (x.every((value, i) => value === y[i])) return "same";
  const [meanX, meanY] = [mean(x), mean(y)];
  const spread = Math.sqrt(mean(x.map((v) => (v - meanX) ** 2))) * Math.sqrt(mean(y.map((v) => (v - meanY) ** 2)));
  if (!(spread > 0) || !Number.isFinite(spread)) return "";
  return Math.abs(mean(x.map((v, i) => (v - meanX) * (y[i] - meanY))) / spread) > LINEAR ? "nearly" : "";
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function most(values: Int32Array): number {
  return values.reduce((a, b) => Math.max(a, b), -1) + 1;
}

/** How codes tell the codes of classes. */
function told(x: Int32Array, y: Int32Array): "same" | "nearly" | "" {
  const [nX, nY, rows] = [most(x), most(y), y.length];
  if (nX < nY || nX < 2 || nY > 1000 || nX > Math.max(2 * nY, Math.floor(rows / ROWS_A_VALUE))) return "";
  const table = new Int32Array(nX * nY);
  for (let i = 0; i < rows; i++) table[x[i] * nY + y[i]]++;
  const perClass = new Float64Array(nY);
  const mostOfClass = new Float64Array(nY);
  let [right, filled] = [0, 0];
  for (let i = 0; i < nX; i++) {
    let best = 0;
    for (let k = 0; k < nY; k++) {
      const n = table[i * nY + k];
      best = Math.max(best, n);
      perClass[k] += n;
      mostOfClass[k] = Math.max(mostOfClass[k], n);
      if (n > 0) filled++;
    }
    right += best;
  }
  const share = right / rows;
  if (share === 1 && nX === nY && filled === nX) return "same";
  const usual = perClass.reduce((a, b) => Math.max(a, b), 0) / rows;
  const left = rows - mostOfClass.reduce((a, b) => a + b, 0);
  return share >= NEARLY && left < rows && share > usual + (1 - usual) * 0.95 ? "nearly" : "";
}
