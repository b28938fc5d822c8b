/** How well the network at work does on the rows of each part, found again whenever it has learned. */

import { score, type Score } from "../../tables/answers";
import { type Part, type Prepared } from "../../tables/prepared";
import { table } from "./state.svelte";

const PAUSE = 600; // milliseconds between two while it trains
const MOST_LIVE = 5000; // rows that are looked at while it trains

export class Scores {
  test = $state.raw<Score | null>(null);
  train = $state.raw<Score | null>(null);
  private busy = false;
  private again = false;
  private last = 0;

  /** Asks for them; while one is at work, once more afterwards. */
  ask(prepared: Prepared): void {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    const wait = table.runner.running ? Math.max(0, this.last + PAUSE - performance.now()) : 0;
    setTimeout(() => void this.find(prepared), wait);
  }

  clear(): void {
    this.test = this.train = null;
  }

  private async find(prepared: Prepared): Promise<void> {
    try {
      this.test = await this.of(prepared, prepared.test);
      if (!table.runner.running || prepared.train.n < MOST_LIVE) this.train = await this.of(prepared, prepared.train);
    } catch {
      this.clear(); // the network was closed meanwhile
    }
    this.last = performance.now();
    this.busy = false;
    if (this.again) {
      this.again = false;
      if (table.prepared) this.ask(table.prepared);
    }
  }

  private async of(prepared: Prepared, part: Part): Promise<Score | null> {
    const { session, training } = table.runner;
    if (!session || !training || !table.isTrained) return null;
    return score(part, await session.outputs({ X: part.X, n: part.n, n_in: part.n_in }), prepared, training.loss.type);
  }
}

export const scores = new Scores();
