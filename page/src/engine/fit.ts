/** A training in the worker, some steps at a time (training/loop.py). */
import { complete, shown } from "./catalogue";
import { type Data, type Goal, type Part, Refusal, type Row, type Training } from "./engine";
import { divergenceOf } from "./divergence";
import type { Module } from "./module";
import { Network, type Held } from "./network";
import { compile, type Compiled } from "./plan";
import { fitScaling, putRows } from "./scaling";
import { factors, moments } from "./schedule";
import { encodeTargets } from "./targets";
import type { Argument, Place } from "./values";

const ORDER = 1; // what a generator draws (data/philox.py)
const NO_SUMS = () => new Float64Array(6);

export class Fit {
  readonly plan: Compiled;
  readonly network: Network;
  readonly n: number;
  readonly batch_size: number;
  readonly steps_per_epoch: number;
  training: Training;
  readonly scaler: Part | null;
  /** Rows of the epochs that ended, until they are taken; and all of them. */
  rows: Row[] = [];
  readonly history: Row[] = [];
  diverged: string | null = null;
  stopped_by = "epochs";
  learning_rate: number;
  iterations = 0;
  step = 0;
  private epoch = 0; // that have ended
  private at = 0; // rows of the one at work that were read
  private begun = 0; // the step at which it began
  private made = 0; // steps of it
  private sums = NO_SUMS();
  private seconds = 0;
  private per_step = 1e-5; // seconds, of a step of a whole batch
  private readonly held: Held;
  private readonly heldOut: Held | null;
  private readonly rule: number;
  readonly states: Place[];
  private readonly order: Place;
  private readonly good: Float32Array;
  private readonly so_far: Place;
  private readonly schedule: Part | null;

  constructor(
    readonly module: Module,
    training: Training,
    readonly data: Data,
    heldOut?: Data,
  ) {
    this.training = training;
    this.plan = compile(training, data.n_in);
    this.schedule = training.schedule && complete("schedules", training.schedule);
    checkNumbers(training);
    const targets = encodeTargets(data, this.plan);
    const X = putRows(module, data);
    // As in Python, pixels are scaled from 0…255 to 0…1 where nothing else is said.
    this.scaler = training.scaling ?? (data.X instanceof Uint8Array ? { type: "RangeScaler" } : null);
    this.network = new Network(module, this.plan, fitScaling(module, this.scaler, X, data.n_in));
    this.network.initialize(training.random_state);
    this.held = this.network.holdRows(X, targets);
    this.heldOut = heldOut ? this.network.hold(heldOut, "validation_data's y") : null;
    this.n = data.n;
    this.batch_size = Math.min(training.batch_size, data.n);
    this.steps_per_epoch = Math.ceil(this.n / this.batch_size);
    this.per_step = Math.max(1e-5, 1e-9 * this.plan.n_theta * this.batch_size); // until one was made
    this.rule = module.call("make_rule", { ...this.plan.rule.rule })[0];
    this.states = this.plan.rule.state_names.map(() => module.allocate("f", this.plan.n_theta));
    this.order = module.allocate("q", this.n);
    this.so_far = module.allocate("d", 6);
    this.learning_rate = this.plan.optimizer.learning_rate as number;
    this.good = module.floats(this.network.theta).slice();
  }

  get heldOutIsThere(): boolean {
    return this.heldOut !== null;
  }

  /** The epoch at work, or the last one if none has begun. */
  current(): Row {
    return this.made || !this.epoch ? this.row(this.epoch + (this.made ? 1 : 0)) : this.last;
  }
  private last: Row = this.row(0);

  reset(random_state?: number): void {
    if (random_state !== undefined) this.training = { ...this.training, random_state };
    checkNumbers(this.training);
    this.network.initialize(this.training.random_state);
    this.good.set(this.module.floats(this.network.theta));
    this.forget();
    this.rows = [];
    this.history.length = 0;
    this.epoch = this.step = 0;
    this.diverged = null;
    this.endEpoch();
    this.last = this.row(0);
  }

  change({ learning_rate }: { learning_rate?: number }): void {
    if (learning_rate === undefined) return;
    const optimizer = { ...this.training.optimizer, learning_rate };
    complete("optimizers", optimizer);
    this.training = { ...this.training, optimizer };
    this.learning_rate = learning_rate;
  }

  /** The optimizer's states begin anew. */
  private forget(): void {
    for (const state of this.states) this.module.floats(state).fill(0);
    this.iterations = 0;
  }

  /** Steps for about so many seconds; why it stopped, or null if it shall go on. */
  slice(left: Goal, seconds: number): string | null {
    // A slice begins and ends with all parameters: they may take a tenth of it.
    const end = performance.now() + seconds * 1000 + this.plan.n_theta / 1e4;
    do {
      const reason = this.some(left, (end - performance.now()) / 1000);
      if (reason) return reason;
    } while (performance.now() < end);
    return null;
  }

