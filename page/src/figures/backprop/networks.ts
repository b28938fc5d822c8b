/** The networks of the figure: the two worked examples, or one that is given by its layers. */
import { compile } from "../../engine/plan";
import type { Part } from "../../engine/engine";
import type { Doubles } from "../../trace/doubles";

export interface DenseGiven {
  /** A row an input, a column a neuron. */
  W: number[][];
  b: number[];
  /** None if left out: the sums are the outputs. */
  activation?: string | Part | null;
}

export interface Preset {
  network?: string;
  rate?: number;
  layers?: DenseGiven[] | null;
  input?: number[] | null;
  target?: number[] | null;
  loss?: string | Part | null;
  optimizer?: string | Part | null;
}

export interface Example {
  layers: DenseGiven[];
  input: number[];
  target: number[];
  loss: Part;
  optimizer: Part;
}

type Worked = Pick<Example, "layers" | "input" | "target">;

/** The worked examples, with sigmoids and the quadratic cost. */
const WORKED: Record<string, Worked> = {
  "1-1-1": {
    layers: [
      { W: [[1.58]], b: [-0.14], activation: "Sigmoid" },
      { W: [[2.45]], b: [-0.11], activation: "Sigmoid" },
    ],
    input: [0.8],
    target: [1],
  },
  "2-3-2": {
    layers: [
      { W: [[-0.11499179, -0.65801895, -0.15686814], [0.454649, 0.56618695, -0.87499479]], b: [0.54001045, 0.75958375, 0.01870296], activation: "Sigmoid" }, // prettier-ignore
      { W: [[0.01071228, -0.87455946], [-0.49139708, -0.08351883], [-0.81775586, -0.77534763]], b: [-0.32783478, 0.06061246], activation: "Sigmoid" }, // prettier-ignore
    ],
    input: [0.8, 0.2],
    target: [0, 1],
  },
};

const part = (given: string | Part): Part => (typeof given === "string" ? { type: given } : given);

export function exampleOf({ network = "1-1-1", rate = 0.1, layers, input, target, loss, optimizer }: Preset): Example {
  const worked = WORKED[network] ?? WORKED["1-1-1"];
  const own = layers?.length ? { layers, input: filled(input, layers[0].W.length, 1), target: filled(target, layers[layers.length - 1].b.length, 0) } : worked;
  return {
    layers: structuredClone(own.layers),
    input: [...(input ?? own.input)],
    target: [...(target ?? own.target)],
    loss: part(loss ?? "QuadraticCost"),
    optimizer: { ...part(optimizer ?? "SGD"), learning_rate: rate },
  };
}

const filled = (given: number[] | null | undefined, count: number, value: number): number[] => given ?? new Array<number>(count).fill(value);

/** The example as a network that has made no steps. */
export function networkOf({ layers, input, loss, optimizer }: Example): Doubles {
  const parts = layers.flatMap(({ b, activation }) => [{ type: "Dense", units: b.length }, ...(activation ? [part(activation)] : [])]);
  const training = { layers: parts, random_state: 0, scaling: null, loss, optimizer, penalties: [], schedule: null, epochs: 1, batch_size: 1, shuffle: false, clip_norm: null }; // prettier-ignore
  const plan = compile(training, input.length);
  const theta = Float64Array.from(layers.flatMap(({ W, b }) => [...W.flat(), ...b]));
  if (theta.length !== plan.n_theta) throw new RangeError(`the layers have ${theta.length} weights and biases; ${plan.n_theta} are needed`);
  return { plan, loss, optimizer: { ...optimizer }, step: 0, theta, states: {} };
}

/** The example with the parameters of a network. */
export function withParameters(example: Example, theta: ArrayLike<number>): Example {
  let at = 0;
  const next = () => theta[at++];
  return { ...example, layers: example.layers.map((layer) => ({ ...layer, W: layer.W.map((row) => row.map(next)), b: layer.b.map(next) })) };
}
