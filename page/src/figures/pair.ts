/** Two neurons over one input: in a chain, or side by side with their outputs added. */
import type { Activation } from "./activation";
import { type Range, spread } from "./plot";

export interface Neuron {
  weight: number;
  bias: number;
}

export interface Pair {
  first: Neuron;
  second: Neuron;
  connection: "chain" | "sum";
  output: [number, number];
}

/** The sums and outputs of both neurons, and the output of the pair. */
export interface Passage {
  z: [number, number];
  h: [number, number];
  y: number;
}

export function pass({ first, second, connection, output }: Pair, { f }: Activation, x: number): Passage {
  const z1 = first.weight * x + first.bias;
  const h1 = f(z1);
  const z2 = second.weight * (connection === "chain" ? h1 : x) + second.bias;
  const h2 = f(z2);
  return { z: [z1, z2], h: [h1, h2], y: connection === "chain" ? h2 : output[0] * h1 + output[1] * h2 };
}

export interface Crossing {
  x: number;
  neuron: 0 | 1;
  /** The sum becomes positive as x grows. */
  rises: boolean;
}

/** Where the sum of a neuron passes 0: there it is activated or deactivated. */
export function crossings(pair: Pair, activation: Activation, range: Range): Crossing[] {
  const found: Crossing[] = [];
  const places = spread(range, 401);
  for (const neuron of [0, 1] as const) {
    const isOn = (x: number) => pass(pair, activation, x).z[neuron] > 0;
    for (let i = 1; i < places.length; i++) {
      let [low, high] = [places[i - 1], places[i]];
      const rises = isOn(high);
      if (isOn(low) === rises) continue;
      for (let k = 0; k < 50; k++) {
        const middle = (low + high) / 2;
        if (isOn(middle) === rises) high = middle;
        else low = middle;
      }
      found.push({ x: Number(high.toFixed(9)) + 0, neuron, rises });
    }
  }
  return found.sort((a, b) => a.x - b.x);
}
