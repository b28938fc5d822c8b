/**
 * The sum of a neuron term by term, from the parameters and from what the engine gives for one row; and how much each
 * input speaks for an output.
 *
 * A hidden neuron's activation is a = a₀ + m z, with a₀ at the sum 0 and a slope m. With these slopes held, the score of a
 * class is a sum over the inputs, x · W₁ (m₁ W₂) …, and over the biases: what each pixel and what the biases give to it
 * (Bach et al., "On pixel-wise explanations for non-linear classifier decisions", PLOS ONE 10 (2015), with ε = 0).
 */

import type { Plan, Session, Stage } from "../engine/engine";
import { latex } from "../trace/latex";
import { plain } from "../trace/notation";
import { Numbers } from "../trace/numbers";
import { formulasOf, numbersOf } from "../trace/parts";
import { type Say, products } from "../trace/sums";
import { compute, replace } from "../trace/tree";
import { PIXELS } from "./mnist";

/** One row as it goes through the network: what goes in, and the outputs of each stage. */
export interface Passage {
  plan: Plan;
  theta: Float32Array;
  inputs: Float32Array;
  outputs: Float32Array[];
}

/** A dense layer, and the stages from it to the next one. */
export interface Block {
  dense: Stage;
  /** Activation, normalization, dropout. */
  after: Stage[];
}

export interface Term {
  input: number;
  x: number;
  weight: number;
  product: number;
}

export interface Sum {
  terms: Term[];
  bias: number;
  /** As the engine has it. */
  z: number;
  /** The sum in the words of `lw.trace`. */
  words: string;
  /** What the stages after it make of it: the name of each, its formula with numbers, and its output. */
  after: { name: string; words: string | null; value: number }[];
}

export async function pass(session: Session, theta: Float32Array, image: Uint8Array): Promise<Passage> {
  const rows = { X: image.slice(), n: 1, n_in: PIXELS }; // a copy: what is sent takes its whole buffer along
  const outputs: Float32Array[] = [];
  for (const stage of session.plan.stages) outputs.push(await session.outputs(rows, stage.index));
  return { plan: session.plan, theta, inputs: await scaled(session, image), outputs };
}

/** The image as it goes into the first layer. */
async function scaled(session: Session, image: Uint8Array): Promise<Float32Array> {
  const { scaling } = session.training;
  if (scaling && scaling.type !== "RangeScaler") {
    const label = { task: "classification" as const, labels: new Int32Array(1), classes: classesOf(session.plan.n_out) };
    return (await session.trace({ X: image.slice(), n: 1, n_in: PIXELS, ...label })).x;
  }
  const { low = 0, high = 255, to_low = 0, to_high = 1 } = (scaling ?? {}) as unknown as Record<string, number>;
  const factor = (to_high - to_low) / (high - low);
  return Float32Array.from(image, (value) => (value - low) * factor + to_low);
}

