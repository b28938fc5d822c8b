/**
 * What the playground holds: data, inputs, settings, and what was before each change. It outlives the view. A change of
 * the data keeps the weights where the shapes agree; one of the network begins anew; another rate goes on.
 */
import { type Feature, possible } from "../../data2d/features";
import { type Points, empty } from "../../data2d/points";
import { type Choices, type Name, kindOf, make } from "../../data2d/sets";
import { dataOf, split } from "../../data2d/split";
import type { Data, Row, Training } from "../../engine/engine";
import { current, runners } from "../../ui/current.svelte";
import { changes, goesOn } from "../../ui/network/changes";
import { type Outputs, forOutputs, preset } from "../../ui/network/presets";
import { Undo } from "../../ui/undo.svelte";
import { type Key, t } from "../../words/words.svelte";

export interface State {
  kind: Name | "own";
  choices: Choices;
  testShare: number;
  points: Points;
  features: Feature[];
  training: Training;
}

/** A state with the network as it was: its parameters and its history. */
interface Kept {
  state: State;
  theta: Float32Array | null;
  rows: Row[];
  current: Row | null;
}

const FIRST: Choices = { points: 300, noise: 0.08, classes: 3, seed: 0 };

export function outputsOf(points: Points): Outputs {
  return { task: points.task, n_out: points.task === "regression" ? 1 : points.classes };
}

function first(): State {
  const points = make("spiral", FIRST);
  const training = { ...preset("small", outputsOf(points)), optimizer: { type: "Adam", learning_rate: 0.02 } };
  return { kind: "spiral", choices: FIRST, testShare: 0.2, points, features: ["x", "y"], training };
}

class Playground {
  readonly runner = runners.playground;
  private readonly undos = new Undo<Kept>();
  private held = $state.raw<State>(first());
  /** What the last change meant for the network. */
  said = $state<string>("");
  /** The parameters as they were last read. */
  theta = $state.raw<Float32Array | null>(null);
  private queue: Promise<void> = Promise.resolve();

  constructor() {
    // Slow enough to be watched: at full speed a spiral is learned within a blink.
    this.runner.pace = 1000;
  }

  private made: State | null = null;
  private waiting: ReturnType<typeof setTimeout> | null = null;

  get state(): State {
    return this.held;
  }

  readonly parts = $derived(split(this.held.points.x.length, this.held.testShare, this.held.choices.seed));
  readonly outputs = $derived(outputsOf(this.held.points));

  get undoPossible(): boolean {
    return this.undos.possible;
  }

  get redoPossible(): boolean {
    return this.undos.redoPossible;
  }

  private kept(): Kept {
    return { state: this.held, theta: this.theta, rows: this.runner.rows, current: this.runner.current };
  }

  /** Another state; what was can be brought back. One drawn stroke is one change: `again` says that it goes on. */
  set(change: Partial<State>, again = false): void {
    if (!again) this.undos.keep(this.kept());
    const next = { ...this.held, ...change };
    if (change.points) next.training = forOutputs(next.training, outputsOf(next.points), this.held.points.task);
    this.held = next;
    if (this.made && next.training !== this.made.training && goesOn(this.made.training, next.training) && same(next, this.made)) {
      this.made = next;
      void this.runner.change({ learning_rate: Number(next.training.optimizer.learning_rate) });
      this.said = t("playground.said.rate");
    } else this.later();
  }

  /** A data set drawn anew from its choices. */
  draw(kind: Name, choices: Partial<Choices> = {}): void {
    const next = { ...this.held.choices, ...choices };
    const about = kindOf(kind);
    const [least, most] = about.classes ?? [2, 2];
    next.classes = about.classes ? Math.min(most, Math.max(least, next.classes)) : next.classes;
    const features = this.held.features.filter((name) => possible(about.inputs).includes(name));
    this.set({ kind, choices: next, points: make(kind, next), features: about.inputs === this.held.points.inputs ? features : possible(about.inputs).slice(0, about.inputs) });
  }

  clearPoints(): void {
    const { task, inputs, classes } = this.held.points;
    this.set({ kind: "own", points: empty(task, inputs, classes) });
  }

  /** After a moment without further changes the network is made for them. */
  private later(): void {
    if (this.waiting) clearTimeout(this.waiting);
    this.waiting = setTimeout(() => void this.prepare(), 120);
  }

