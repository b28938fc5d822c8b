/** The network at work, and what the pictures show of it. */
import { make } from "../../data2d/sets";
import { dataOf, rowsOf } from "../../data2d/split";
import type { Rows } from "../../engine/engine";
import { Runner } from "../../ui/runner.svelte";
import { argumentOf } from "../../trace/parts";
import { type Column, columnsOf } from "../../views/playground/diagram/columns";
import { likeliest } from "../../views/playground/plane/colours";
import { FINE, SMALL, grid, viewOf } from "../../views/playground/plane/view";
import { engine } from "../engine";
import { type Settings, trainingOf } from "./settings";

/** Milliseconds between two pictures of the hidden units. */
const SELDOM = 150;

export class Learning {
  readonly runner = new Runner(engine);
  settings = $state.raw<Settings>() as Settings;
  readonly points = $derived(make(this.settings.data, this.settings.choices));
  readonly view = $derived(viewOf(this.points));
  regions = $state.raw<Float32Array | null>(null);
  answers = $state.raw<Float32Array | null>(null);
  /** Of each hidden layer: what its units give over a coarse grid, a row a place. */
  maps = $state.raw<Float32Array[]>([]);
  columns = $state.raw<Column[]>([]);
  n_out = $state(0);
  loading = $state(false);
  readonly accuracy = $derived.by(() => {
    const { answers, n_out, points } = this;
    if (!answers || answers.length !== points.x.length * n_out) return null;
    return points.target.filter((target, i) => likeliest(answers, i, n_out)[0] === target).length / points.x.length;
  });
  private wanted = false;
  private busy = false;
  private seldom = 0;
  private closed = false;
  private turn = 0;
  private making: Promise<boolean> | null = null;
  /** It was paused because it went out of view. */
  private resting = false;
  /** The epoch that it trains to. */
  private until = 0;

  constructor(
    settings: Settings,
    private readonly units: boolean,
  ) {
    this.settings = settings;
    this.runner.pace = 400;
  }

  get epochs(): number {
    return this.runner.current?.epoch ?? 0;
  }

  /** A network, if there is none yet. */
  async ready(): Promise<boolean> {
    while (this.making) await this.making;
    return this.runner.session ? true : this.prepare();
  }

  /** A network for the settings as they are. Of several calls while one is made, the last alone makes another. */
  private async prepare(): Promise<boolean> {
    const turn = ++this.turn;
    await this.making;
    if (turn !== this.turn || this.closed) return false;
    this.making = this.make();
    const done = await this.making;
    this.making = null;
    return done;
  }

  private async make(): Promise<boolean> {
    this.loading = !this.runner.session;
    const every = this.points.x.map((_, i) => i);
    const done = await this.runner.create(trainingOf(this.settings), dataOf(this.points, ["x", "y"], every));
    this.loading = false;
    if (done) this.look();
    return done;
  }

  /** Other settings: the network begins anew, but for another rate. */
  async set(change: Partial<Settings>): Promise<void> {
    this.settings = { ...this.settings, ...change };
    this.regions = this.answers = null;
    this.maps = [];
    this.resting = false;
    await this.prepare();
  }

  async setRate(learning_rate: number): Promise<void> {
    this.settings = { ...this.settings, optimizer: { ...this.settings.optimizer, learning_rate } };
    await this.making;
    if (this.runner.session) await this.runner.change({ learning_rate });
  }

  get rate(): number {
    return Number(argumentOf(this.settings.optimizer, "learning_rate"));
  }

  async run(): Promise<void> {
    if (!(await this.ready())) return;
    const left = this.settings.epochs - this.epochs;
    this.until = left > 0 ? this.settings.epochs : this.epochs + this.settings.epochs;
    await this.goOn();
  }

  private async goOn(): Promise<void> {
    const left = this.until - this.epochs;
    if (left > 0) await this.runner.run({ epochs: left });
  }

  async step(): Promise<void> {
    if (await this.ready()) await this.runner.run({ epochs: 1 });
  }

  async pause(): Promise<void> {
    this.resting = false;
    await this.runner.stop();
  }

  /** Nobody sees it, so it rests; it goes on when it is seen again. */
  async watched(isSeen: boolean): Promise<void> {
    if (isSeen && this.resting) {
      this.resting = false;
      await this.goOn();
    } else if (!isSeen && this.runner.running) {
      this.resting = true;
      await this.runner.stop();
    }
  }

  /** The first weights again, or others. */
  async reset(others: boolean): Promise<void> {
    this.resting = false;
    if (!this.runner.session) return;
    await this.runner.reset(others ? (this.runner.training?.random_state ?? 0) + 1 : undefined);
  }

  /** The network may have changed: pictures are asked for, one request at a time, at most once a frame. */
  look(): void {
    this.wanted = true;
    if (!this.busy) void this.work();
  }

  close(): void {
    this.closed = true;
    void this.runner.stop().then(() => this.runner.session?.close());
  }

  private async work(): Promise<void> {
    this.busy = true;
    while (this.wanted && !this.closed) {
      this.wanted = false;
      await this.ask().catch(() => undefined);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    this.busy = false;
  }

  private async ask(): Promise<void> {
    const { session } = this.runner;
    if (!session) return;
    const { points } = this;
    const columns = columnsOf(session.plan);
    const due = performance.now() - this.seldom > SELDOM || !this.runner.running;
    const hidden = columns.slice(1, -1);
    const [regions, answers, maps] = await Promise.all([
      session.outputs(this.cells(FINE)),
      session.outputs(rowsOf(["x", "y"], points.x, points.y)),
      this.units && due ? Promise.all(hidden.map((column) => session.outputs(this.cells(SMALL), column.last))) : this.maps,
    ]);
    if (session !== this.runner.session || points !== this.points) return;
    if (due) this.seldom = performance.now();
    else if (!this.runner.running) this.wanted = true;
    Object.assign(this, { regions, answers, maps, columns: hidden, n_out: session.plan.n_out });
  }

  private cells(side: number): Rows {
    const { x, y } = grid(this.view, 2, side);
    const rows = rowsOf(["x", "y"], x, y);
    return { ...rows, X: Float32Array.from(rows.X) };
  }
}
