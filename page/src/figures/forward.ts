/** The forward pass of dense layers for one sample, with all that is computed on the way. */
import type { Part } from "../engine/engine";
import { activationOf } from "./activation";
import { softmax } from "./softmax";

export interface Layer {
  /** A row an input, a column a neuron. */
  W: number[][];
  b: number[];
  activation: Part | null;
}

export interface Pass {
  /** What goes in. */
  x: number[];
  /** The products of each neuron, input by input. */
  products: number[][];
  /** The weighted sums, with the bias. */
  z: number[];
  outputs: number[];
}

export function activated(activation: Part | null, z: number[]): number[] {
  if (activation === null) return z;
  return activation.type === "Softmax" ? softmax(z).probabilities : z.map(activationOf(activation).f);
}

function layerPass({ W, b, activation }: Layer, x: number[]): Pass {
  const products = b.map((_, j) => x.map((value, i) => value * W[i][j]));
  const z = products.map((terms, j) => terms.reduce((sum, term) => sum + term, 0) + b[j]);
  return { x, products, z, outputs: activated(activation, z) };
}

export function forward(layers: Layer[], input: number[]): Pass[] {
  const passes: Pass[] = [];
  for (const layer of layers) passes.push(layerPass(layer, passes.at(-1)?.outputs ?? input));
  return passes;
}
