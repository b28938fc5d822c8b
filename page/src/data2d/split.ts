/**
 * Points as the engine takes them: rows of inputs with labels or values, parted into training and test rows. Inputs
 * are rounded to four decimals, so that a script can carry them.
 */
import type { Data, Rows } from "../engine/engine";
import { type Feature, columns } from "./features";
import { Draw } from "./philox";
import { type Points, rounded } from "./points";

export interface Split {
  train: number[];
  test: number[];
}

/** Which points are for testing: drawn from a seed, at least one of each kind where there are two points. */
export function split(n: number, testShare: number, seed: number): Split {
  const most = Math.max(0, n - 1);
  const count = testShare > 0 ? Math.min(most, Math.max(1, Math.round(n * testShare))) : 0;
  const order = new Draw(seed, 2).order(n);
  const ascending = (a: number, b: number) => a - b;
  return { test: order.slice(0, count).sort(ascending), train: order.slice(count).sort(ascending) };
}

export function rowsOf(features: Feature[], x: ArrayLike<number>, y: ArrayLike<number>): Rows {
  return { X: columns(features, x, y), n: x.length, n_in: features.length };
}

export function dataOf(points: Points, features: Feature[], chosen: number[]): Data {
  const taken = (values: number[]) => chosen.map((i) => values[i]);
  const rows = rowsOf(features, taken(points.x), taken(points.y));
  rows.X = rows.X.map(rounded) as Float64Array;
  if (points.task === "regression") return { ...rows, task: "regression", targets: Float64Array.from(taken(points.target)), n_out: 1 };
  return { ...rows, task: "classification", labels: Int32Array.from(taken(points.target)), classes: Array.from({ length: points.classes }, (_, c) => c) };
}

/** The share of the variance that the outputs explain. */
export function r2(targets: ArrayLike<number>, outputs: ArrayLike<number>): number {
  const mean = Array.from(targets).reduce((sum, t) => sum + t, 0) / targets.length;
  let [residual, total] = [0, 0];
  for (let i = 0; i < targets.length; i++) {
    residual += (targets[i] - outputs[i]) ** 2;
    total += (targets[i] - mean) ** 2;
  }
  return total ? 1 - residual / total : NaN;
}
