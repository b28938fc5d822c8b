/**
 * Every number of one training step, which is then not made (explain/trace): all of it computed by the C++ engine.
 *
 * What a step computes within itself is asked for by plans of a part of the network: a layer's output is that of the
 * layer alone; the gradient by it is that of weights Y between one-hot rows and what follows: one Dense(Y) for layers 0 … k.
 */
import { type Code, formOf, info } from "./catalogue";
import type { Data, LayerNumbers, Part, PenaltyNumbers, StepNumbers } from "./engine";
import type { Fit } from "./fit";
import { identity, nativeLayer, nativeLoss, nativePlan } from "./plan";
import { checkRows, encodeTargets, type Targets } from "./targets";
import type { Argument, Place } from "./values";

const NO_SCALING = { offset: null, factor: null };

interface Forward {
  y: Float32Array;
  kept: { [name: string]: Float32Array };
}

interface Stepped {
  cost: number;
  grad: Float32Array;
}

/** The rows of the training data, with their targets. */
export function rowsOf(data: Data, rows: number[]): Data {
  const { n_in } = data;
  const X = data.X.slice(0, rows.length * n_in);
  const part: Data = { ...data, X, n: rows.length };
  rows.forEach((row, i) => X.set(data.X.subarray(row * n_in, (row + 1) * n_in), i * n_in));
  if (data.labels) part.labels = Int32Array.from(rows, (row) => data.labels![row]);
  if (data.targets) {
    const columns = data.targets.length / data.n;
    part.targets = Float64Array.from(rows.flatMap((row) => [...data.targets!.subarray(row * columns, (row + 1) * columns)]));
  }
  return part;
}

export class Tracer {
  private readonly places: Place[] = [];
  private readonly natives: number[] = [];
  private readonly descent: number;
  private readonly n: number;
  private readonly targets: Targets;

  constructor(
    private readonly fit: Fit,
    private readonly data: Data,
  ) {
    checkRows(data, fit.plan.n_in);
    this.n = data.n;
    this.targets = encodeTargets(data, fit.plan);
    const { rule } = formOf(info("optimizers", { type: "SGD" }).rules, { type: "SGD", momentum: 0 });
    this.descent = fit.module.call("make_rule", { ...rule })[0];
  }

  numbers(): StepNumbers {
    return this.looked((x) => this.traced(x));
  }

  /** The outputs of each layer, as in training, for the rows as the first layer takes them. */
  outputsOf(theta: Float32Array, x: Float32Array): Float32Array[] {
    return this.forward(theta, x).map(({ y }) => y);
  }

  /** Does something with the rows as the first layer takes them; what it needs of memory is let go. */
  looked<T>(work: (x: Float32Array) => T): T {
    try {
      return work(this.scaled());
    } finally {
      for (const native of this.natives) this.fit.module.call("drop_native", { native });
      for (const place of this.places) this.fit.module.release(place);
    }
  }

  private traced(x: Float32Array): StepNumbers {
    const { fit } = this;
    const { module, network, plan } = fit;
    const before = module.floats(network.theta).slice();
    const forward = this.forward(before, x);
    const { cost, grad: gradient } = this.whole(before, false);
    const states = fit.states.map((state) => module.floats(state).slice());
    const { after, total, newStates } = this.update(before, states);
    const newForward = this.forward(after, x);
    const gradients = this.gradients(before, x, forward);
    const layers = forward.map(({ y, kept }, k): LayerNumbers => {
      return { y, kept, new_y: newForward[k].y, dy: gradients[k + 1], dx: k && gradients[k + 1] ? gradients[k] : null };
    });
    const y = forward[forward.length - 1].y;
    const penalties = this.penalties(before);
    return {
      n: this.n, x, targets: this.targetRows(), layers, ...this.losses(y), cost,
      new_cost: this.whole(after, false).cost, penalty: penalties.reduce((sum, one) => sum + one.value, 0), penalties,
      before, gradient, total, after,
      states: plan.rule.state_names.map((name, i) => ({ name, before: states[i], after: newStates[i] })),
      learning_rate: fit.coming_rate(), step: fit.step,
    }; // prettier-ignore
  }

  // -------------------------------------------------------------- memory, which is let go at the end

  private put(values: Float32Array, ...sizes: number[]): Place {
    const place = this.fit.module.put(values, ...sizes);
    this.places.push(place);
    return place;
  }

  private make(plan: Argument): number {
    const native = this.fit.module.call("make_native", plan)[0];
    this.natives.push(native);
    return native;
  }

  // -------------------------------------------------------------- forward

  /** The rows as the first layer takes them. */
  private scaled(): Float32Array {
    const { module, network, plan } = this.fit;
    const X = module.put(this.data.X, this.n, plan.n_in);
    this.places.push(X);
    const native = this.make({ layers: [identity(plan.n_in)], loss: null, penalties: [], n_theta: plan.n_theta });
    const { offset, factor } = network.scaling ?? NO_SCALING;
    const own = (values: Float64Array | null) => {
      if (!values) return null;
      const place = module.put(values);
      this.places.push(place);
      return place;
    };
    module.call("set_scaling", { native, offset: own(offset), factor: own(factor) });
    return this.outputs(native, network.theta, X, plan.n_in);
  }