  /** The network for what is set now; false if it was refused. Who only looks leaves another view's network the newest. */
  async prepare(isLook = false): Promise<boolean> {
    if (this.waiting) clearTimeout(this.waiting);
    this.waiting = null;
    let done = true;
    this.queue = this.queue.then(async () => {
      if (this.made !== this.held || !this.runner.session) done = await this.create(this.held);
    });
    await this.queue;
    if (!isLook || !current.runner.session) current.trainer = "playground";
    return done;
  }

  /** A network from elsewhere with its points; it goes on with the rows as they came, which are not rounded. */
  async show(state: State, data: Data, theta: Float32Array): Promise<boolean> {
    let done = false;
    this.queue = this.queue.then(async () => {
      this.held = state;
      const about = { source: { kind: "notebook" }, names: [...state.features] };
      done = await this.runner.create(state.training, data, undefined, about);
      if (!done) return;
      this.made = state;
      await this.runner.setTheta(theta);
    });
    await this.queue;
    return done;
  }

  private async create(state: State, from?: Kept): Promise<boolean> {
    const before = this.made;
    const goesOnRunning = this.runner.running && !!before && this.keepsNetwork(before, state);
    if (this.runner.running) await this.runner.stop();
    const old = from ? from.theta : before && this.keepsNetwork(before, state) && this.runner.session ? await this.runner.session.theta() : null;
    const data = (chosen: number[]) => dataOf(state.points, state.features, chosen);
    const { train, test } = split(state.points.x.length, state.testShare, state.choices.seed);
    if (!train.length) {
      this.runner.words = t("playground.empty");
      return false;
    }
    const about = { source: { kind: "points", set: state.kind, inputs: state.points.inputs }, names: [...state.features] };
    if (!(await this.runner.create(state.training, data(train), test.length ? data(test) : undefined, about))) return false;
    this.made = state;
    if (old && old.length === this.runner.session?.plan.n_theta) await this.runner.setTheta(old);
    if (from) Object.assign(this.runner, { rows: from.rows, current: from.current });
    this.said = before && !from ? this.meaning(before, state) : "";
    if (goesOnRunning) void this.runner.run({});
    return true;
  }

  /** Points were added, moved or removed: the weights go on with the new ones. */
  private keepsNetwork(before: State, after: State): boolean {
    return after.kind === "own" && before.training.layers.length === after.training.layers.length && changes(before.training, after.training).length === 0 && before.features === after.features;
  }

  private meaning(before: State, after: State): string {
    if (this.keepsNetwork(before, after)) return t("playground.said.points");
    const names = changes(before.training, after.training).map((name) => t(`playground.setting.${name}` as Key));
    if (before.features !== after.features) names.push(t("playground.setting.features"));
    if (before.points !== after.points || before.testShare !== after.testShare) names.push(t("playground.setting.points"));
    return t("playground.said.anew", { what: [...new Set(names)].join(", ") });
  }

  /** Another view has changed the network: its settings are these. */
  adopt(): void {
    const training = this.runner.training;
    if (!training || !this.made || !changes(this.made.training, training).length) return;
    this.undos.keep(this.kept());
    this.held = this.made = { ...this.made, training };
  }

  /** All of a state that was kept, with its parameters if they are known. */
  open(state: State, theta: Float32Array | null = null): void {
    this.undos.keep(this.kept());
    this.restore({ state: { ...state }, theta, rows: [], current: null });
  }

  undo(): void {
    const kept = this.undos.back(this.kept());
    if (kept) this.restore(kept);
  }

  redo(): void {
    const kept = this.undos.redo(this.kept());
    if (kept) this.restore(kept);
  }

  private restore(kept: Kept): void {
    const same = kept.state === this.made;
    this.held = kept.state;
    if (this.waiting) clearTimeout(this.waiting);
    this.queue = this.queue.then(async () => {
      if (same && kept.theta) await this.runner.setTheta(kept.theta);
      else await this.create(kept.state, kept);
    });
  }

  /** One parameter, typed; training goes on from it. */
  async setParameter(at: number, value: number): Promise<void> {
    this.undos.keep(this.kept());
    await this.runner.setTheta(Float32Array.of(value), at);
  }

  setRate(learning_rate: number): void {
    this.set({ training: { ...this.held.training, optimizer: { ...this.held.training.optimizer, learning_rate } } });
  }
}

function same(a: State, b: State): boolean {
  return a.points === b.points && a.features === b.features && a.testShare === b.testShare && a.choices === b.choices;
}

export const playground = new Playground();
