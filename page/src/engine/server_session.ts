/** A network that Python trains; when Python goes away it moves to the engine of this browser. */
import { t } from "../words/words.svelte";
import { type Data, type Engine, type Finding, type Goal, type Plan, type Progress, type PythonSession, Refusal, type Row,
  type Rows, type Score, type Session, type StepNumbers, type Training } from "./engine"; // prettier-ignore
import { type Given, Gone, type Link } from "./link";

const KNOWN = 1000; // milliseconds between two looks at the parameters of a network that trains

/** What a session needs of its engine. */
export interface Home {
  /** The way to Python, asked for again if it is lost; null if Python stays away. */
  way(): Promise<Link | null>;
  browser(): Promise<Engine>;
  forget(session: ServerSession): void;
}

interface Begun {
  training: Training;
  data: Data;
  heldOut?: Data;
}

/** Python sends the rows of a report as columns. */
type Report = Omit<Progress, "rows"> & { rows: { [name: string]: Float64Array } };

export class ServerSession implements PythonSession {
  plan!: Plan;
  number = -1;
  onprogress: ((progress: Progress) => void) | null = null;
  private link!: Link;
  private moved: Session | null = null; // in this browser, since Python has gone
  private moving: Promise<void> | null = null;
  private last: Progress | null = null;
  private known: Float32Array | null = null; // parameters, as they were last seen
  private looked = 0;
  private made = { epochs: 0, steps: 0 };
  private before = { epochs: 0, steps: 0 }; // made in the homes before this one
  private closed = false;

  constructor(
    private readonly home: Home,
    private readonly begun: Begun,
  ) {}

  get training(): Training {
    return this.begun.training;
  }

  async open(link: Link): Promise<void> {
    this.link = link;
    const { session, plan } = await link.call<{ session: number; plan: Plan }>("create", { ...this.begun });
    this.number = session;
    this.plan = plan;
    link.listen<Report>(session, (report) => this.hear(withRows(report)));
  }

  async run(goal: Goal): Promise<Progress> {
    const begin = { ...this.made };
    if (this.moving) await this.moving;
    try {
      await (this.moved ? this.moved.run(goal) : this.call("run", { goal }));
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
      await this.move();
      return this.run(remaining(goal, this.made.epochs - begin.epochs, this.made.steps - begin.steps));
    }
    await this.look();
    return this.last!;
  }

  stop(): Promise<void> {
    return this.there((session) => session.stop(), "stop");
  }

  async reset(random_state?: number): Promise<void> {
    await this.there((session) => session.reset(random_state), "reset", { random_state: random_state ?? null });
    if (random_state !== undefined) this.begun.training = { ...this.training, random_state };
    this.made = { epochs: 0, steps: 0 };
    this.before = { epochs: 0, steps: 0 };
    this.last = null;
    await this.look();
  }

  async change(settings: { learning_rate?: number }): Promise<void> {
    await this.there((session) => session.change(settings), "change", { settings });
    if (settings.learning_rate === undefined) return;
    const optimizer = { ...this.training.optimizer, learning_rate: settings.learning_rate };
    this.begun.training = { ...this.training, optimizer };
  }

  outputs(rows: Rows, layer?: number): Promise<Float32Array> {
    return this.there((session) => session.outputs(rows, layer), "outputs", { rows, layer: layer ?? null });
  }

  evaluate(data: Data): Promise<Score> {
    return this.there((session) => session.evaluate(data), "evaluate", { data });
  }

  trace(rows: number[] | Data): Promise<StepNumbers> {
    return this.there((session) => session.trace(rows), "trace", { rows });
  }

  theta(): Promise<Float32Array> {
    return this.there((session) => session.theta(), "theta");
  }

  async setTheta(values: Float32Array, at?: number): Promise<void> {
    await this.there((session) => session.setTheta(values, at), "setTheta", { values, at: at ?? 0 });
    await this.look();
  }

  save(): Promise<Uint8Array> {
    return this.there((session) => session.save(), "save");
  }