  private outputs(native: number, theta: Place, X: Place, width: number): Float32Array {
    const out = this.put(new Float32Array(this.n * width), this.n, width);
    const [finite] = this.fit.module.call("outputs", { native, theta, X, out });
    return finite ? this.fit.module.floats(out).slice() : new Float32Array(this.n * width).fill(Number.NaN);
  }

  /** The outputs of all layers, as in training. */
  private forward(theta: Float32Array, x: Float32Array): Forward[] {
    const at = this.put(theta);
    return this.fit.plan.stages.map((stage) => {
      const made = this.layer(stage.index, at, theta, x);
      x = made.y;
      return made;
    });
  }

  private layer(k: number, at: Place, theta: Float32Array, x: Float32Array): Forward {
    const stage = this.fit.plan.stages[k];
    const { layer, n_in, n_out } = stage;
    if (layer.type === "Dropout") {
      const mask = this.mask(k, layer.rate as number, x.length);
      return { y: x.map((value, i) => value * mask[i]), kept: { mask } };
    }
    const X = this.put(x, this.n, n_in);
    if (layer.type === "BatchNorm") {
      const [gamma, beta] = stage.arrays.map(({ begin }) => theta.subarray(begin, begin + n_in));
      const { normal, mean, variance, inverse } = this.normal(X, layer, true);
      const y = normal.map((value, i) => Math.fround(value * gamma[i % n_in]) + beta[i % n_in]);
      return { y, kept: { normal, inverse, batch_mean: mean, batch_var: variance } };
    }
    const { plan, module } = this.fit;
    const native = this.make({ layers: [nativeLayer(plan, stage, false)], loss: null, penalties: [], n_theta: plan.n_theta });
    module.call("set_scaling", { native, ...NO_SCALING });
    const y = this.outputs(native, at, X, n_out);
    if (layer.type !== "LayerNorm") return { y, kept: {} };
    const { normal, inverse } = this.normal(X, layer, false);
    return { y, kept: { normal, inverse } };
  }

  private mask(position: number, rate: number, count: number): Float32Array {
    const { module, training, step } = this.fit;
    const out = this.put(new Float32Array(count));
    module.call("mask", { seed: training.random_state, step, position, out });
    const least = Math.fround(rate);
    const kept = Math.fround(1 / Math.fround(1 - least));
    return module.floats(out).map((uniform) => (uniform >= least ? kept : 0));
  }

  private normal(x: Place, layer: Part, over_rows: boolean) {
    const { module } = this.fit;
    const normal = this.put(new Float32Array(x.sizes[0] * x.sizes[1]), ...x.sizes);
    const found = module.call("normalize", { x, normal, over_rows, epsilon: layer.epsilon as number });
    const groups = found.length / 3;
    const [mean, variance, inverse] = [0, 1, 2].map((i) => Float32Array.from(found.subarray(i * groups, (i + 1) * groups)));
    return { normal: module.floats(normal).slice(), mean, variance, inverse };
  }

  // -------------------------------------------------------------- backward

  /** A step of the network without its update: the mean loss, and the gradient with penalties or without. */
  private whole(theta: Float32Array, penalized: boolean): Stepped {
    const { plan, network, module } = this.fit;
    const native = this.make(penalized ? nativePlan(plan) : nativePlan({ ...plan, terms: [], penalties: [] }));
    const X = module.put(this.data.X, this.n, plan.n_in);
    this.places.push(X);
    const { offset, factor } = network.scaling ?? NO_SCALING;
    this.setData(native, X, offset && module.put(offset), factor && module.put(factor));
    return this.step(native, this.put(theta));
  }

  private setData(native: number, X: Place, offset: Place | null, factor: Place | null): void {
    const { module, plan } = this.fit;
    const labels = this.targets.labels && module.put(this.targets.labels);
    const dense = this.targets.dense && module.put(this.targets.dense, this.n, plan.n_out);
    for (const place of [offset, factor, labels, dense]) if (place) this.places.push(place);
    const { levels, answers } = this.targets;
    module.call("set_data", { native, X, offset, factor, labels, levels, dense, answers, threshold: 0.5 });
  }

  private step(native: number, theta: Place): Stepped {
    const { module, training, step } = this.fit;
    const grad = this.put(new Float32Array(theta.sizes[0]));
    const found = module.call("run", {
      native, theta, grad, batch_size: this.n, seed: training.random_state, rule: this.descent, numbers: [0, 0, 0],
      learning_rate: 1, decay: 0, iterations: 0, states: [], first: 0, last: 1, step, epochs: 1, rates: null, order: null,
      learn: false, clip_norm: null, so_far: null,
    }); // prettier-ignore
    return { cost: found[3] / found[4], grad: module.floats(grad).slice() };
  }

