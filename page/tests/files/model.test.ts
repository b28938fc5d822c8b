/** Model files: those of Python are read, those of the page are written as Python has them, and any bytes are safe. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Refusal } from "../../src/engine/engine";
import { readModel, writeModel } from "../../src/files/model";
import { compileLayers } from "../../src/engine/plan";
import { readContainer } from "../../src/files/container";

const file = (name: string) => new Uint8Array(readFileSync(new URL(name, import.meta.url)));

test("a file of Python is read: parts, weights, scaling and classes", () => {
  const model = readModel(file("tiny.safetensors"));
  expect(model.training.layers.map((layer) => layer.type)).toContain("Dense");
  expect(model.theta.every(Number.isFinite)).toBe(true);
  const { arrays } = readContainer(file("tiny.safetensors"));
  const first = [...arrays.keys()].find((name) => name.startsWith("layers."))!;
  expect(arrays.get(first)!.bytes.length / 4).toBeLessThanOrEqual(model.theta.length);
});

test("what is written is read back", () => {
  const { training, n_in, theta } = readModel(file("tiny.safetensors"));
  const stages = compileLayers(training.layers, n_in);
  const data = { task: "regression", X: new Float64Array(n_in), n: 1, n_in, targets: new Float64Array(1), n_out: 1 } as const;
  const written = writeModel({ training, data, stages, theta, scaler: null, scaling: null, input_range: [0, 0], rows: [],
    steps: 0, stopped_by: "epochs" }); // prettier-ignore
  const again = readModel(written);
  expect(again.theta).toEqual(theta);
  expect(again.training.layers).toEqual(training.layers);
});

test("no bytes break it: each damaged file is refused in words, or read", () => {
  const whole = file("tiny.safetensors");
  let state = 12345;
  const random = (n: number) => (state = (state * 1103515245 + 12345) % 2 ** 31) % n;
  for (let i = 0; i < 3000; i++) {
    const damaged = i % 3 ? whole.slice() : whole.slice(0, random(whole.length));
    for (let k = 0; k <= random(4) && damaged.length; k++) damaged[random(damaged.length)] = random(256);
    try {
      readModel(damaged);
    } catch (error) {
      expect(error).toBeInstanceOf(Refusal);
    }
  }
});
