/** The table that is open, what is decided of it, and the network that learns from it. They outlive the view. */

import { inThePage } from "../../tables/advice";
import type { Training } from "../../engine/engine";
import { Tables } from "../../tables/client";
import type { Options } from "../../tables/deciding";
import { modelFile } from "../../tables/model";
import type { Settings } from "../../tables/reading/text";
import { dataOf, type Overview, type Prepared, type Split, takesStandardized } from "../../tables/prepared";
import { current, runners } from "../../ui/current.svelte";
import { goesOn } from "../../ui/network/changes";
import { forOutputs, type Outputs, preset } from "../../ui/network/presets";

export const MOST_PASTED = 20_000_000; // characters

const FIRST: Training = { ...preset("regular", { task: "classification", n_out: 2 }), epochs: 100, batch_size: 32 };

class TablesState {
  readonly runner = runners.tables;
  private readonly tables = new Tables();

  overview = $state.raw<Overview | null>(null);
  options = $state.raw<Options>({});
  split = $state.raw<Split>({ test: 0.2, validation: 0, seed: 42 });
  training = $state.raw<Training>(FIRST);
  prepared = $state.raw<Prepared | null>(null);
  /** Bytes that have been read, of how many, while a file is read. */
  reading = $state.raw<{ name: string; read: number; size: number } | null>(null);
  error = $state<string | null>(null);
  settings = $state.raw<Partial<Settings>>({});
  private file: { blob: Blob; name: string } | null = null;
  /** What the network at work was made of. */
  private made = $state.raw<{ prepared: Prepared; training: Training } | null>(null);
  private turn = 0;

  get outputs(): Outputs | null {
    const target = this.overview?.target;
    if (!target) return null;
    return target.kind === "number"
      ? { task: "regression", n_out: 1 }
      : { task: "classification", n_out: this.prepared?.classes.length ?? target.classes.length };
  }

  /** Whether the network at work is one of this table as it is understood now. */
  get isTrained(): boolean {
    return this.runner.session !== null && this.made?.prepared === this.prepared && this.prepared !== null;
  }

  warm(): void {
    this.tables.warm();
  }

  /** Opens a file, or the same once more with other settings for reading it. */
  async open(file: Blob, name: string, settings: Partial<Settings> = {}): Promise<void> {
    const turn = ++this.turn;
    this.error = null;
    this.reading = { name, read: 0, size: file.size };
    try {
      const found = await this.tables.open(file, name, settings, decided(settings), (read, size) => {
        if (turn === this.turn) this.reading = { name, read, size };
      });
      if (turn !== this.turn) return;
      this.options = decided(settings);
      [this.file, this.settings] = [{ blob: file, name }, settings];
      await this.leave();
      await this.take(found);
    } catch (error) {
      if (turn === this.turn) this.error = words(error);
    } finally {
      if (turn === this.turn) this.reading = null;
    }
  }

  async readAnew(settings: Partial<Settings>): Promise<void> {
    if (this.file) await this.open(this.file.blob, this.file.name, { ...this.settings, ...settings });
  }

  /** Other options: the table is understood anew. */
  async change(options: Partial<Options>): Promise<void> {
    const turn = ++this.turn;
    this.options = { ...this.options, ...options };
    try {
      const found = await this.tables.understand($state.snapshot(this.options) as Options);
      if (turn === this.turn) await this.take(found);
    } catch (error) {
      if (turn === this.turn) this.error = words(error);
    }
  }

  async changeSplit(split: Partial<Split>): Promise<void> {
    this.split = { ...this.split, ...split };
    if (this.overview) await this.take(this.overview);
  }

  async setTraining(training: Training): Promise<void> {
    this.training = training;
    if (this.made && this.runner.session && goesOn(this.made.training, training)) {
      const { learning_rate } = training.optimizer;
      if (typeof learning_rate === "number") await this.runner.change({ learning_rate });
      this.made = { ...this.made, training };
    }
  }

  /** Makes the network, if there is none yet or something has changed. */
  async prepare(): Promise<boolean> {
    const { prepared, training, runner } = this;
    if (!prepared) return false;
    if (this.isTrained && this.made?.training === training) return true;
    const isStandardized = takesStandardized(training.loss.type);
    const data = dataOf(prepared, prepared.train, isStandardized);
    const about = {
      source: { kind: "csv", name: this.overview?.source ?? "", target: prepared.target.name },
      names: prepared.outputs,
      shape: null,
    };
    if (!(await runner.create(training, data, dataOf(prepared, prepared.test, isStandardized), about))) return false;
    this.made = { prepared, training };
    current.trainer = "tables";
    return true;
  }

  /** The model file: an estimator of Python with its encoder. */
  async save(): Promise<Uint8Array> {
    const { session, rows } = this.runner;
    if (!session || !this.made) throw new Error("there is no network");
    const losses = rows.map((row) => row.loss);
    return modelFile(await session.save(), this.made.prepared, this.made.training, losses);
  }

  rows(places: number[]): Promise<string[][]> {
    return this.tables.rows(places);
  }

  private async take(found: Overview): Promise<void> {
    this.overview = found;
    this.error = null;
    this.prepared = null;
    if (!found.target) return;
    try {
      this.prepared = await this.tables.prepare($state.snapshot(this.split) as Split);
    } catch (error) {
      this.error = words(error);
      return;
    }
    if (this.outputs) this.training = forOutputs(this.training, this.outputs);
  }

  private async leave(): Promise<void> {
    if (this.runner.running) await this.runner.stop();
    this.made = null;
  }
}

/** What the settings for reading say of the columns too. */
function decided({ decimal }: Partial<Settings>): Options {
  return decimal ? { decimal } : {};
}

function words(error: unknown): string {
  return inThePage(error instanceof Error ? error.message : String(error));
}

export const table = new TablesState();
