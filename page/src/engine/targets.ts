/** What the outputs should be, in the form that the C++ engine reads (data/targets.py). */
import { info } from "./catalogue";
import { type Data, Refusal } from "./engine";
import type { Compiled } from "./plan";
import { shown } from "./catalogue";

export interface Targets {
  /** A class a row, with what other outputs and the class's own should be; or numbers, n rows of n_out. */
  labels: BigInt64Array | null;
  levels: [number, number] | null;
  dense: Float32Array | null;
  answers: "none" | "label" | "share";
}

export function encodeTargets(data: Data, plan: Compiled, name = "y"): Targets {
  checkRows(data, plan.n_in);
  return data.task === "classification" ? ofLabels(data, plan, name) : ofNumbers(data, plan, name);
}

/** Rows as they come from outside: as many numbers as they say, all of them finite. */
export function checkRows(rows: { X: ArrayLike<number>; n: number; n_in: number }, n_in: number): void {
  if (!(rows.n >= 1) || rows.X.length !== rows.n * rows.n_in)
    throw new Refusal(`X must be ${rows.n} rows of ${rows.n_in} numbers; it has ${rows.X.length}`);
  if (rows.n_in !== n_in) throw new Refusal(`the network takes ${n_in} inputs; got ${rows.n_in}`);
  if (rows.X instanceof Uint8Array) return;
  for (let i = 0; i < rows.X.length; i++)
    if (!Number.isFinite(rows.X[i])) {
      const [row, column] = [Math.floor(i / n_in), i % n_in];
      throw new Refusal(`X: row ${row}, column ${column} is ${String(rows.X[i]).toLowerCase()}; remove the row or fill in a number`);
    }
}

function ofLabels(data: Data, plan: Compiled, name: string): Targets {
  const { labels, classes, n } = data;
  if (!labels || labels.length !== n) throw new Refusal(`X has ${n} rows and ${name} ${labels?.length ?? 0}; they must be as many`);
  const outputs = Math.max(plan.n_out, 2);
  const count = classes?.length ?? outputs;
  if (count !== outputs)
    throw new Refusal(`${name} has ${count} classes, the network ${plan.n_out} outputs: end with Dense(${count})`);
  for (let i = 0; i < n; i++)
    if (!(labels[i] >= 0 && labels[i] < outputs))
      throw new Refusal(
        `${name}: row ${i} has the label ${labels[i]}; the network's ${plan.n_out} ` +
          `${plan.n_out > 1 ? "outputs stand" : "output stands"} for 0 to ${outputs - 1}`,
      );
  return {
    labels: BigInt64Array.from(labels, BigInt),
    levels: [smoothed(0, plan), smoothed(1, plan)],
    dense: null,
    answers: plan.n_out === 1 ? "share" : "label",
  };
}

function ofNumbers(data: Data, plan: Compiled, name: string): Targets {
  const { targets, n } = data;
  const columns = data.n_out ?? (targets ? targets.length / n : 0);
  if (!targets || targets.length !== n * columns) throw new Refusal(`X has ${n} rows and ${name} ${(targets?.length ?? 0) / (columns || 1)}; they must be as many`);
  if (columns !== plan.n_out)
    throw new Refusal(`${name} has ${columns} columns, the network ${plan.n_out} outputs: end with Dense(${columns})`);
  for (let i = 0; i < targets.length; i++) {
    const row = Math.floor(i / columns);
    if (!Number.isFinite(targets[i]))
      throw new Refusal(`${name}: row ${row} is ${String(targets[i]).toLowerCase()}; remove the row or fill in a number`);
    if (!Number.isFinite(Math.fround(targets[i])))
      throw new Refusal(`${name}: row ${row} is ${targets[i]}, too large for float32; use dtype="float64"`);
  }
  checkNumbers(targets, columns, plan, name);
  const dense = Float32Array.from(targets, (t) => smoothed(t, plan));
  return { labels: null, levels: null, dense, answers: "none" };
}

/** What each loss can take: probabilities that sum to 1, values in [0, 1], counts. */
function checkNumbers(targets: Float64Array, columns: number, plan: Compiled, name: string): void {
  const kind = plan.loss.type;
  let rule = "";
  let bad = (_row: Float64Array) => false;
  if (kind === "CategoricalCrossEntropy") {
    rule = "probabilities that sum to 1";
    bad = (row) => row.some((t) => t < 0) || Math.abs(row.reduce((sum, t) => sum + t, 0) - 1) > 1e-3;
  } else if (kind === "BinaryCrossEntropy") {
    rule = "values from 0 to 1";
    bad = (row) => row.some((t) => t < 0 || t > 1);
  } else if (kind === "Poisson") {
    rule = "counts of at least 0";
    bad = (row) => row.some((t) => t < 0);
  } else return;
  for (let at = 0; at < targets.length; at += columns) {
    const row = targets.subarray(at, at + columns);
    if (bad(row))
      throw new Refusal(`${name}: row ${at / columns} is ${shown([...row])}; ${kind} takes ${rule}`);
  }
}

/** t (1 - ε) + ε / classes, in float32. */
function smoothed(t: number, plan: Compiled): number {
  const share = (plan.loss.label_smoothing as number | undefined) ?? 0;
  const target = Math.fround(t);
  if (!share) return target;
  const classes = info("losses", plan.loss).fuses_with === "Softmax" ? plan.n_out : 2;
  return Math.fround(Math.fround(target * Math.fround(1 - share)) + Math.fround(share / classes));
}
