/** The place under the pointer or the keyboard's cursor, and what the network answers there. */
import { rowsOf } from "../../../data2d/split";
import { playground } from "../state.svelte";

class Probe {
  x = $state(0.5);
  y = $state(0.5);
  /** Shown at all: somebody has pointed at the plane. */
  shown = $state(false);
  answer = $state.raw<Float32Array | null>(null);
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
      if (session && session.plan.n_in === features.length) this.answer = await session.outputs(rowsOf(features, [this.x], [this.y])).catch(() => null);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    this.busy = false;
  }
}

export const probe = new Probe();
