/**
 * The page understands and encodes a table as Python does: `golden.py` wrote down what Python makes of each file, and
 * names, kinds, notes, the split and all numbers must be the same.
 */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { understand, type Options } from "../../src/tables/deciding.ts";
import { describedEncoder, encode, learnEncoder, outputNames } from "../../src/tables/encoding/encoder.ts";
import { readRaw } from "../../src/tables/reading/read.ts";
import { placesOfClasses, splitRows } from "../../src/tables/splitting.ts";
import { networkClasses } from "../../src/tables/target.ts";
import { described, inputsOf, takeRows } from "../../src/tables/understanding.ts";
import { take } from "../../src/tables/parsing.ts";

interface Packed {
  shape: [number, number];
  rows: number;
  float32: string;
}

interface Made {
  options: Options;
  error?: string;
  encoding_error?: string;
  table: Record<string, unknown>;
  notes: string[];
  n_rows: number;
  kept: number[] | null;
  lines: number[];
  parts?: [number[], number[], number[]];
  encoder: Record<string, unknown>;
  outputs: string[];
  answers: (string | number)[];
  train: Packed;
  test: Packed;
}

const HERE = new URL(".", import.meta.url);
const golden = readFileSync(new URL("golden.jsonl", HERE), "utf-8").trim().split("\n"); // prettier-ignore
const cases = golden.map((line) => JSON.parse(line) as [string, Made]);

function path(file: string): URL {
  const own = new URL(`files/${file}`, HERE);
  return existsSync(own) ? own : new URL(`../../../tests/fixtures/tables/${file}`, HERE);
}

function floats({ float32 }: Packed): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(float32, "base64")).buffer);
}

function expectSame(X: Float32Array, n_in: number, packed: Packed): void {
  expect([X.length / n_in, n_in]).toEqual(packed.shape);
  const expected = floats(packed);
  const got = X.slice(0, expected.length);
  const wrong = [...got.keys()].filter((i) => got[i] !== expected[i] && !isUnitApart(got[i], expected[i]));
  expect(wrong.map((i) => [i, got[i], expected[i]])).toEqual([]);
}

/** Sines, cosines and logarithms may differ in their last bit, and so may what is scaled by them. */
function isUnitApart(a: number, b: number): boolean {
  return Math.abs(a - b) <= 2 ** -23 * Math.max(Math.abs(a), Math.abs(b)) || Math.abs(a - b) < 1e-15;
}

describe.each(cases)("%s %#", (file, made) => {
  const read = () => readRaw(new Uint8Array(readFileSync(path(file))), file);

  if (made.error !== undefined) {
    test("is refused in the same words", () => {
      expect(() => understand(read(), made.options)).toThrow(made.error);
    });
    return;
  }

  test("is understood alike", () => {
    const found = understand(read(), made.options);
    const table = JSON.parse(JSON.stringify(described(found))) as Record<string, unknown>;
    expect({ ...table, missing: made.options.na ? table.missing : undefined }).toEqual(made.table);
    expect(found.notes).toEqual(made.notes);
    expect(found.n_rows).toBe(made.n_rows);
    expect(found.kept).toEqual(made.kept ?? [...Array(found.n_rows).keys()]);
  });

  test("has rows on the same lines", () => {
    expect([...read().lines].slice(0, 20)).toEqual(made.lines);
  });

  if (made.parts === undefined) return;
  const parts = made.parts;

  test("is split and encoded alike", () => {
    const found = understand(read(), made.options);
    const isClassification = found.target.kind === "classes";
    const classes = isClassification ? placesOfClasses(found.answers, networkClasses(found.target)) : undefined;
    const split = splitRows(found.kept.length, { classes });
    expect([split.train, split.validation, split.test]).toEqual(parts);
    const answers = take(found.answers, split.train);
    expect(answers.values.length).toBe(split.train.length);
    expect(Array.from(answers.values, String).slice(0, 20)).toEqual(made.answers.map(String));
    const kinds = inputsOf(found).map((column) => column.kind.name);
    const [encoder, train] = learnEncoder(takeRows(found.features, split.train), kinds, answers);
    expect(outputNames(encoder)).toEqual(made.outputs);
    expect(closed(JSON.parse(JSON.stringify(describedEncoder(encoder))))).toEqual(closed(made.encoder));
    expectSame(train.X, train.n_in, made.train);
    const held = encode(encoder, takeRows(found.features, split.test));
    expectSame(held.X, held.n_in, made.test);
  });
});

/** Numbers to 14 digits: logarithms may differ in their last bit. */
function closed(value: unknown): unknown {
  if (typeof value === "number") return Number(value.toPrecision(14));
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, closed(part)]));
}
