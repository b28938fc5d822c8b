/**
 * One training step in double precision, for a network as small as a worked example: dense layers and activations, on one
 * sample. Sums are added here; every formula is Python's own, as a tree.
 */

import type { LayerNumbers, Part, Plan, Stage, StepNumbers } from "../engine/engine.ts";
import { factsOf, formulasOf, numbersOf, ruleOf } from "./parts.ts";
import { compute, replace, type Tree } from "./tree.ts";

type Reals = Float64Array;
type States = { [name: string]: Reals };

export interface Doubles {
  plan: Plan;
  loss: Part;
  optimizer: Part;
  /** Steps that were made. */
  step: number;
  theta: Reals;
  /** What the optimizer remembers, by name. */
  states: States;
}

/** All numbers of one step on a sample, as `lw.trace` has them. */
export function stepOf(network: Doubles, x: Reals, targets: Reals): StepNumbers<Reals> {
  const { plan, loss, optimizer, theta, step } = network;
  const outputs = forward(plan, theta, x);
  const last = outputs[outputs.length - 1];
  const { gradient, layers } = backward(network, x, outputs, targets);
  const { after, states } = update(network, gradient);
  const newOutputs = forward(plan, after, x);
  const terms = termsOf(loss, last, targets);
  const cost = total(loss, terms);
  return {
    n: 1, x, targets, terms, losses: Float64Array.of(cost), cost,
    layers: layers.map((found, k) => ({ ...found, new_y: newOutputs[k] })),
    new_cost: total(loss, termsOf(loss, newOutputs[newOutputs.length - 1], targets)),
    penalty: 0, penalties: [], before: theta, gradient, total: gradient, after, states,
    learning_rate: rateOf(optimizer, step), step,
  }; // prettier-ignore
}

/** The network after a step, ready for the next. */
export function stepped(network: Doubles, numbers: StepNumbers<Reals>): Doubles {
  const states = Object.fromEntries(numbers.states.map(({ name, after }) => [name, after]));
  return { ...network, theta: numbers.after, states, step: network.step + 1 };
}

// ------------------------------------------------------------------ forward

/** The outputs of each layer. */
export function forward(plan: Pick<Plan, "stages">, theta: Reals, x: Reals): Reals[] {
  return plan.stages.map((stage) => (x = layerOutputs(stage, theta, x)));
}

function layerOutputs(stage: Stage, theta: Reals, x: Reals): Reals {
  const { layer, n_in, n_out } = stage;
  if (layer.type === "Softmax") return softmax(x);
  if (layer.type !== "Dense") return x.map(elementwise(layer, "f"));
  const { W, b } = partsOf(stage, theta);
  return Float64Array.from({ length: n_out }, (_, j) => sum(n_in, (i) => x[i] * W[i * n_out + j]) + b[j]);
}

/** The one function that is no formula of single numbers. */
function softmax(x: Reals): Reals {
  const greatest = Math.max(...x);
  const powers = x.map((z) => Math.exp(z - greatest));
  const all = sum(powers.length, (j) => powers[j]);
  return powers.map((power) => power / all);
}

function elementwise(layer: Part, which: "f" | "slope"): (x: number, i: number, all: ArrayLike<number>, y?: number) => number {
  const formulas = formulasOf(layer);
  if (!formulas) throw new RangeError(`${layer.type}: only dense layers and activations are worked out in double precision`);
  const tree = replace(formulas[which], numbersOf(layer));
  return (x, _i, _all, y = NaN) => compute(tree, { x, y });
}

function partsOf(stage: Stage, flat: Reals): { W: Reals; b: Reals } {
  const named = (name: string): Reals => {
    const array = stage.arrays.find((one) => one.name === name);
    if (!array) return new Float64Array(stage.n_out);
    return flat.subarray(array.begin, array.begin + array.shape.reduce((product, size) => product * size, 1));
  };
  return { W: named("W"), b: named("b") };
}

function sum(count: number, term: (i: number) => number): number {
  let found = 0;
  for (let i = 0; i < count; i++) found += term(i);
  return found;
}

