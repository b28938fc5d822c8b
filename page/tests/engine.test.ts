/** The engine against Python: the same settings and data end with the same bits (golden/make_trainings.py). */
import { describe, expect, test } from "vitest";
import type { Data, Training } from "../src/engine/engine";
import { Fit } from "../src/engine/fit";
import { Module } from "../src/engine/module";
import { rowsOf, Tracer } from "../src/engine/trace";
import { compiled } from "./built";
import diverging from "./golden/diverging.json";
import trainings from "./golden/trainings.json";

type Golden = (typeof trainings)[number];

function dataOf(golden: Golden): Data {
  const X = golden.type === "uint8" ? Uint8Array.from(golden.X) : Float64Array.from(golden.X);
  const rows = { X, n: golden.n, n_in: golden.n_in };
  if (golden.classes === null)
    return { ...rows, task: "regression", targets: Float64Array.from(golden.y), n_out: golden.y.length / golden.n };
  return { ...rows, task: "classification", labels: Int32Array.from(golden.y), classes: [...Array(golden.classes).keys()] };
}

type Tree = number | string | null | Tree[] | { [name: string]: Tree };

/** Numbers of float32 in another order of sums: near as far as float32 goes, beside the largest of their array. */
function near(found: unknown, wanted: Tree, name: string): void {
  if (Array.isArray(wanted) && wanted.every((one) => typeof one === "number")) {
    const values = Array.from(found as Float32Array);
    expect(values.length, name).toBe(wanted.length);
    const size = Math.max(1e-3, ...wanted.map(Math.abs));
    const far = wanted.findIndex((one, i) => !(Math.abs(one - values[i]) <= 2e-5 * size));
    expect(far < 0 ? null : [name, far, values[far], wanted[far]]).toBe(null);
  } else if (typeof wanted === "number") expect(found, name).toBeCloseTo(wanted, 4);
  else if (wanted === null || typeof wanted === "string") expect(found, name).toBe(wanted);
  else for (const [key, value] of Object.entries(wanted)) if (key !== "penalty" || typeof value === "number")
    near((found as { [key: string]: unknown })[key], value, `${name}.${key}`); // prettier-ignore
}

describe.each(trainings.map((golden, i) => [i, golden] as const))("training %i", (_, golden) => {
  const training = golden.training as unknown as Training;

  test("begins with Python's first weights, and ends with its last ones", () => {
    const fit = new Fit(new Module(compiled), training, dataOf(golden));
    const theta = () => fit.module.floats(fit.network.theta).slice();
    expect(theta()).toEqual(Float32Array.from(golden.first));
    const left = { epochs: training.epochs };
    while (!fit.slice(left, 0.01));
    expect(theta()).toEqual(Float32Array.from(golden.theta));
    expect(fit.rows.map((row) => row.loss)).toEqual(golden.loss);
    expect(fit.rows.map((row) => row.learning_rate)).toEqual(golden.learning_rate);
    if (golden.accuracy) expect(fit.rows.map((row) => row.accuracy)).toEqual(golden.accuracy);
    const X = dataOf(golden).X.slice(0, 20 * golden.n_in);
    expect(fit.network.outputs({ X, n: 20, n_in: golden.n_in })).toEqual(Float32Array.from(golden.outputs));
  });

  test("has the numbers of a step that lw.trace has", () => {
    const fit = new Fit(new Module(compiled), training, dataOf(golden));
    while (!fit.slice({ epochs: training.epochs }, 10));
    fit.training = { ...training, clip_norm: null }; // which lw.trace is not told of
    const theta = fit.module.floats(fit.network.theta).slice();
    const found = new Tracer(fit, rowsOf(fit.data, [0, 1, 2, 3, 4, 5])).numbers();
    near(found, golden.trace as unknown as Tree, "");
    expect(fit.module.floats(fit.network.theta)).toEqual(theta);
  });
});

test.each(diverging)("a training that diverges ends with Python's words: $words", ({ X, y, words, ...parts }) => {
  const training = {
    ...parts, random_state: 2, scaling: null, loss: { type: "MeanSquaredError" }, schedule: null, epochs: 200,
    batch_size: 16, shuffle: true, clip_norm: null,
  } as unknown as Training; // prettier-ignore
  const rows = { X: Float64Array.from(X), n: 40, n_in: 3 };
  const fit = new Fit(new Module(compiled), training, { ...rows, task: "regression", targets: Float64Array.from(y), n_out: 2 });
  const left = { epochs: 200 };
  let reason: string | null = null;
  while (!reason) reason = fit.slice(left, 0.05);
  expect([reason, fit.diverged]).toEqual(["diverged", words]);
  expect(fit.module.floats(fit.network.theta).every(Number.isFinite)).toBe(true);
});
