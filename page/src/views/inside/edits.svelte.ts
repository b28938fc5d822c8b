/**
 * Weights changed by hand: each change can be undone, and the weights from before the first change are kept until the
 * reader says that the new ones shall stay. Units that are switched off have their outgoing weights put aside.
 */

import type { Data, Score, Session } from "../../engine/engine";
import type { Runner } from "../../ui/runner.svelte";
import { Undo } from "../../ui/undo.svelte";
import { outgoing, type Piece } from "./units";

/** The units that are off, by "layer:unit", with the weights that they had. */
type Off = { [place: string]: number[] };

interface State {
  theta: Float32Array;
  off: Off;
}

export interface Result {
  loss: number;
  accuracy?: number;
  val_loss?: number;
  val_accuracy?: number;
}

const MOST_BYTES = 32e6; // of what can be undone
const MOST_ROWS = 20_000; // that are evaluated after each change

export const placeOf = (layer: number, unit: number): string => `${layer}:${unit}`;

export class Edits {
  theta = $state.raw<Float32Array | null>(null);
  off = $state.raw<Off>({});
  /** The weights before the first change, and how good they were; null while nothing is changed. */
  trained = $state.raw<{ theta: Float32Array; result: Result; edited: boolean } | null>(null);
  result = $state.raw<Result | null>(null);
  private undos = $state.raw(new Undo<State>());
  private session: Session | null = null;
  private writing = false;
  private queue: Promise<void> = Promise.resolve();

  constructor(readonly runner: Runner) {}

  get undoPossible(): boolean {
    return this.undos.possible;
  }

  get redoPossible(): boolean {
    return this.undos.redoPossible;
  }

  isOff = (layer: number, unit: number): boolean => placeOf(layer, unit) in this.off;

  /** Read the weights as they are now; training has changed them, or there is another network. */
  read(): Promise<void> {
    return this.next(async () => {
      const { session } = this.runner;
      if (session !== this.session) this.begin(session);
      if (!session || this.runner.running) return;
      const theta = await session.theta();
      const known = this.theta;
      if (known && known.length === theta.length && theta.every((value, i) => value === known[i])) return;
      this.theta = theta;
      this.undos = new Undo<State>(Math.max(5, Math.min(100, Math.floor(MOST_BYTES / (4 * theta.length)))));
      if (known) this.off = {}; // training went on with them
      this.result = null;
    });
  }

  private begin(session: Session | null): void {
    this.session = session;
    this.theta = null;
    this.off = {};
    this.trained = null;
    this.result = null;
  }

  /** One change after the other. */
  private next(work: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(work).catch((error: unknown) => {
      this.runner.words = error instanceof Error ? error.message : String(error);
    });
    return this.queue;
  }

  set(at: number, value: number): Promise<void> {
    return this.next(() => this.change([{ begin: at, count: 1 }], [value], this.off));
  }

  /** Switch a unit off, or on again with the weights that it had. */
  toggle(layer: number, unit: number): Promise<void> {
    return this.next(async () => {
      if (!this.session || !this.theta) return;
      const pieces = outgoing(this.session.plan, layer, unit);
      const place = placeOf(layer, unit);
      const had = this.off[place];
      const weights = pieces.flatMap((piece) => Array.from(this.theta!.subarray(piece.begin, piece.begin + piece.count)));
      const off = { ...this.off };
      if (had) delete off[place];
      else off[place] = weights;
      await this.change(pieces, had ?? weights.map(() => 0), off);
    });
  }

  private async change(pieces: Piece[], values: number[], off: Off): Promise<void> {
    const before = this.theta;
    if (!before || this.runner.running) return;
    await this.keepTrained(before);
    this.undos.keep({ theta: before, off: this.off });
    const theta = before.slice();
    let taken = 0;
    for (const { begin, count } of pieces) {
      theta.set(values.slice(taken, taken + count), begin);
      taken += count;
    }
    await this.write(theta, off);
  }

  private async keepTrained(theta: Float32Array): Promise<void> {
    if (this.trained) return;
    const { edited } = this.runner.story;
    this.trained = { theta, result: await this.score(), edited };
  }

  private async write(theta: Float32Array, off: Off): Promise<void> {
    this.writing = true;
    await this.runner.setTheta(theta);
    this.writing = false;
    this.theta = theta;
    this.off = off;
    this.result = await this.score();
  }

  /** Whether the version was raised by a change of its own. */
  get isWriting(): boolean {
    return this.writing;
  }

  undo(): Promise<void> {
    return this.next(() => this.goTo(this.undos.back({ theta: this.theta!, off: this.off })));
  }

  redo(): Promise<void> {
    return this.next(() => this.goTo(this.undos.redo({ theta: this.theta!, off: this.off })));
  }

  private async goTo(state: State | undefined): Promise<void> {
    if (state) await this.write(state.theta, state.off);
  }

  /** Back to the weights from before the first change; that, too, can be undone. */
  back(): Promise<void> {
    return this.next(async () => {
      const { trained } = this;
      if (!trained || !this.theta) return;
      this.undos.keep({ theta: this.theta, off: this.off });
      await this.write(trained.theta, {});
      this.runner.story = { ...this.runner.story, edited: trained.edited };
      this.trained = null;
    });
  }

  /** The changed weights shall stay. */
  confirm(): void {
    this.trained = null;
  }

  private async score(): Promise<Result> {
    const { data, heldOut } = this.runner;
    const of = async (rows: Data | null): Promise<Score | null> =>
      rows && rows.n <= MOST_ROWS && this.session ? this.session.evaluate(rows) : null;
    const [train, test] = [await of(data), await of(heldOut)];
    return {
      loss: train?.loss ?? NaN,
      ...(train?.accuracy !== undefined && { accuracy: train.accuracy }),
      ...(test && { val_loss: test.loss }),
      ...(test?.accuracy !== undefined && { val_accuracy: test.accuracy }),
    };
  }
}

const known = new WeakMap<Runner, Edits>();

/** The changes of a runner's network; they outlive the view. */
export function editsOf(runner: Runner): Edits {
  let edits = known.get(runner);
  if (!edits) known.set(runner, (edits = new Edits(runner)));
  return edits;
}
