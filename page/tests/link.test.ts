import { expect, test } from "vitest";

import type { Data, Training } from "../src/engine/engine.ts";
import { LONG, linkOf, MOST, readLink } from "../src/out/link.ts";
import { check, dataOf, type Held, parse, save, type Saved, thetaOf, Unreadable } from "../src/out/saved.ts";
import english from "../src/words/en.json";

const training: Training = {
  layers: [{ type: "Dense", units: 4 }, { type: "Tanh" }, { type: "Dense", units: 2 }, { type: "Softmax" }],
  random_state: 7,
  scaling: null,
  loss: { type: "CategoricalCrossEntropy" },
  optimizer: { type: "Adam", learning_rate: 0.01 },
  penalties: [{ type: "L2", weights: 0.001 }],
  schedule: null,
  epochs: 50,
  batch_size: 8,
  shuffle: true,
  clip_norm: null,
};
const data: Data = {
  task: "classification",
  n: 3,
  n_in: 2,
  X: Float32Array.from([0.1, -2.5, 1 / 3, 4, 1e-7, 0]),
  labels: Int32Array.from([0, 1, 0]),
  classes: ["näh", "<b>"],
};
const about = { source: { kind: "points" }, names: ["x", "y"], shape: null };
const held: Held = { trainer: "playground", training, data, heldOut: null, about };
const theta = Float32Array.from({ length: 26 }, (_, i) => Math.sin(i) / 3);
const saved = () => JSON.parse(JSON.stringify(save(held, theta))) as Saved;

