/** The network in the module's memory: its parameters, and the executors that read them. */
import { complete, info } from "./catalogue";
import { type Data, type Part, Refusal, type Rows, type Score, type Value } from "./engine";
import { type Module, type Numbers } from "./module";
import { type Compiled, nativePlan } from "./plan";
import { nativeScaling, putRows, type Scaling } from "./scaling";
import { checkRows, encodeTargets } from "./targets";
import type { Argument, Place } from "./values";

const WEIGHTS = 0; // what a generator draws (data/philox.py)

/** Rows and their targets, as an executor has them: all that must be let go with it. */
export interface Held {
  native: number;
  places: (Place | null)[];
}

export class Network {
  readonly theta: Place;
  readonly grad: Place;
  private readonly predictors = new Map<number, Held>();

  constructor(
    readonly module: Module,
    readonly plan: Compiled,
    readonly scaling: Scaling | null,
  ) {
    this.theta = module.allocate("f", plan.n_theta);
    this.grad = module.allocate("f", plan.n_theta);
  }

  /** Draws the first weights, layer by layer (network/weights.py). */
  initialize(seed: number): void {
    this.module.floats(this.theta).fill(0);
    for (const stage of this.plan.stages) {
      const arrays: Argument[] = [];
      for (const [i, { begin, shape }] of stage.arrays.entries()) {
        const first = info("layers", stage.layer).arrays[i].first;
        const given = stage.layer[first] ?? first;
        const values = givenValues(given);
        if (values) this.place(values, begin, shape, first);
        else arrays.push(initializer(given, begin, shape, (stage.layer.groups as number | undefined) ?? 1));
      }
      if (arrays.length)
        this.module.call("initialize", { seed, purpose: WEIGHTS, index: stage.index, out: this.theta, arrays });
    }
  }

  private place(values: number[], begin: number, shape: number[], name: string): void {
    const wanted = shape.reduce((product, n) => product * n, 1);
    if (values.length !== wanted)
      throw new Refusal(`given ${name} have ${values.length} numbers; this layer needs the shape (${shape.join(", ")})`);
    this.module.floats(this.theta).set(values, begin);
  }

  make(layers?: number): number {
    return this.module.call("make_native", nativePlan(this.plan, layers))[0];
  }

  /** An executor that reads these data. */
  hold(data: Data, name: string): Held {
    const targets = encodeTargets(data, this.plan, name);
    return this.holdRows(putRows(this.module, data), targets);
  }

  holdRows(X: Place, targets: ReturnType<typeof encodeTargets>): Held {
    const native = this.make();
    const { offset, factor } = nativeScaling(this.module, this.scaling);
    const labels = targets.labels && this.module.put(targets.labels);
    const dense = targets.dense && this.module.put(targets.dense, X.sizes[0], this.plan.n_out);
    const { levels, answers } = targets;
    this.module.call("set_data", { native, X, offset, factor, labels, levels, dense, answers, threshold: 0.5 });
    return { native, places: [X, offset, factor, labels, dense] };
  }

  drop(held: Held): void {
    this.module.call("drop_native", { native: held.native });
    for (const place of held.places) this.module.release(place);
  }

  evaluate(held: Held, outputs: Place | null = null): { loss: number; accuracy: number } {
    const [loss, weight, right] = this.module.call("evaluate", { native: held.native, theta: this.theta, outputs });
    return { loss: loss / weight, accuracy: right / weight };
  }

  score(data: Data): Score {
    const held = this.hold(data, "y");
    const outputs = this.module.allocate("f", data.n, this.plan.n_out);
    try {
      const { loss, accuracy } = this.evaluate(held, outputs);
      const found = { loss, outputs: this.module.floats(outputs).slice() };
      return data.task === "classification" ? { ...found, accuracy } : found;
    } finally {
      this.module.release(outputs);
      this.drop(held);
    }
  }

  /** The outputs of a layer, as in prediction. */
  outputs(rows: Rows, layer = this.plan.stages.length - 1): Float32Array {
    const stage = this.plan.stages[layer];
    if (!stage)
      throw new Refusal(`there is no layer ${layer}; the network has layers 0 to ${this.plan.stages.length - 1}`);
    checkRows(rows, this.plan.n_in);
    const { native } = this.predictor(layer);
    const X = putRows(this.module, rows);
    const out = this.module.allocate("f", rows.n, stage.n_out);
    const [finite] = this.module.call("outputs", { native, theta: this.theta, X, out });
    const found = (this.module.view(out) as Numbers as Float32Array).slice();
    this.module.release(X);
    this.module.release(out);
    if (!finite) throw new Refusal("X holds numbers that are too large for float32");
    return found;
  }

  private predictor(layer: number): Held {
    const known = this.predictors.get(layer);
    if (known) return known;
    const native = this.make(layer + 1);
    const { offset, factor } = nativeScaling(this.module, this.scaling);
    this.module.call("set_scaling", { native, offset, factor });
    const made = { native, places: [offset, factor] };
    this.predictors.set(layer, made);
    return made;
  }

  setTheta(values: Float32Array, at = 0): void {
    const { n_theta } = this.plan;
    if (!(at >= 0 && at + values.length <= n_theta))
      throw new Refusal(`theta has shape (${n_theta},); got ${values.length} numbers from ${at} on`);
    if (!values.every(Number.isFinite))
      throw new Refusal("set_parameters: the arrays hold NaN, infinity or numbers too large for float32; nothing was changed");
    this.module.floats(this.theta).set(values, at);
  }
}

/** Weights that are given, one after the other; null where they are drawn. */
function givenValues(given: Value): number[] | null {
  const items = Array.isArray(given)
    ? given
    : ((given as Part | null)?.type === "Given" && (given as Part).values) ||
      ((given as Part | null)?.type === "array" && (given as Part).items);
  if (!items) return null;
  const flat = (items as Value[]).flat(2) as number[];
  if (!flat.every((x) => typeof x === "number" && Number.isFinite(x)))
    throw new Refusal("given weights or biases must be an array of numbers");
  return flat;
}

function initializer(given: Value, begin: number, shape: number[], groups: number): Argument {
  const part = typeof given === "string" ? byName(given) : complete("initializers", given as Part);
  if (part.type === "Orthogonal")
    throw new Refusal("Orthogonal weights are drawn by LAPACK, which the page has not: choose GlorotNormal or HeNormal");
  const number = (part.scale ?? part.limit ?? 0) as number;
  const [rows, columns] = shape.length === 2 ? shape : [1, shape[0]];
  return { initializer: part.type, number, begin, rows, columns, groups: shape.length === 2 ? groups : 1 };
}

/** An initializer by a name such as "he_normal". */
function byName(name: string): Part {
  const plain = (text: string) => text.replaceAll(/[_\- ]/g, "").toLowerCase();
  if (plain(name) === "ones") return { type: "Ones" };
  const camel = ["Zeros", "Normal", "Uniform", "LecunNormal", "LecunUniform", "GlorotNormal", "GlorotUniform", "HeNormal",
    "HeUniform", "Orthogonal"].find((known) => plain(known) === plain(name)); // prettier-ignore
  return complete("initializers", { type: camel ?? name });
}
