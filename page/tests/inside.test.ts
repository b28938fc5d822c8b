import { expect, test } from "vitest";

import type { Plan, Training } from "../src/engine/engine.ts";
import { hidden, outgoing, unitsOf } from "../src/views/inside/units.ts";
import { ordered, rowsOf, spread } from "../src/views/inside/sampling.ts";
import { valueOf, valuesOf, withValue } from "../src/views/inside/settings.ts";
import { diverging } from "../src/views/inside/colours.ts";

const W = (begin: number, shape: number[]) => ({ name: "W", begin, shape });
const b = (begin: number, n: number) => ({ name: "b", begin, shape: [n] });
const plan: Plan = {
  stages: [
    { index: 0, layer: { type: "Dense", units: 4 }, n_in: 2, n_out: 4, arrays: [W(0, [2, 4]), b(8, 4)] },
    { index: 1, layer: { type: "ReLU" }, n_in: 4, n_out: 4, arrays: [] },
    { index: 2, layer: { type: "Dropout", rate: 0.5 }, n_in: 4, n_out: 4, arrays: [] },
    { index: 3, layer: { type: "Dense", units: 6, groups: 2 }, n_in: 4, n_out: 6, arrays: [W(12, [2, 6]), b(24, 6)] },
    { index: 4, layer: { type: "BatchNorm" }, n_in: 6, n_out: 6, arrays: [] },
    { index: 5, layer: { type: "Tanh" }, n_in: 6, n_out: 6, arrays: [] },
    { index: 6, layer: { type: "Dense", units: 3 }, n_in: 6, n_out: 3, arrays: [W(30, [6, 3]), b(48, 3)] },
    { index: 7, layer: { type: "Softmax" }, n_in: 3, n_out: 3, arrays: [] },
  ],
  n_in: 2,
  n_out: 3,
  n_theta: 51,
  fused: true,
};

test("the outgoing weights of a unit are its row of the next W, in its group", () => {
  expect(outgoing(plan, 0, 1)).toEqual([{ begin: 12 + 6, count: 3 }]);
  expect(outgoing(plan, 0, 2)).toEqual([{ begin: 12 + 3, count: 3 }]);
  expect(outgoing(plan, 3, 5)).toEqual([{ begin: 30 + 15, count: 3 }]);
  expect(outgoing(plan, 6, 0)).toEqual([]);
});

test("hidden layers are those whose units can be switched off, with what answers for them", () => {
  expect(hidden(plan).map(({ dense, answers }) => [dense.index, answers.index])).toEqual([[0, 1], [3, 5]]);
});

test("dead, saturated and constant units are found", () => {
  const relu = [0, 1, 2, 0, 0, 2, 0, 3, 2];
  expect(unitsOf(relu, 3, "ReLU").map((unit) => [unit.condition, unit.active])).toEqual([["dead", 0], ["", 2 / 3], ["constant", 1]]);
  expect(unitsOf([0.001, 0.5, 0.999, 0.6], 2, "Sigmoid").map((unit) => unit.condition)).toEqual(["saturated", ""]);
  expect(unitsOf([-0.999, 0.1, 0.999, -0.6], 2, "Tanh").map((unit) => unit.condition)).toEqual(["saturated", ""]);
  expect(unitsOf([0, 0], 1, "LeakyReLU")[0]).toMatchObject({ condition: "constant", mean: 0, low: 0, high: 0 });
});

test("rows are spread over the data, or stand by their class", () => {
  const data = { task: "classification" as const, n: 5, n_in: 2, X: Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), labels: Int32Array.from([1, 0, 1, 0, 0]) };
  expect(spread(10, 3)).toEqual([0, 3, 6]);
  expect(ordered(data, 99)).toEqual([1, 3, 4, 0, 2]);
  expect(rowsOf(data, [4, 0])).toEqual({ X: Float32Array.from([8, 9, 0, 1]), n: 2, n_in: 2 });
});

const training: Training = {
  layers: [{ type: "Dense", units: 8 }, { type: "Tanh" }, { type: "Dense", units: 8 }, { type: "ReLU" }, { type: "Dense", units: 2 }, { type: "Softmax" }],
  random_state: 0, scaling: null, loss: { type: "CategoricalCrossEntropy" }, optimizer: { type: "SGD", learning_rate: 0.1, momentum: 0.9 },
  penalties: [{ type: "L1", weights: 0.1 }], schedule: null, epochs: 10, batch_size: 16, shuffle: true, clip_norm: null,
}; // prettier-ignore

test("a setting is changed and the rest stays", () => {
  expect(valueOf(training, "activation")).toBe("Tanh");
  expect(valueOf(training, "l2")).toBe(0);
  expect(withValue(training, "units", 3).layers.map((layer) => layer.units)).toEqual([3, undefined, 3, undefined, 2, undefined]);
  expect(withValue(training, "activation", "ELU").layers.map((layer) => layer.type)).toEqual(["Dense", "ELU", "Dense", "ELU", "Dense", "Softmax"]);
  expect(withValue(training, "optimizer", "Adam").optimizer).toEqual({ type: "Adam", learning_rate: 0.1 });
  expect(withValue(training, "learning_rate", 0.3).optimizer).toEqual({ type: "SGD", learning_rate: 0.3, momentum: 0.9 });
  expect(withValue(training, "l2", 0.01).penalties).toEqual([{ type: "L1", weights: 0.1 }, { type: "L2", weights: 0.01 }]);
  expect(withValue(withValue(training, "l2", 0.01), "l2", 0).penalties).toEqual([{ type: "L1", weights: 0.1 }]);
  expect(withValue(training, "weights", "HeNormal").layers[2]).toEqual({ type: "Dense", units: 8, weights: { type: "HeNormal" } });
  expect(withValue(training, "batch_size", 4)).toEqual({ ...training, batch_size: 4 });
  expect(valueOf({ ...training, layers: training.layers.slice(4) }, "units")).toBe(null);
});

test("values are typed with spaces or semicolons between them, and decimal commas", () => {
  expect(valuesOf("0.1 0,5;1e-3 ")).toEqual([0.1, 0.5, 0.001]);
  expect(valuesOf("0.1 many")).toBe(null);
  expect(valuesOf(" ")).toBe(null);
});

test("the colours of a map end at the ends, and stand on the paper at 0", () => {
  expect(diverging(0, [20, 22, 26])).toEqual([20, 22, 26]);
  expect(diverging(2, [255, 255, 255])).toEqual([0, 114, 178]);
  expect(diverging(-1, [255, 255, 255])).toEqual([213, 94, 0]);
});