test("a link restores all of it, to the bit", async () => {
  const link = await linkOf(save(held, theta), "https://example.org/page/?a=1#inside");
  expect(link.address).toMatch(/^https:\/\/example\.org\/page\/\?a=1#playground\?net=1\.[\w-]+$/);
  expect(link.isLong).toBe(false);
  const found = (await readLink(link.fragment))!;
  expect(found.training).toEqual(training);
  expect(found.about).toEqual(about);
  expect(dataOf(found.data!)).toEqual(data);
  expect(thetaOf(found)).toEqual(theta);
});

test("regression and held-out data are restored, in their types", () => {
  const other: Data = { task: "regression", n: 2, n_in: 1, X: Uint8Array.from([0, 255]), targets: Float64Array.from([0.1, -3]), n_out: 1 };
  const found = parse(JSON.stringify(save({ ...held, heldOut: other }, null)));
  expect(dataOf(found.held_out!)).toEqual(other);
  expect(thetaOf(found)).toBe(null);
});

test("the playground's points are kept in place of its rows", async () => {
  const points = { task: "classification" as const, inputs: 2 as const, classes: 2, x: [0.5, -1], y: [1, 2.25], target: [0, 1] };
  const plane = { kind: "own", choices: { points: 2, noise: 0, classes: 2, seed: 0 }, testShare: 0.2, points, features: ["x", "x·y" as const] as ("x" | "x·y")[] };
  const found = (await readLink((await linkOf(save({ ...held, plane }, theta), "https://a.b/")).fragment))!;
  expect(found.data).toBe(null);
  expect(found.plane).toEqual(plane);
  const wrong = (change: object) => () => check({ ...JSON.parse(JSON.stringify(save({ ...held, plane }, null))), plane: { ...plane, ...change } });
  expect(wrong({})).not.toThrow();
  for (const change of [{ kind: "toString" }, { testShare: 1 }, { features: ["z"] }, { points: { ...points, x: [1] } }, { points: { ...points, target: [0, 2] } }, { choices: {} }])
    expect(wrong(change)).toThrow(Unreadable);
});

test("MNIST is named, not copied", () => {
  const mnist = { ...held, about: { ...about, source: { kind: "mnist", rows: 10000 } } };
  expect(save(mnist, null).data).toBe(null);
  expect(check(JSON.parse(JSON.stringify(save(mnist, null)))).data).toBe(null);
});

test("an address without a network holds none", async () => {
  expect(await readLink("")).toBe(null);
  expect(await readLink("#inside")).toBe(null);
});

const broken: [string, string][] = [
  ["#playground?net=", "out.wrong.link"],
  ["#playground?net=1", "out.wrong.link"],
  ["#playground?net=1.", "out.wrong.link"],
  ["#playground?net=1.AAAA", "out.wrong.link"],
  ["#playground?net=1.!!", "out.wrong.link"],
  ["#playground?net=1.abc.def", "out.wrong.link"],
  ["#playground?net=2.AAAA", "out.wrong.version"],
  [`#playground?net=1.${"A".repeat(MOST + 1)}`, "out.link.too_long"],
];
test.each(broken)("garbage is refused with words: %.40s", async (fragment, key) => {
  const error = await readLink(fragment).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(Unreadable);
  expect((error as Unreadable).key).toBe(key);
  expect(english).toHaveProperty([key]);
});

test("a link cut or changed anywhere is refused, or is a network still", async () => {
  const { fragment } = await linkOf(save(held, theta), "https://example.org/");
  for (let i = 0; i < 60; i++) {
    const at = "#playground?net=1.".length + Math.floor(((fragment.length - 18) * i) / 60);
    for (const wrong of [fragment.slice(0, at), `${fragment.slice(0, at)}A${fragment.slice(at + 1)}`]) {
      const found: unknown = await readLink(wrong).catch((e: unknown) => e);
      if (!(found instanceof Unreadable)) expect(() => check(found)).not.toThrow();
    }
  }
});

test("what unpacks to far too much is refused", async () => {
  const stream = new Blob([new Uint8Array(20_000_000)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const text = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  await expect(readLink(`#digits?net=1.${text}`)).rejects.toMatchObject({ key: "out.link.too_much" });
});

test("a long link is said to be long, and one beyond sending is refused", async () => {
  const many = (n: number): Held => ({
    ...held,
    data: { ...data, n, X: Float32Array.from({ length: 2 * n }, (_, i) => Math.sin(i * i)), labels: new Int32Array(n) },
  });
  expect((await linkOf(save(many(1000), null), "https://a.b/")).isLong).toBe(true);
  expect((await linkOf(save(many(1000), null), "https://a.b/")).address.length).toBeGreaterThan(LONG);
  await expect(linkOf(save(many(30000), null), "https://a.b/")).rejects.toMatchObject({ key: "out.link.too_long" });
});

type Change = [string, (s: { [name: string]: any }) => void];
const changes: Change[] = [
  ["trainer", (s) => (s.trainer = "__proto__")],
  ["training", (s) => (s.training = [])],
  ["training.layers", (s) => (s.training.layers = [])],
  ["training.layers[1]", (s) => (s.training.layers[1] = { type: "constructor" })],
  ["training.layers[0].units", (s) => (s.training.layers[0].units = [[[[[[1]]]]]])],
  ["training.batch_size", (s) => (s.training.batch_size = 0)],
  ["training.epochs", (s) => (s.training.epochs = "many")],
  ["training.shuffle", (s) => (s.training.shuffle = 1)],
  ["about.source", (s) => (s.about.source = null)],
  ["about.names", (s) => (s.about.names = [1])],
  ["about.shape", (s) => (s.about.shape = [28])],
  ["data", (s) => (s.data = null)],
  ["data.n", (s) => (s.data.n = 1e9)],
  ["data.X", (s) => s.data.X.pop()],
  ["data.X", (s) => (s.data.X[0] = "1")],
  ["data.labels", (s) => (s.data.labels[2] = 2)],
  ["data.classes", (s) => (s.data.classes = ["a"])],
  ["held_out", (s) => (s.held_out = "x")],
  ["theta", (s) => (s.theta = 1)],
];
test.each(changes)("what is wrong in a file is named: %s", (field, change) => {
  const value = saved();
  change(value as unknown as { [name: string]: any });
  expect(() => check(value)).toThrow(expect.objectContaining({ key: "out.wrong.field", values: { field } }));
});

test("a file of something else is refused with words", () => {
  expect(() => parse("{")).toThrow(expect.objectContaining({ key: "out.wrong.json" }));
  expect(() => parse("[1]")).toThrow(expect.objectContaining({ key: "out.wrong.kind" }));
  expect(() => parse('{"a": 1}')).toThrow(expect.objectContaining({ key: "out.wrong.kind" }));
  expect(() => parse('{"layerwise": 9}')).toThrow(expect.objectContaining({ key: "out.wrong.version" }));
  expect(() => thetaOf({ ...saved(), theta: "AAA" })).toThrow(Unreadable);
  expect(Object.getPrototypeOf(parse(JSON.stringify(saved()).replace("{", '{"__proto__": {"x": 1}, ')))).toBe(Object.prototype);
});