  private some(left: Goal, seconds: number): string | null {
    if (left.epochs !== undefined && left.epochs <= 0) return "epochs";
    if (left.steps !== undefined && left.steps <= 0) return "steps";
    if (left.samples !== undefined && left.samples <= 0) return "samples";
    const most = Math.max(1, Math.floor(seconds / this.per_step));
    if (left.samples !== undefined) return this.singles(left, Math.min(most * this.batch_size, left.samples));
    const whole = this.steps_per_epoch === 1 && this.at === 0 && left.loss === undefined && !this.schedule;
    if (whole) {
      const epochs = Math.min(most, left.epochs ?? most, left.steps ?? most);
      return this.steps(0, 1, this.batch_size, epochs, left);
    }
    const first = Math.floor(this.at / this.batch_size);
    if (this.at % this.batch_size) return this.rest(left);
    const last = Math.min(this.steps_per_epoch, first + most, first + (left.steps ?? most));
    return this.steps(first, last, this.batch_size, 1, left);
  }

  /** Steps of one row each. */
  private singles(left: Goal, most: number): string | null {
    return this.steps(this.at, Math.min(this.n, this.at + most), 1, 1, left);
  }

  /** What single rows have left of a batch, as one step: the order begins with it for the time being. */
  private rest(left: Goal): string | null {
    const end = Math.min(this.n, (Math.floor(this.at / this.batch_size) + 1) * this.batch_size);
    this.order_ready();
    const order = this.module.view(this.order) as BigInt64Array;
    const whole = order.slice();
    order.set(whole.subarray(this.at));
    order.set(whole.subarray(0, this.at), this.n - this.at);
    try {
      return this.steps(0, 1, end - this.at, 1, left, end - this.at);
    } finally {
      (this.module.view(this.order) as BigInt64Array).set(whole);
    }
  }

  private ordered_for = -1;
  private ordered = false;

  /** Draws the epoch's order, as draw_order of data/shuffling.py. */
  private order_ready(force = true): boolean {
    const shuffled = this.training.shuffle && this.steps_per_epoch > 1;
    if (this.ordered_for !== this.begun || (force && !this.ordered)) {
      this.ordered_for = this.begun;
      this.ordered = true;
      if (shuffled)
        this.module.call("draw", { seed: this.training.random_state, purpose: ORDER, index: this.begun, kind: "permutation",
          out: this.order }); // prettier-ignore
      else {
        const order = this.module.view(this.order) as BigInt64Array;
        for (let i = 0; i < this.n; i++) order[i] = BigInt(i);
      }
    }
    return shuffled;
  }

  private steps(first: number, last: number, batch: number, epochs: number, left: Goal, rows?: number): string | null {
    const partial = rows !== undefined;
    const shuffled = this.training.shuffle && this.steps_per_epoch > 1;
    const order = partial || (shuffled && this.order_ready()) ? this.order : null;
    this.module.view(this.so_far).set(this.sums as never);
    const rates = this.rates(first, last, batch);
    const began = performance.now();
    const found = this.module.call("run", {
      ...this.stepArguments(), native: this.held.native, theta: this.network.theta, grad: this.network.grad,
      states: this.states, batch_size: batch, first, last, epochs, rates, order, learn: true, so_far: this.so_far,
    }); // prettier-ignore
    this.module.release(rates);
    const [made, finite] = found;
    const seconds = (performance.now() - began) / 1000;
    this.seconds += seconds;
    // The least that it took: a slice during which the machine had other work tells nothing.
    if (made && batch === this.batch_size) this.per_step = Math.min(seconds / made, 1.25 * this.per_step);
    this.iterations += made;
    this.step += made;
    this.made += epochs > 1 ? 1 : made;
    this.at = partial ? this.at + rows : Math.min(this.n, (epochs > 1 ? 1 : first + made) * batch);
    this.sums = found.slice(3, 9);
    if (left.steps !== undefined) left.steps -= made;
    if (left.samples !== undefined) left.samples -= made;
    if (!finite) return this.diverge();
    return epochs > 1 ? this.manyEnded(found, made, left) : this.at === this.n ? this.ended(left) : null;
  }

  /** What a run is told of the optimizer and of the step that comes. */
  stepArguments(): { [name: string]: Argument } {
    const { optimizer, rule } = this.plan;
    return {
      seed: this.training.random_state,
      rule: this.rule,
      numbers: rule.number_names.map((name) => optimizer[name] as number),
      learning_rate: this.learning_rate,
      decay: optimizer.decay as number,
      iterations: this.iterations,
      step: this.step,
      clip_norm: this.training.clip_norm,
    };
  }

