/** The numbers of the documentation's live figures, held to published ones and to Python's (tests/page/golden_descent.py). */
import { expect, test } from "vitest";

import type { Part } from "../src/engine/engine";
import { activationOf, bounds, NAMES } from "../src/figures/activation";
import { Contours, SIZE } from "../src/figures/contours";
import { forward, type Layer } from "../src/figures/forward";
import { begin, step, type Walk } from "../src/figures/optimizer";
import { crossings, pass, type Pair } from "../src/figures/pair";
import { ticks } from "../src/figures/plot";
import { softmax } from "../src/figures/softmax";
import { SURFACES } from "../src/figures/surfaces";
import { sum } from "../src/figures/writing";
import golden from "./golden/descent.json";

const close = (found: number[], wanted: number[], digits = 12) => {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) => expect(value).toBeCloseTo(wanted[i], digits));
};
const walked = (surface: string, optimizer: Part, start: number[], steps: number): Walk => {
  let walk = begin(SURFACES[surface], start);
  for (let i = 0; i < steps; i++) walk = step(walk, SURFACES[surface], optimizer);
  return walk;
};

const transposed = (rows: number[][]) => rows[0].map((_, j) => rows.map((row) => row[j]));
const FIRST: Layer = { W: transposed([[0.2, 0.8, -0.5, 1], [0.5, -0.91, 0.26, -0.5], [-0.26, -0.27, 0.17, 0.87]]), b: [2, 3, 0.5], activation: null }; // prettier-ignore
const SECOND: Layer = { W: transposed([[0.1, -0.14, 0.5], [-0.5, 0.12, -0.33], [-0.44, 0.73, -0.13]]), b: [-1, 2, -0.5], activation: null }; // prettier-ignore

test("a forward pass has the published outputs of a layer, of a batch and of two layers", () => {
  const X = [[1, 2, 3, 2.5], [2, 5, -1, 2], [-1.5, 2.7, 3.3, -0.8]]; // prettier-ignore
  const found = X.map((x) => forward([FIRST, SECOND], x));
  const layer = [[4.8, 1.21, 2.385], [8.9, -1.81, 0.2], [1.41, 1.051, 0.026]]; // prettier-ignore
  const output = [[0.5031, -1.04185, -2.03875], [0.2434, -2.7332, -5.7633], [-0.99314, 1.41254, -0.35655]]; // prettier-ignore
  found.forEach(([first, second], i) => {
    close(first.outputs, layer[i]);
    close(second.outputs, output[i]);
    close(second.x, layer[i]);
  });
  close(found[0][0].products[0], [0.2, 1.6, -1.5, 2.5]);
  expect(sum([1, 2, 3, 2.5], [0.2, 0.8, -0.5, 1], 2)).toBe("1 × 0.2 + 2 × 0.8 + 3 × (−0.5) + 2.5 × 1 + 2");
});

test("softmax has the published probabilities, and is the same for shifted and for huge scores", () => {
  close(softmax([4.8, 1.21, 2.385]).probabilities, [0.89528266, 0.02470831, 0.08000903], 8);
  close(softmax([1004.8, 1001.21, 1002.385]).probabilities, [0.89528266, 0.02470831, 0.08000903], 8);
  close(softmax([2, 4], 2).probabilities, [1 / (1 + Math.E), Math.E / (1 + Math.E)]);
});

const PAIR: Pair = { first: { weight: -1, bias: 0.5 }, second: { weight: -2, bias: 1 }, connection: "chain", output: [1, 1] };
const ReLU = activationOf({ type: "ReLU" });

test("a pair of neurons has the published outputs, one activation point and one deactivation point", () => {
  close([-1, -0.1, 0, 0.25, 0.5, 0.75, 1].map((x) => pass(PAIR, ReLU, x).y), [0, 0, 0, 0.5, 1, 1, 1]);
  expect(crossings(PAIR, ReLU, [-1, 1])).toEqual([
    { x: 0, neuron: 1, rises: true },
    { x: 0.5, neuron: 0, rises: false },
  ]);
  const bump: Pair = { first: { weight: 1, bias: 0 }, second: { weight: 1, bias: -1 }, connection: "sum", output: [1, -1] };
  close([-1, 0, 0.5, 1, 3].map((x) => pass(bump, ReLU, x).y), [0, 0, 0.5, 1, 1]);
});

test("activations are Python's, and it is known which are bounded", () => {
  expect(NAMES).toContain("GELU");
  expect(NAMES).not.toContain("Softmax");
  expect(activationOf({ type: "Sigmoid" }).f(1.124)).toBeCloseTo(0.7547299213576082, 15);
  expect(activationOf({ type: "LeakyReLU", negative_slope: 0.2 }).f(-2)).toBeCloseTo(-0.4, 15);
  expect(activationOf({ type: "Tanh" }).text("0.5")).toBe("tanh(0.5)");
  expect(bounds(activationOf({ type: "Tanh" }))).toEqual([-1, 1]);
  expect(bounds(ReLU)).toBeNull();
});

test.each(golden)("$optimizer.type takes Python's steps on $surface", ({ surface, optimizer, places }) => {
  const { places: found } = walked(surface, optimizer as unknown as Part, places[0], places.length - 1);
  found.forEach(({ w }, i) => close(w, places[i]));
});

test("gradients are those of the functions, and vanish in the minima", () => {
  for (const [name, { value, gradient, minima, start }] of Object.entries(SURFACES)) {
    const at = start.map((w) => 0.7 * w + 0.1);
    gradient(at).forEach((slope, i) => {
      const [up, down] = [1e-6, -1e-6].map((by) => value(at.map((w, j) => (j === i ? w + by : w))));
      expect(slope, name).toBeCloseTo((up - down) / 2e-6, 6);
    });
    for (const lowest of minima) close(gradient(lowest), lowest.map(() => 0)); // prettier-ignore
  }
});

test("overshooting and divergence are found", () => {
  const at = (rate: number, steps: number) => walked("curve", { type: "SGD", learning_rate: rate }, [-2.5], steps);
  expect(at(0.1, 3).overshoots).toBe(false);
  expect(at(0.9, 1).overshoots).toBe(true);
  expect(at(0.9, 1).places[1].w[0]).toBeCloseTo(2, 12);
  const lost = at(1.5, 100);
  expect(lost.diverged).toBe(true);
  expect(lost.places.length).toBe(20); // 2.5 · 2ⁿ is beyond a million from n = 19 on
});

test("the region below a level of a bowl has a disc's area, and its line a disc's radius", () => {
  const bowl = new Contours((x, y) => x * x + y * y, [-2, 2], [-2, 2]);
  const numbers = (path: string) => path.match(/-?[\d.]+/g)!.map(Number);
  const radii: number[] = [];
  const ends = numbers(bowl.line(1));
  for (let i = 0; i < ends.length; i += 2) radii.push(Math.hypot(ends[i] - SIZE / 2, ends[i + 1] - SIZE / 2));
  expect(Math.min(...radii)).toBeGreaterThan(249);
  expect(Math.max(...radii)).toBeLessThan(251);
  const whole = bowl.region(1).match(/h15\.6v/g)!.length;
  expect((whole * 16) / 64 ** 2).toBeLessThan(Math.PI);
  expect((whole * 16) / 64 ** 2).toBeGreaterThan(Math.PI - 0.5);
});

test("ticks are round and within the range", () => {
  expect(ticks([-3, 3], 8)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
  expect(ticks([0, 0.45], 4)).toEqual([0, 0.2, 0.4]);
});
