/** Trainings beside the one of the page: each has a session of its own, which is closed when it has ended. */

import type { Data, Row, Training } from "../../engine/engine";
import { theEngine } from "../../ui/current.svelte";

export class Run {
  rows = $state.raw<Row[]>([]);
  running = $state(false);
  words = $state("");
  theta: Float32Array | null = null;

  constructor(
    readonly name: string,
    readonly training: Training,
  ) {}

  get last(): Row | undefined {
    return this.rows[this.rows.length - 1];
  }
}

export class Runs {
  list = $state.raw<Run[]>([]);
  running = $state(false);
  private stopped = false;
  private stopNow: (() => void) | null = null;

  /** Trains one after the other; those before are forgotten. */
  async start(wanted: { name: string; training: Training }[], data: Data, heldOut: Data | null, epochs: number): Promise<void> {
    if (this.running) return;
    this.stopped = false;
    this.running = true;
    this.list = wanted.map(({ name, training }) => new Run(name, training));
    for (const run of this.list) if (!this.stopped) await this.train(run, data, heldOut, epochs);
    this.running = false;
  }

  private async train(run: Run, data: Data, heldOut: Data | null, epochs: number): Promise<void> {
    run.running = true;
    try {
      const session = await (await theEngine()).create(run.training, data, heldOut ?? undefined);
      this.stopNow = () => void session.stop();
      session.onprogress = ({ rows }) => (run.rows = added(run.rows, rows));
      try {
        const { rows, words } = await session.run({ epochs });
        run.rows = added(run.rows, rows);
        run.words = words ?? "";
        run.theta = await session.theta();
      } finally {
        session.close();
      }
    } catch (error) {
      run.words = error instanceof Error ? error.message : String(error);
    }
    this.stopNow = null;
    run.running = false;
  }

  stop(): void {
    this.stopped = true;
    this.stopNow?.();
  }
}

function added(rows: Row[], more: Row[]): Row[] {
  const last = rows[rows.length - 1]?.epoch ?? 0;
  return [...rows, ...more.filter((row) => row.epoch > last)];
}