function classesOf(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

export function blocksOf(plan: Plan): Block[] {
  const blocks: Block[] = [];
  for (const stage of plan.stages) {
    if (stage.layer.type === "Dense") blocks.push({ dense: stage, after: [] });
    else blocks[blocks.length - 1]?.after.push(stage);
  }
  return blocks;
}

export function inputsOf(passage: Passage, block: Block): Float32Array {
  return block.dense.index === 0 ? passage.inputs : passage.outputs[block.dense.index - 1];
}

export function activationsOf(passage: Passage, block: Block): Float32Array {
  return passage.outputs[(block.after[block.after.length - 1] ?? block.dense).index];
}

function parameters(passage: Passage, stage: Stage, name: string): Float32Array | null {
  const array = stage.arrays.find((one) => one.name === name);
  if (!array) return null;
  const size = array.shape.reduce((product, n) => product * n, 1);
  return passage.theta.subarray(array.begin, array.begin + size);
}

/** The first input of a unit, and how many it has: fewer than all where a layer is in groups. */
function reach(stage: Stage, unit: number): { first: number; count: number } {
  const groups = Number(stage.layer.groups ?? 1);
  const count = stage.n_in / groups;
  return { first: Math.floor(unit / (stage.n_out / groups)) * count, count };
}

/** The weights of a unit, one for each input of the layer; 0 where it has none. */
export function weightsOf(passage: Passage, { dense }: Block, unit: number): Float32Array {
  const W = parameters(passage, dense, "W")!;
  const { first, count } = reach(dense, unit);
  const weights = new Float32Array(dense.n_in);
  for (let i = 0; i < count; i++) weights[first + i] = W[i * dense.n_out + unit];
  return weights;
}

export function biasOf(passage: Passage, { dense }: Block, unit: number): number {
  return parameters(passage, dense, "b")?.[unit] ?? 0;
}

/** A neuron's sum, its largest terms first. */
export function sumOf(passage: Passage, block: Block, unit: number, say: Say): Sum {
  const [inputs, weights, bias] = [inputsOf(passage, block), weightsOf(passage, block, unit), biasOf(passage, block, unit)];
  const terms = Array.from(weights, (weight, input) => {
    return { input, x: inputs[input], weight, product: inputs[input] * weight };
  });
  terms.sort((a, b) => Math.abs(b.product) - Math.abs(a.product) || a.input - b.input);
  const numbers = new Numbers(4, true);
  const words = plain(products(inputs, weights, { numbers, most: 10, say }) + numbers.added(bias));
  const z = passage.outputs[block.dense.index][unit];
  let before = z;
  const after = block.after
    .filter((stage) => stage.layer.type !== "Dropout")
    .map(({ layer, index }) => {
      const formulas = formulasOf(layer);
      const filled = formulas && plain(latex(replace(formulas.f, numbersOf(layer)), { x: numbers.of(before) }));
      before = passage.outputs[index][unit];
      return { name: layer.type, words: filled, value: before };
    });
  return { terms, bias, z, words, after };
}

/** What an activation makes of the sum 0, by Python's own formula; 0 for layers that have none. */
function atZero(after: Stage[]): number {
  return after.reduce((value, { layer }) => {
    const formulas = formulasOf(layer);
    return formulas ? compute(replace(formulas.f, numbersOf(layer)), { x: value }) : value;
  }, 0);
}

export interface Evidence {
  /** What each input adds to the score. */
  inputs: Float32Array;
  /** What the biases add, all together. */
  biases: number;
  score: number;
}

/** How the score of an output (what goes into the last activation) is made up of the inputs and the biases. */
export function evidenceFor(passage: Passage, output: number): Evidence {
  const blocks = blocksOf(passage.plan);
  const last = blocks[blocks.length - 1];
  let factors: Float64Array = new Float64Array(last.dense.n_out);
  factors[output] = 1;
  let biases = 0;
  for (let k = blocks.length - 1; k >= 0; k--) {
    const block = blocks[k];
    if (k < blocks.length - 1) {
      const [z, a] = [passage.outputs[block.dense.index], activationsOf(passage, block)];
      const zero = atZero(block.after);
      factors.forEach((factor, unit) => (biases += factor * (z[unit] === 0 ? a[unit] : zero)));
      factors = factors.map((factor, unit) => (z[unit] === 0 ? 0 : (factor * (a[unit] - zero)) / z[unit]));
    }
    const b = parameters(passage, block.dense, "b");
    if (b) factors.forEach((factor, unit) => (biases += factor * b[unit]));
    factors = back(passage, block.dense, factors);
  }
  const inputs = Float32Array.from(factors, (factor, i) => factor * passage.inputs[i]);
  return { inputs, biases, score: passage.outputs[last.dense.index][output] };
}

/** Factors of a layer's sums as factors of its inputs. */
function back(passage: Passage, dense: Stage, factors: Float64Array): Float64Array {
  const W = parameters(passage, dense, "W")!;
  const result = new Float64Array(dense.n_in);
  for (let unit = 0; unit < dense.n_out; unit++) {
    const factor = factors[unit];
    if (factor === 0) continue;
    const { first, count } = reach(dense, unit);
    for (let i = 0; i < count; i++) result[first + i] += factor * W[i * dense.n_out + unit];
  }
  return result;
}
