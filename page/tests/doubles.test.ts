import { expect, test } from "vitest";

import { exampleOf, networkOf, withParameters } from "../src/figures/backprop/networks.ts";
import { keyOf, momentsOf, numbersOf, placeOf } from "../src/figures/backprop/stages.ts";
import { stepOf, stepped } from "../src/trace/doubles.ts";
import { ofStep } from "../src/trace/record.ts";
import { whole } from "../src/trace/writer.ts";
import english from "../src/words/en.json";

const words: { [key: string]: string } = english;
const say = (key: string, values: { [name: string]: string | number } = {}) => words[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));

/** What a stage finds, by its key. */
function traced(preset: Parameters<typeof exampleOf>[0], digits: number | null = null) {
  const example = exampleOf(preset);
  const network = networkOf(example);
  const step = stepOf(network, Float64Array.from(example.input), Float64Array.from(example.target));
  const moments = momentsOf(whole(ofStep(network.plan, network, step), say, { digits }));
  const known = numbersOf(moments);
  return { example, network, step, moments, value: (key: string) => Number(known.get(key)!.cell.value), arithmetic: (key: string) => known.get(key)!.cell.numbers };
}

/** Figures of two published tutorials: tests/worked_examples has their arithmetic. */
test("the worked network 1-1-1 has its published numbers", () => {
  const { step, value, arithmetic } = traced({ network: "1-1-1" });
  const published = {
    "z1[0]": 1.124, "a1[0]": 0.7547299213576082, "z2[0]": 1.73908830732614, "a2[0]": 0.850571226530534, "C0[0]": 0.011164479170294499,
    "∂b2[0]": -0.018992369482903983, "∂w2[0,0]": -0.014334109526226761, "∂a1[0]": -0.04653130523311476, "∂b1[0]": -0.008613534018377424,
    "∂w1[0,0]": -0.006890827214701939, "b2'[0]": -0.1081007630517096, "w2'[0,0]": 2.451433410952623, "b1'[0]": -0.13913864659816227,
    "w1'[0,0]": 1.5806890827214704, "z1'[0]": 1.125412619579014, "a1'[0]": 0.7549913210309638, "z2'[0]": 1.7427101863028525,
    "a2'[0]": 0.8510309824120517, "C0'[0]": 0.011095884100559231,
  }; // prettier-ignore
  for (const [key, number] of Object.entries(published)) expect(Math.abs(value(key) / number - 1), key).toBeLessThan(1e-14);
  expect(arithmetic("∂w1[0,0]")).toMatch(/^0\.8 \\cdot \(-0\.0086135/);
  expect(step.cost.toFixed(6) + step.new_cost.toFixed(6)).toBe("0.0111640.011096");
});

test("the worked network 2-3-2 has its published numbers", () => {
  const { value } = traced({ network: "2-3-2", rate: 0.1 });
  const rows: [string, number[]][] = [
    ["a1", [0.63156739, 0.58574577, 0.43001486]],
    ["a2", [0.27676805, 0.29440967]],
    ["b2'", [-0.33337478, 0.07526987]],
    ["b1'", [0.53701384, 0.75994728, 0.01702788]],
  ];
  for (const [name, numbers] of rows) numbers.forEach((number, j) => expect(value(`${name}[${j}]`), name).toBeCloseTo(number, 8));
  const W2 = [[0.0072134, -0.49464211, -0.82013814], [-0.86530232, -0.07493331, -0.76904472]];
  const W1 = [[-0.11738908, 0.45404968], [-0.65772813, 0.56625966], [-0.15820821, -0.87532981]];
  W2.forEach((row, j) => row.forEach((number, i) => expect(value(`w2'[${i},${j}]`)).toBeCloseTo(number, 8)));
  W1.forEach((row, j) => row.forEach((number, i) => expect(value(`w1'[${i},${j}]`)).toBeCloseTo(number, 8)));
});

test.each([
  ["Softmax", "CategoricalCrossEntropy"],
  ["Softmax", "QuadraticCost"],
  ["Tanh", "MeanSquaredError"],
  [null, "Huber"],
  ["Sigmoid", "BinaryCrossEntropy"],
])("each gradient is the slope of the cost: %s with %s", (activation, loss) => {
  const layers = [
    { W: [[0.3, -0.5, 0.2], [0.4, 0.1, -0.7]], b: [0.1, 0.2, -0.3], activation: "SiLU" },
    { W: [[0.6, -0.1], [-0.4, 0.9], [0.3, 0.5]], b: [0.05, -0.15], activation },
  ];
  const example = exampleOf({ layers, input: [0.9, -0.4], target: [0, 1], loss });
  const network = networkOf(example);
  const [x, y] = [Float64Array.from(example.input), Float64Array.from(example.target)];
  const { gradient } = stepOf(network, x, y);
  network.theta.forEach((_, i) => {
    const moved = (by: number) => stepOf({ ...network, theta: network.theta.with(i, network.theta[i] + by) }, x, y).cost;
    expect(gradient[i]).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 7);
  });
});

test("steps follow each other, with what the optimizer remembers", () => {
  const { example } = traced({});
  const [x, y] = [Float64Array.from(example.input), Float64Array.from(example.target)];
  let network = networkOf({ ...example, optimizer: { type: "SGD", learning_rate: 0.1, momentum: 0.9 } });
  const first = stepOf(network, x, y);
  network = stepped(network, first);
  const second = stepOf(network, x, y);
  // v = 0.9 v - 0.1 g; w = w + v
  const velocity = 0.9 * (-0.1 * first.gradient[0]) - 0.1 * second.gradient[0];
  expect(second.after[0]).toBeCloseTo(network.theta[0] + velocity, 15);
  expect(withParameters(example, network.theta).layers[0].W[0][0]).toBe(network.theta[0]);
});

test("names of numbers are told apart", () => {
  expect(keyOf(placeOf("\\dd{w_{1}[0,2]}"))).toBe("∂w1[0,2]");
  expect(keyOf(placeOf("W_{2}'"))).toBe("w2'[0,0]");
  expect(keyOf(placeOf("C'"))).toBe("C0'[0]");
  expect(traced({ network: "2-3-2" }).moments.map(({ stage }) => stage)).toEqual(["inputs", ...Array(4).fill("forward"), "cost", ...Array(8).fill("backward"), "update", "after"]);
});
