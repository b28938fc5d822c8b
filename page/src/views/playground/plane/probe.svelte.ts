/** The place under the pointer or the keyboard's cursor, and what the network answers there. */
import { rowsOf } from "../../../data2d/split";
import type { Rows, Session } from "../../../engine/engine";
import { columnsOf } from "../diagram/columns";
import { playground } from "../state.svelte";

class Probe {
  x = $state(0.5);
  y = $state(0.5);
  /** Shown at all: somebody has pointed at the plane. */
  shown = $state(false);
  answer = $state.raw<Float32Array | null>(null);
  /** The values of every neuron are wanted too, by column of the diagram. */
  deep = $state(false);
  values = $state.raw<Float32Array[]>([]);
  private busy = false;
  private again = false;

  move(x: number, y: number): void {
    this.x = x;
    this.y = y;
    this.shown = true;
    this.ask();
  }

  /** The answer at this place, once more. */
  ask(): void {
    this.again = true;
    if (!this.busy) void this.work();
  }

  private async work(): Promise<void> {
    this.busy = true;
    while (this.again) {
      this.again = false;
      const { session } = playground.runner;
      const { features } = playground.state;
      if (session && session.plan.n_in === features.length) await this.measure(session, rowsOf(features, [this.x], [this.y])).catch(() => undefined);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    this.busy = false;
  }

  private async measure(session: Session, rows: Rows): Promise<void> {
    const columns = this.deep ? columnsOf(session.plan) : [];
    const found = Promise.all(columns.map((column) => (column.last < 0 ? Float32Array.from(rows.X) : session.outputs(rows, column.last))));
    [this.answer, this.values] = await Promise.all([session.outputs(rows), found]);
  }
}

export const probe = new Probe();
