import { expect, test } from "vitest";

import { compile } from "../src/engine/plan.ts";
import { SETS, classesOf, settingsOf, trainingOf } from "../src/figures/spiral/settings.ts";

const types = (preset: object) => trainingOf(settingsOf(preset)).layers.map(({ type, units }) => (units ? `${type} ${String(units)}` : type));

test("a preset's network ends as its loss asks", () => {
  expect(types({ layers: [8, 4], activation: { type: "Tanh" } })).toEqual(["Dense 8", "Tanh", "Dense 4", "Tanh", "Dense 3", "Softmax"]);
  expect(types({ data: "moons", layers: [], loss: { type: "BinaryCrossEntropy" } })).toEqual(["Dense 1", "Sigmoid"]);
  expect(types({ data: "gauss", classes: 4, layers: [5], activation: { type: "Identity" }, loss: "MeanSquaredError" })).toEqual(["Dense 5", "Dense 4", "Sigmoid"]);
});

test("classes are as many as the data set has", () => {
  expect(classesOf(settingsOf({}))).toBe(3);
  expect(classesOf(settingsOf({ data: "xor", classes: 5 }))).toBe(2);
  expect(classesOf(settingsOf({ data: "circles" }))).toBe(2);
  expect(settingsOf({ data: "gauss" }).data).toBe("clouds");
});

test.each(SETS)("the engine plans a network for %s", (data) => {
  expect(compile(trainingOf(settingsOf({ data })), 2).n_out).toBe(data === "spiral" ? 3 : 2);
});
