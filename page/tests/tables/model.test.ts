/**
 * The model file of a table's network: made from a network that `golden.py` trained on the encoded rows, and kept beside
 * it. Python's tests (tests/page/test_page_tables.py) open that file and find the same answers for the raw rows.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Part, Training } from "../../src/engine/engine.ts";
import { readContainer } from "../../src/files/container.ts";
import { understand } from "../../src/tables/deciding.ts";
import { encodeRow, inUnits, probabilities } from "../../src/tables/answers.ts";
import { encoded, modelFile } from "../../src/tables/model.ts";
import { dataOf, prepare, type Prepared } from "../../src/tables/prepared.ts";
import { readRaw } from "../../src/tables/reading/read.ts";

const at = (name: string) => new URL(name, import.meta.url);
const bytes = (name: string) => new Uint8Array(readFileSync(at(name)));

function prepared(file: string, target: string): Prepared {
  const raw = readRaw(bytes(`files/${file}`), file);
  return prepare(raw, understand(raw, { target }), { test: 0.2, validation: 0, seed: 42 });
}

function training(layers: Part[], loss: Part): Training {
  return {
    layers, loss, random_state: 0, scaling: null, optimizer: { type: "Adam" }, penalties: [], schedule: null, epochs: 3,
    batch_size: 32, shuffle: true, clip_norm: null,
  }; // prettier-ignore
}

const dense = (units: number): Part => ({ type: "Dense", units });
const CASES: [string, string, string, Training][] = [
  ["customers", "customers.csv", "churned", training([dense(8), { type: "ReLU" }, dense(2), { type: "Softmax" }], { type: "CategoricalCrossEntropy" })],
  ["single", "customers.csv", "vip", training([dense(6), { type: "Tanh" }, dense(1), { type: "Sigmoid" }], { type: "BinaryCrossEntropy" })],
  ["turnover", "german_excel.csv", "Umsatz", training([dense(8), { type: "Tanh" }, dense(1)], { type: "MeanSquaredError" })],
]; // prettier-ignore

test.each(CASES)("%s", (name, file, target, settings) => {
  const found = prepared(file, target);
  const made = modelFile(bytes(`models/${name}.network.safetensors`), found, settings, [0.5, 0.25]);
  if (process.env.WRITE) writeFileSync(at(`models/${name}.safetensors`), made);
  expect(Buffer.compare(Buffer.from(made), readFileSync(at(`models/${name}.safetensors`)))).toBe(0);
  const { text, arrays } = readContainer(made);
  const description = JSON.parse(text);
  expect(description.kind).toBe("estimator");
  expect([...arrays.keys()].every((key) => key.startsWith("network."))).toBe(true);
  expect(description.network.notes.table.targets[0].name).toBe(target);
});

test("values that have a type of their own are written as pairs", () => {
  expect(encoded({ a: [1, { b: null }] })).toEqual({ type: "dict", a: [1, { type: "dict", b: null }] });
  expect(encoded({ type: "x" })).toEqual({ type: "pairs", items: [["type", "x"]] });
});

test("numbers are learned standardized where the loss allows it, and given in their own units", () => {
  const found = prepared("german_excel.csv", "Umsatz");
  const { targets } = dataOf(found, found.train, true);
  const mean = (targets as Float64Array).reduce((a, b) => a + b, 0) / found.train.n;
  const square = (targets as Float64Array).reduce((a, b) => a + b * b, 0) / found.train.n;
  expect(mean).toBeCloseTo(0, 12);
  expect(square).toBeCloseTo(1, 12);
  expect(inUnits(Float32Array.of(0), found, "MeanSquaredError")[0]).toBeCloseTo(found.scale!.mean, 9);
  expect(inUnits(Float32Array.of(3), found, "Poisson")[0]).toBe(3);
  expect(dataOf(found, found.train, false).targets).toEqual(found.train.numbers);
});

test("a row that is typed in is encoded as one of the file is", () => {
  const raw = readRaw(bytes("files/customers.csv"), "customers.csv");
  const found = prepared("customers.csv", "churned");
  const place = found.test.places[3];
  const cells = found.fields.map((field) => raw.columns[raw.names.indexOf(field.name)][place]);
  const { matrix, unread } = encodeRow(found, cells);
  expect(unread).toEqual([]);
  const n_in = found.test.n_in;
  expect(matrix.X).toEqual(found.test.X.slice(3 * n_in, 4 * n_in));
  expect(encodeRow(found, cells.map(() => "what?")).unread).toContain("age");
});

test("probabilities of two classes from one output", () => {
  expect(probabilities(Float32Array.of(0.25))).toEqual([0.75, 0.25]);
  expect(probabilities(Float32Array.of(0.25, 0.5, 0.25))).toEqual([0.25, 0.5, 0.25]);
});