  /** By the input of each layer, and by the outputs at last; null where nothing learns before, or where it is fused. */
  private gradients(theta: Float32Array, x: Float32Array, forward: { y: Float32Array }[]): (Float32Array | null)[] {
    const { stages, fused } = this.fit.plan;
    const first = stages.findIndex((stage) => stage.arrays.length > 0);
    return [x, ...forward.map(({ y }) => y)].map((input, k) => {
      if (first < 0 || k <= first) return null;
      return fused && k === stages.length ? null : this.gradientBy(theta, input, k);
    });
  }

  /** By the input of layer k, of which each row has a weight of its own for every number. */
  private gradientBy(theta: Float32Array, input: Float32Array, k: number): Float32Array {
    const { plan } = this.fit;
    const { n } = this;
    const width = input.length / n;
    const whole = new Float32Array(plan.n_theta + input.length + width);
    whole.set(theta);
    whole.set(input, plan.n_theta);
    const parts = [plan.n_theta, plan.n_theta + input.length].map((begin) => ({ begin, rate: 1, terms: [] }));
    const rows = { name: "Dense", settings: { groups: 1 }, n_in: n, n_out: width, parts };
    // Each layer has its own place in the network, for which its dropout is drawn.
    const between = Array.from({ length: k - 1 }, () => identity(width));
    const rest = plan.stages.slice(k).map((stage) => nativeLayer(plan, stage, false));
    const native = this.make({ layers: [rows, ...between, ...rest], loss: nativeLoss(plan), penalties: [], n_theta: whole.length });
    const one = new Float32Array(n * n);
    for (let i = 0; i < n; i++) one[i * (n + 1)] = 1;
    this.setData(native, this.put(one, n, n), null, null);
    const { grad } = this.step(native, this.put(whole));
    return grad.slice(plan.n_theta, plan.n_theta + input.length);
  }

  // -------------------------------------------------------------- the loss, the penalties and the update

  private targetRows(): Float32Array {
    const { labels, levels, dense } = this.targets;
    const { n_out } = this.fit.plan;
    if (dense) return dense;
    const rows = new Float32Array(this.n * n_out).fill(levels![0]);
    if (n_out === 1) return rows.map((_, i) => levels![Number(labels![i])]);
    labels!.forEach((label, i) => (rows[i * n_out + Number(label)] = levels![1]));
    return rows;
  }

  private losses(y: Float32Array): { terms: Float32Array; losses: Float32Array } {
    const { loss, n_out } = this.fit.plan;
    const { code, number_names } = formOf(info("losses", loss).codes, loss);
    const own = number_names.map((name) => {
      const value = loss[name] as number | number[];
      return Array.isArray(value) ? Array.from(y, (_, i) => value[i % n_out]) : value;
    });
    const terms = Float32Array.from(this.computed(code, [this.put(y), this.put(this.targetRows()), ...own], y.length));
    const isMean = (loss.reduction ?? info("losses", loss).reduction) === "mean";
    const losses = Float32Array.from({ length: this.n }, (_, i) => {
      const sum = terms.subarray(i * n_out, (i + 1) * n_out).reduce((total, term) => total + term, 0);
      return isMean ? sum / n_out : sum;
    });
    return { terms, losses };
  }

  private computed(code: Code, inputs: Argument[], count: number): Float64Array {
    return this.fit.module.call("compute", { code: { ...code }, inputs, count });
  }

  private penalties(theta: Float32Array): PenaltyNumbers[] {
    return this.fit.plan.terms.map(({ penalty, begin, length, strength }) => {
      const { code } = info("penalties", penalty);
      const factor = penalty.per_batch ? strength / this.n : strength;
      const values = this.computed(code, [this.put(theta.slice(begin, begin + length))], length);
      return { penalty, begin, factor, value: factor * values.reduce((sum, value) => sum + value, 0) };
    });
  }

  /** The step itself, on copies. */
  private update(before: Float32Array, states: Float32Array[]) {
    const { fit } = this;
    const { module, plan, network } = fit;
    const [theta, grad] = [this.put(before), this.put(new Float32Array(before.length))];
    const own = states.map((state) => this.put(state));
    const native = this.make(nativePlan(plan));
    const X = module.put(this.data.X, this.n, plan.n_in);
    this.places.push(X);
    const { offset, factor } = network.scaling ?? NO_SCALING;
    this.setData(native, X, offset && module.put(offset), factor && module.put(factor));
    module.call("run", { ...fit.stepArguments(), native, theta, grad, states: own, batch_size: this.n, first: 0, last: 1,
      epochs: 1, rates: null, order: null, learn: true, so_far: null }); // prettier-ignore
    return {
      after: module.floats(theta).slice(),
      total: module.floats(grad).slice(),
      newStates: own.map((state) => module.floats(state).slice()),
    };
  }
}
