/** The engine against Python: the same settings and data end with the same bits (golden/make_trainings.py). */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Data, Training } from "../src/engine/engine";
import { Fit } from "../src/engine/fit";
import { Module } from "../src/engine/module";
import trainings from "./golden/trainings.json";

const module = new WebAssembly.Module(readFileSync(new URL("../public/engine.wasm", import.meta.url)));

type Golden = (typeof trainings)[number];

function dataOf(golden: Golden): Data {
  const X = golden.type === "uint8" ? Uint8Array.from(golden.X) : Float64Array.from(golden.X);
  const rows = { X, n: golden.n, n_in: golden.n_in };
  if (golden.classes === null)
    return { ...rows, task: "regression", targets: Float64Array.from(golden.y), n_out: golden.y.length / golden.n };
  return { ...rows, task: "classification", labels: Int32Array.from(golden.y), classes: [...Array(golden.classes).keys()] };
}

describe.each(trainings.map((golden, i) => [i, golden] as const))("training %i", (_, golden) => {
  const training = golden.training as unknown as Training;

  test("begins with Python's first weights, and ends with its last ones", () => {
    const fit = new Fit(new Module(module), training, dataOf(golden));
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
});
