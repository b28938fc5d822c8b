/** A session as the worker has it: it trains a slice at a time, and answers calls in between. */
import { type Data, type Goal, type Model, type Part, type Progress, Refusal, type Rows, type StepNumbers } from "./engine";
import { readModel, writeModel } from "../files/model";
import { Fit } from "./fit";
import type { Create, Created } from "./messages";
import { Module } from "./module";
import { factors } from "./schedule";
import { rowsOf, Tracer } from "./trace";

const SLICE = 0.01; // seconds between two looks at what the page asks for
const REPORT = 1 / 30; // seconds between two reports

export class Serving {
  private fit: Fit | null = null;
  private running: Promise<Progress> | null = null;
  private stopping = false;

  constructor(private readonly report: (progress: Progress) => void) {}

  create({ module, training, data, heldOut }: Create): Created {
    this.fit = new Fit(new Module(module), training, data, heldOut);
    const { stages, n_in, n_out, n_theta, fused } = this.fit.plan;
    return { plan: { stages, n_in, n_out, n_theta, fused } };
  }

  run(goal: Goal): Promise<Progress> {
    if (this.running) throw new Refusal("this session is at work already, in another call");
    this.stopping = false;
    this.running = this.train({ ...goal }).finally(() => (this.running = null));
    return this.running;
  }

  private async train(left: Goal): Promise<Progress> {
    let reported = performance.now();
    for (;;) {
      const reason = this.stopping ? "stopped" : this.made.slice(left, SLICE);
      const now = performance.now();
      if (reason) return this.progress((this.made.stopped_by = reason));
      if (now - reported >= REPORT * 1000) {
        this.report(this.progress(null));
        reported = now;
      }
      await nextTask();
    }
  }

  private progress(stopped_by: string | null): Progress {
    const fit = this.made;
    const rows = fit.rows;
    fit.rows = [];
    return { rows, current: fit.current(), running: stopped_by === null, stopped_by, words: fit.diverged };
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.running?.catch(() => undefined);
  }

  async reset(random_state?: number): Promise<void> {
    await this.stop();
    this.made.reset(random_state);
  }

  change(settings: { learning_rate?: number }): void {
    this.made.change(settings);
  }

  outputs(rows: Rows, layer?: number): Float32Array {
    return this.made.network.outputs(rows, layer);
  }

  evaluate(data: Data): unknown {
    return this.made.network.score(data);
  }

  /** Of a schedule, for a curve: no session is needed. */
  factors(module: WebAssembly.Module, schedule: Part, epochs: number, points: number): Float64Array {
    const t = Array.from({ length: points }, (_, i) => (i * epochs) / Math.max(points - 1, 1));
    return factors(new Module(module), schedule, t, epochs);
  }

  trace(rows: number[] | Data): StepNumbers {
    const { data } = this.made;
    if (!Array.isArray(rows)) return new Tracer(this.made, rows).numbers();
    const wrong = rows.find((row) => !(Number.isInteger(row) && row >= 0 && row < data.n));
    if (wrong !== undefined || !rows.length)
      throw new Refusal(`rows must be numbers from 0 to ${data.n - 1}; got ${wrong ?? "none"}`);
    return new Tracer(this.made, rowsOf(data, rows)).numbers();
  }

  theta(): Float32Array {
    return this.made.module.floats(this.made.network.theta).slice();
  }

  setTheta(values: Float32Array, at?: number): void {
    this.made.network.setTheta(values, at);
  }

  save(): Uint8Array {
    const { training, data, plan, network, scaler, history, step } = this.made;
    return writeModel({
      training, data, stages: plan.stages, theta: this.theta(), scaler, scaling: network.scaling,
      input_range: rangeOf(data.X), rows: history, steps: step, stopped_by: this.made.stopped_by,
    }); // prettier-ignore
  }

  /** Reads a model file: no session is needed. */
  open(file: Uint8Array): Model {
    return readModel(file);
  }

  private get made(): Fit {
    if (!this.fit) throw new Refusal("this session has no network");
    return this.fit;
  }
}

function rangeOf(X: ArrayLike<number>): [number, number] {
  const range: [number, number] = [Infinity, -Infinity];
  for (let i = 0; i < X.length; i++) {
    range[0] = Math.min(range[0], X[i]);
    range[1] = Math.max(range[1], X[i]);
  }
  return range;
}

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** Lets the messages that have come be read first. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}