// ------------------------------------------------------------------ the loss

function lossTree(loss: Part, which: "f" | "slope" | "joint"): Tree {
  const tree = formulasOf(loss)?.[which];
  if (!tree) throw new RangeError(`${loss.type} has no formula of single numbers`);
  return replace(tree, numbersOf(loss));
}

const isMean = (loss: Part): boolean => (loss.reduction ?? factsOf(loss).reduction) === "mean";

function termsOf(loss: Part, y: Reals, targets: Reals): Reals {
  const tree = lossTree(loss, "f");
  return y.map((value, j) => compute(tree, { y: value, t: targets[j] }));
}

function total(loss: Part, terms: Reals): number {
  const found = sum(terms.length, (j) => terms[j]);
  return isMean(loss) ? found / terms.length : found;
}

// ------------------------------------------------------------------ backward

/** The gradient by all parameters, and by the outputs and inputs of each layer where it is passed on. */
function backward({ plan, loss, theta }: Doubles, x: Reals, outputs: Reals[], targets: Reals) {
  const gradient = new Float64Array(theta.length);
  const layers: Omit<LayerNumbers<Reals>, "new_y">[] = [];
  const last = outputs[outputs.length - 1];
  const slopes = lossTree(loss, plan.fused ? "joint" : "slope");
  const each = isMean(loss) ? last.length : 1;
  let d: Reals = last.map((value, j) => compute(slopes, { y: value, t: targets[j] }) / each);
  for (let k = plan.stages.length - 1; k >= 0; k--) {
    const stage = plan.stages[k];
    const input = k ? outputs[k - 1] : x;
    const isJoint = plan.fused && k === plan.stages.length - 1;
    const dx = isJoint ? d : layerGradient(stage, theta, input, outputs[k], d, gradient);
    layers.unshift({ y: outputs[k], kept: {}, dy: isJoint ? null : d, dx: k ? dx : null });
    d = dx;
  }
  return { gradient, layers };
}

/** The gradient by a layer's inputs; that by its parameters is put in its place. */
function layerGradient(stage: Stage, theta: Reals, x: Reals, y: Reals, dy: Reals, gradient: Reals): Reals {
  const { layer, n_in, n_out } = stage;
  if (layer.type === "Softmax") {
    const all = sum(n_out, (j) => dy[j] * y[j]);
    return y.map((p, j) => p * (dy[j] - all));
  }
  if (layer.type !== "Dense") {
    const slope = elementwise(layer, "slope");
    return dy.map((d, j) => d * slope(x[j], j, x, y[j]));
  }
  const [{ W }, own] = [partsOf(stage, theta), partsOf(stage, gradient)];
  for (let i = 0; i < n_in; i++) for (let j = 0; j < n_out; j++) own.W[i * n_out + j] = x[i] * dy[j];
  own.b.set(dy);
  return Float64Array.from({ length: n_in }, (_, i) => sum(n_out, (j) => dy[j] * W[i * n_out + j]));
}

// ------------------------------------------------------------------ the update

/** The learning rate of a step, in the decay of the Python classes. */
function rateOf(optimizer: Part, step: number): number {
  const { learning_rate, decay = 0 } = numbersOf(optimizer);
  return learning_rate / (1 + decay * step);
}

function update({ optimizer, theta, states, step }: Doubles, gradient: Reals) {
  const rule = ruleOf(optimizer);
  if (!rule) throw new RangeError(`${optimizer.type} has no formula of single numbers`);
  const own = { ...numbersOf(optimizer), rate: rateOf(optimizer, step), t: step + 1 };
  const before: States = Object.fromEntries(rule.states.map(([name]) => [name, states[name] ?? new Float64Array(theta.length)]));
  const made = (tree: Tree) =>
    theta.map((w, i) => {
      const remembered = Object.fromEntries(Object.entries(before).map(([name, values]) => [name, values[i]]));
      return compute(tree, { ...own, ...remembered, w, g: gradient[i] });
    });
  return {
    after: made(rule.w),
    states: rule.states.map(([name, tree]) => ({ name, before: before[name], after: made(tree) })),
  };
}