  export(form: string): Promise<{ name: string; bytes: Uint8Array }> {
    return this.there(null, "export", { form });
  }

  diagnose(): Promise<Finding[]> {
    return this.there(null, "diagnose");
  }

  /** `lw.trace` of rows of the training data as a file: "html", "latex", "markdown" or "text". */
  document(rows: number[], form: string): Promise<{ name: string; bytes: Uint8Array }> {
    return this.there(null, "document", { rows, form });
  }

  /** Gives the network of `net.play()` what this one has become. */
  takeOver(): Promise<void> {
    return this.there(null, "take_over");
  }

  close(): void {
    this.closed = true;
    this.home.forget(this);
    this.moved?.close();
    if (!this.link.open) return;
    this.link.listen(this.number, null);
    this.link.call("close", {}, this.number).catch(() => undefined);
  }

  /** Moves to a Python that is there again, or to this browser; once, whoever asks. */
  move(): Promise<void> {
    if (this.closed || this.moved) return Promise.resolve();
    this.moving ??= this.moveNow().finally(() => (this.moving = null));
    return this.moving;
  }

  private async moveNow(): Promise<void> {
    const link = await this.home.way();
    if (link && link === this.link) return;
    if (link) {
      await this.open(link);
      if (this.known) await this.call("setTheta", { values: this.known, at: 0 });
    } else {
      const { training, data, heldOut } = this.begun;
      const moved = await (await this.home.browser()).create(training, data, heldOut);
      if (this.known) await moved.setTheta(this.known);
      moved.onprogress = (progress) => this.hear(progress);
      this.moved = moved;
    }
    this.before = { ...this.made };
    const words = t(link ? "server.again" : "server.moved");
    if (this.last) this.onprogress?.({ ...this.last, rows: [], words });
  }

  /** Does something where the network is: `here` in this browser, null if only Python can; else the call in Python. */
  private async there<T>(here: ((session: Session) => Promise<T>) | null, call: string, given: Given = {}): Promise<T> {
    if (this.moving) await this.moving;
    if (this.moved) {
      if (here) return here(this.moved);
      throw new Refusal(t("server.needed"));
    }
    try {
      return await this.call<T>(call, given);
    } catch (error) {
      if (!(error instanceof Gone) || this.closed) throw error;
      await this.move();
      return this.there(here, call, given);
    }
  }

  private call<T>(call: string, given: Given = {}): Promise<T> {
    return this.link.call(call, given, this.number);
  }

  private hear(progress: Progress): void {
    const { epochs, steps } = this.before;
    const later = (row: Row) => ({ ...row, epoch: row.epoch + epochs, steps: row.steps + steps });
    this.last = { ...progress, rows: progress.rows.map(later), current: later(progress.current) };
    this.made = { epochs: this.last.rows.at(-1)?.epoch ?? this.made.epochs, steps: this.last.current.steps };
    this.onprogress?.(this.last);
    if (progress.running && performance.now() - this.looked > KNOWN) void this.look();
  }

  /** Keeps the parameters, for the day that Python goes away. */
  private async look(): Promise<void> {
    this.looked = performance.now();
    if (this.moved) return;
    try {
      this.known = await this.call("theta");
    } catch {
      return; // Python has gone: what is known is known
    }
  }
}

/** The part of a goal that is left. */
function remaining(goal: Goal, epochs: number, steps: number): Goal {
  const left = { ...goal };
  if (goal.epochs !== undefined) left.epochs = Math.max(1, goal.epochs - epochs);
  if (goal.steps !== undefined) left.steps = Math.max(1, goal.steps - steps);
  return left;
}

function withRows(report: Report): Progress {
  const names = Object.keys(report.rows) as (keyof Row)[];
  const count = names.length ? report.rows[names[0]].length : 0;
  const row = (i: number) => Object.fromEntries(names.map((name) => [name, report.rows[name][i]])) as unknown as Row;
  return { ...report, rows: Array.from({ length: count }, (_, i) => row(i)) };
}
