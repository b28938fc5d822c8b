/** Sums of neurons and what speaks for a class, on networks small enough to be worked out by hand. */
import { expect, it } from "vitest";

import { type Passage, blocksOf, evidenceFor, sumOf } from "../src/digits/sums";
import type { Part, Plan } from "../src/engine/engine";

function plan(layers: [Part, number, number][]): Plan {
  let begin = 0;
  const stages = layers.map(([layer, n_in, n_out], index) => {
    const arrays = layer.type === "Dense" ? [{ name: "W", begin, shape: [n_in, n_out] }, { name: "b", begin: begin + n_in * n_out, shape: [n_out] }] : [];
    begin += arrays.length ? n_in * n_out + n_out : 0;
    return { index, layer, n_in, n_out, arrays };
  });
  return { stages, n_in: layers[0][1], n_out: layers[layers.length - 1][2], n_theta: begin, fused: false };
}

const say = (key: string) => key;

// x = (1, 2); W₁ = ((1, -1), (0.5, 1)), b₁ = (0.5, -3): z₁ = (2.5, -2), relu (2.5, 0); W₂ = ((2, -1), (4, 3)), b₂ = (0.25, 1):
// z₂ = (5.25, -1.5)
const relu: Passage = {
  plan: plan([[{ type: "Dense", units: 2 }, 2, 2], [{ type: "ReLU" }, 2, 2], [{ type: "Dense", units: 2 }, 2, 2], [{ type: "Softmax" }, 2, 2]]),
  theta: Float32Array.of(1, -1, 0.5, 1, 0.5, -3, 2, -1, 4, 3, 0.25, 1),
  inputs: Float32Array.of(1, 2),
  outputs: [Float32Array.of(2.5, -2), Float32Array.of(2.5, 0), Float32Array.of(5.25, -1.5), Float32Array.of(0.9988, 0.0012)],
};

it("spells a sum with its numbers, the largest product first", () => {
  const [first, last] = blocksOf(relu.plan);
  const sum = sumOf(relu, first, 1, say);
  expect(sum.terms.map(({ input, product }) => [input, product])).toEqual([[1, 2], [0, -1]]);
  expect(sum.bias).toBe(-3);
  expect(sum.z).toBe(sum.terms.reduce((total, { product }) => total + product, sum.bias));
  expect(sum.words).toBe("1·(-1) + 2·1 - 3");
  expect(sum.after.map(({ name, value }) => [name, value])).toEqual([["ReLU", 0]]);
  expect(sumOf(relu, last, 0, say).terms.map(({ product }) => product)).toEqual([5, 0]);
});

it("cuts a score into pixels and biases", () => {
  // the second hidden neuron is off: for class 0 x₁ 1·2 = 2, x₂ 2·0.5·2 = 2, biases 0.5·2 + 0.25
  expect(evidenceFor(relu, 0)).toEqual({ inputs: Float32Array.of(2, 2), biases: 1.25, score: 5.25 });
  expect(evidenceFor(relu, 1)).toEqual({ inputs: Float32Array.of(-1, -1), biases: 0.5, score: -1.5 });
});

it("holds what an activation is at 0 apart: the sigmoid's 0.5 speaks for nobody", () => {
  const z = 2;
  const a = 1 / (1 + Math.exp(-z));
  const passage: Passage = {
    plan: plan([[{ type: "Dense", units: 1 }, 1, 1], [{ type: "Sigmoid" }, 1, 1], [{ type: "Dense", units: 1 }, 1, 1]]),
    theta: Float32Array.of(2, 0, 3, 0.5),
    inputs: Float32Array.of(1),
    outputs: [Float32Array.of(z), Float32Array.of(a), Float32Array.of(3 * a + 0.5)],
  };
  const { inputs, biases, score } = evidenceFor(passage, 0);
  expect(inputs[0]).toBeCloseTo(3 * (a - 0.5), 5);
  expect(biases).toBeCloseTo(3 * 0.5 + 0.5, 6);
  expect(inputs[0] + biases).toBeCloseTo(score, 5);
});

it("keeps to the inputs of a unit's group", () => {
  // two groups of one input each: W is (1, 2)
  const passage: Passage = {
    plan: plan([[{ type: "Dense", units: 2, groups: 2 }, 2, 2]]),
    theta: Float32Array.of(3, 5, 0, 0),
    inputs: Float32Array.of(1, 2),
    outputs: [Float32Array.of(3, 10)],
  };
  passage.plan.stages[0].arrays = [{ name: "W", begin: 0, shape: [1, 2] }, { name: "b", begin: 2, shape: [2] }];
  const sum = sumOf(passage, blocksOf(passage.plan)[0], 1, say);
  expect(sum.terms.map(({ input, product }) => [input, product])).toEqual([[1, 10], [0, 0]]);
  expect(evidenceFor(passage, 1).inputs).toEqual(Float32Array.of(0, 10));
});