  /** The learning rate of the step that comes. */
  coming_rate(): number {
    return this.learning_rate / (1 + (this.plan.optimizer.decay as number) * this.iterations);
  }

  /** Epochs of one step each have ended: their rows share the time, and the last one is evaluated. */
  private manyEnded(found: Float64Array, made: number, left: Goal): string | null {
    const seconds = this.seconds / made;
    for (let i = 0; i < made; i++) {
      this.sums = found.slice(3 + 6 * i, 9 + 6 * i);
      this.made = 1;
      this.seconds = seconds;
      if (i === made - 1) return this.ended(left, this.step);
      this.finish(this.step - made + 1 + i, false);
      if (left.epochs !== undefined) left.epochs -= 1;
    }
    return null;
  }

  private ended(left: Goal, step = this.step): string | null {
    const theta = this.module.floats(this.network.theta);
    if (!theta.every(Number.isFinite)) return this.diverge(this.n - 1 - ((this.n - 1) % this.batch_size));
    this.good.set(theta);
    const row = this.finish(step, true);
    if (left.epochs !== undefined) left.epochs -= 1;
    if (left.loss !== undefined && row.loss <= left.loss) return "loss";
    return null;
  }

  private finish(steps: number, evaluated: boolean): Row {
    this.epoch += 1;
    const row = { ...this.row(this.epoch), steps };
    if (evaluated && this.heldOut) {
      const { loss, accuracy } = this.network.evaluate(this.heldOut);
      row.val_loss = loss;
      if (this.data.task === "classification") row.val_accuracy = accuracy;
    }
    this.rows.push(row);
    this.history.push(row);
    this.last = row;
    this.endEpoch();
    return row;
  }

  private endEpoch(): void {
    this.at = this.made = this.seconds = 0;
    this.begun = this.step;
    this.sums = NO_SUMS();
  }

  private row(epoch: number): Row {
    const [loss, weight, right, penalty, , samples] = this.sums ?? NO_SUMS();
    const row: Row = {
      epoch,
      step: this.made,
      steps: this.step,
      loss: weight ? loss / weight : 0,
      penalty: samples ? penalty / samples : 0,
      learning_rate: this.rateUsed(),
      seconds: this.seconds,
    };
    if (this.data?.task === "classification") row.accuracy = samples ? right / samples : 0;
    return row;
  }

  private shown_rate = Number.NaN;

  private rateUsed(): number {
    const rate = this.schedule && !Number.isNaN(this.shown_rate) ? this.shown_rate : this.learning_rate;
    return rate / (1 + (this.plan?.optimizer.decay as number) * Math.max(this.iterations - 1, 0));
  }

  /** The rates of steps, where a schedule has a say (training/learning_rate.py). */
  private rates(first: number, last: number, batch: number): Place | null {
    if (!this.schedule) return null;
    const { epochs } = this.training;
    const per_epoch = Math.ceil(this.n / batch);
    const begin = this.epoch * per_epoch;
    const t = moments(this.schedule, begin + first, begin + last, per_epoch, epochs);
    const found = factors(this.module, this.schedule, t, epochs);
    const rates = found.map((factor) => this.learning_rate * factor);
    this.shown_rate = rates[rates.length - 1];
    return this.module.put(rates);
  }

  /** Back to the last good weights, with Python's words; `start`: where the step's rows begin in the order. */
  private diverge(start = this.at): string {
    const order = this.training.shuffle && this.steps_per_epoch > 1 ? (this.module.view(this.order) as BigInt64Array) : null;
    const begin = Math.min(start, this.n - 1);
    const count = Math.min(this.batch_size, this.n - begin);
    const rows = Array.from({ length: count }, (_, i) => (order ? Number(order[begin + i]) : begin + i));
    this.diverged = divergenceOf(this, rows, this.good);
    this.module.floats(this.network.theta).set(this.good);
    this.forget();
    return "diverged";
  }

  /** How many have ended. */
  get epochs_made(): number {
    return this.epoch;
  }
}

function checkNumbers(training: Training): void {
  const { batch_size, epochs, random_state, clip_norm } = training;
  const whole = (name: string, value: number, least: number, owner = "fit") => {
    if (!Number.isSafeInteger(value) || value < least)
      throw new Refusal(`${owner}: ${name} must be a whole number, at least ${least}; got ${shown(value)}`);
  };
  whole("batch_size", batch_size, 1);
  whole("epochs", epochs, 1);
  whole("random_state", random_state, 0, "Network");
  if (clip_norm !== null && !(Number.isFinite(clip_norm) && clip_norm > 0))
    throw new Refusal(`fit: clip_norm must be above 0; got ${shown(clip_norm)}`);
}
