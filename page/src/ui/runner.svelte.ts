/**
 * A network at work, as views see it: the session, its settings and data, the history so far. It outlives the view that
 * made it, so that `Inside` and `Take it away` go on with what another view trained.
 */
import type { Data, Engine, Goal, Progress, Row, Session, Training } from "../engine/engine";
import { thinned } from "./thinning";
import { argumentOf } from "../trace/parts";
import { begun, type Story } from "./story";

/** A history that grows beyond this is thinned to half. */
const MOST_ROWS = 20_000;

function kept(rows: Row[]): Row[] {
  return rows.length > MOST_ROWS ? thinned(rows, MOST_ROWS / 2) : rows;
}

/** What else is known of the data, for tables, pictures and the script. */
export interface About {
  /** Where they come from, for the script: {"kind": "points"}, {"kind": "mnist", "rows": 10000}, {"kind": "csv", "name": …}. */
  source: { kind: string; [detail: string]: unknown };
  /** The names of the inputs, if they have names. */
  names: string[] | null;
  /** Pictures: height and width of a row. */
  shape: [number, number] | null;
}

export class Runner {
  session = $state.raw<Session | null>(null);
  training = $state.raw<Training | null>(null);
  data = $state.raw<Data | null>(null);
  heldOut = $state.raw<Data | null>(null);
  about = $state.raw<About>({ source: { kind: "points" }, names: null, shape: null });
  /** The epochs that have ended, and the one at work. */
  rows = $state.raw<Row[]>([]);
  current = $state.raw<Row | null>(null);
  running = $state(false);
  stoppedBy = $state<string | null>(null);
  /** What was refused, or why training stopped. */
  words = $state<string | null>(null);
  /** What was done to the network since its first weights. */
  story = $state.raw<Story>(begun(0));
  /** Raised whenever the parameters may have changed: views that show them read it. */
  version = $state(0);
  /** Steps a second in slow motion; null: as fast as it goes. */
  pace = $state<number | null>(null);
  /** Called as training begins: the page stops its other networks. */
  onstart: (() => void) | null = null;
  private stopping = false;
  private slow = false;
  private work: Promise<unknown> = Promise.resolve();

  constructor(private readonly connect: () => Promise<Engine>) {}

  /** A new network for these data; the one before is closed. False if it was refused: `words` say why. */
  async create(training: Training, data: Data, heldOut?: Data, about?: Partial<About>): Promise<boolean> {
    return this.guard(async () => {
      const made = await (await this.connect()).create(training, data, heldOut);
      if (this.running) await this.stop();
      this.session?.close();
      made.onprogress = (progress) => this.take(progress);
      this.session = made;
      this.training = training;
      this.data = data;
      this.heldOut = heldOut ?? null;
      this.about = { source: { kind: "points" }, names: null, shape: null, ...about };
      this.clear();
    });
  }

  async run(goal: Goal): Promise<void> {
    const session = this.session;
    if (!session || this.running) return;
    this.running = true;
    if (goal.samples) this.story = { ...this.story, samples: true };
    this.stopping = false;
    this.slow = this.pace !== null && goal.steps === undefined && goal.samples === undefined;
    this.work = this.guard(async () => (this.slow ? this.slowly(session, goal) : this.take(await session.run(goal))));
    await this.work;
    this.slow = false;
    this.running = false;
  }

  /** A few steps at a time, with a pause after them. */
  private async slowly(session: Session, goal: Goal): Promise<void> {
    const ended = () => this.rows[this.rows.length - 1]?.epoch ?? 0; // also of the reports while a run is at work
    const begin = ended();
    let due = performance.now();
    while (!this.stopping && session === this.session) {
      const pace = this.pace ?? 1000;
      const steps = Math.max(1, Math.round(pace / 30));
      const left = { steps, loss: goal.loss, epochs: goal.epochs && begin + goal.epochs - ended() };
      const progress = await session.run(left);
      if (session !== this.session) return;
      const stopped_by = progress.stopped_by === "steps" ? (this.stopping ? "stopped" : null) : progress.stopped_by;
      if (stopped_by) this.slow = false;
      this.take({ ...progress, running: !stopped_by, stopped_by });
      if (stopped_by) return;
      due = Math.max(due + (1000 * steps) / pace, performance.now() - 100);
      await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    }
    this.stoppedBy = "stopped";
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.guard(async () => this.session?.stop());
    await this.work;
  }

  async reset(random_state?: number): Promise<void> {
    await this.stop();
    await this.guard(async () => {
      await this.session?.reset(random_state);
      if (this.training && random_state !== undefined) this.training = { ...this.training, random_state };
      this.clear();
    });
  }

  async change(settings: { learning_rate?: number }): Promise<void> {
    await this.guard(async () => {
      await this.session?.change(settings);
      const { learning_rate } = settings;
      if (!this.training || learning_rate === undefined) return;
      this.training = { ...this.training, optimizer: { ...this.training.optimizer, learning_rate } };
      const rates = [...this.story.rates, { step: this.current?.steps ?? 0, learning_rate }];
      this.story = { ...this.story, rates };
    });
  }

  async setTheta(values: Float32Array, at?: number): Promise<void> {
    await this.guard(async () => {
      await this.session?.setTheta(values, at);
      this.story = { ...this.story, edited: true };
      this.version += 1;
    });
  }

  private clear(): void {
    this.rows = [];
    this.current = null;
    this.stoppedBy = null;
    this.story = begun(this.training ? Number(argumentOf(this.training.optimizer, "learning_rate")) : 0);
    this.version += 1;
  }

  private take(progress: Progress): void {
    const last = this.rows[this.rows.length - 1]?.epoch ?? 0;
    const fresh = progress.rows.filter((row) => row.epoch > last);
    if (fresh.length) this.rows = kept([...this.rows, ...fresh]);
    this.current = progress.current;
    if (!this.slow) this.running = progress.running;
    this.stoppedBy = this.slow ? null : progress.stopped_by;
    this.words = progress.words;
    this.version += 1;
  }

  private async guard(work: () => Promise<void>): Promise<boolean> {
    try {
      this.words = null;
      await work();
      return true;
    } catch (error) {
      this.words = error instanceof Error ? error.message : String(error);
      this.running = false;
      return false;
    }
  }
}
