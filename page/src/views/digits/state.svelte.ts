/** What the view of digits knows: the networks that can read, the drawing, and the digit that is looked into. */
import { type Corrected, distorting, learnDigits } from "../../digits/correcting";
import { FIRST, loadMnist } from "../../digits/mnist";
import { LEAST_CONFIDENCE, type Picture, type Reader, type Reading } from "../../digits/reading";
import { Preparing } from "../../digits/preparing";
import { type Loaded, loaded, probabilities, readerOf, shipped } from "../../digits/reader";
import type { Training } from "../../engine/engine";
import { current, runners, theEngine } from "../../ui/current.svelte";

export type Which = "trained" | "shipped" | "opened";

/** An image that is looked into. */
export interface Shown {
  image: Uint8Array;
  /** What it is, where that is known. */
  label: number | null;
  /** The place of the likeliest class. */
  guess: number;
}

/** A correction that was learned, and how it was before. */
export interface Correction extends Corrected {
  /** Probabilities of the classes. */
  before: Float32Array;
  after: Float32Array;
  accuracyBefore: number;
  accuracyAfter: number;
}

/** Without a network a drawing is only brought to the form that one would see. */
const NOBODY: Reader = { classes: [], leastConfidence: 0, probabilities: async () => [] };

export class Digits {
  readonly runner = runners.digits;
  rows = $state(10_000);
  training = $state.raw<Training>(FIRST);
  /** The settings or the number of rows are others than those of the network. */
  isChanged = $state(false);
  loading = $state(false);

  which = $state<Which>("trained");
  private others = $state.raw<Partial<Record<Which, Loaded>>>({});
  openedName = $state<string | null>(null);
  failed = $state<string | null>(null);

  picture = $state.raw<Picture | null>(null);
  single = $state(false);
  reading = $state.raw<Reading | null>(null);
  chosen = $state(0);
  /** An image of MNIST that is looked into instead of the drawing. */
  sample = $state.raw<Shown | null>(null);

  corrections = $state.raw<Correction[]>([]);
  correcting = $state(false);
  private thetas: Float32Array[] = [];
  /** Raised when weights were set by a correction. */
  corrected = $state(0);
  private readonly preparing = new Preparing();

  /** The network that reads, if it is there. */
  get network(): Loaded | null {
    if (this.which !== "trained") return this.others[this.which] ?? null;
    const { session, training, data } = this.runner;
    if (!session || !training || data?.n_in !== 784) return null;
    return { session, training, classes: data.classes ?? [], leastConfidence: LEAST_CONFIDENCE };
  }

  get shown(): Shown | null {
    if (this.sample) return this.sample;
    const digit = this.reading?.rows.flat()[this.chosen];
    if (!digit?.probabilities.length) return null;
    return { image: digit.image, label: null, guess: digit.probabilities.indexOf(Math.max(...digit.probabilities)) };
  }

  /** Make the network of the settings, if there is none of them yet. */
  prepare = async (): Promise<boolean> => {
    current.trainer = "digits";
    if (this.runner.session && !this.isChanged) return true;
    return this.guard(async () => {
      this.loading = true;
      const { train, test } = await loadMnist(this.rows);
      const about = { source: { kind: "mnist", rows: this.rows }, shape: [28, 28] as [number, number] };
      const made = await this.runner.create(this.training, train, test, about);
      if (!made) throw new Error(this.runner.words ?? "");
      this.isChanged = false;
      this.forget();
    });
  };

  async choose(which: Which): Promise<void> {
    this.failed = null;
    if (which === "shipped" && !this.others.shipped) {
      const found = await this.guard(async () => {
        this.others = { ...this.others, shipped: await shipped(await theEngine()) };
      });
      if (!found) return;
    }
    if (which !== this.which) this.forget();
    this.which = which;
  }

  async open(file: Uint8Array, name: string): Promise<void> {
    await this.guard(async () => {
      const opened = await loaded(await theEngine(), file, name);
      this.others.opened?.session.close();
      this.others = { ...this.others, opened };
      this.openedName = name;
      this.which = "opened";
      this.forget();
    });
  }

  /** Read the drawing with the network that is chosen. */
  async read(): Promise<void> {
    const network = this.network;
    if (!this.picture) {
      this.reading = null;
      return;
    }
    await this.guard(async () => {
      const reading = await this.preparing.read(this.picture!, network ? readerOf(network) : NOBODY, this.single);
      if (!reading) return;
      this.reading = this.picture ? reading : null;
      this.chosen = Math.min(this.chosen, Math.max(reading.rows.flat().length - 1, 0));
    });
  }

  /** "This is a 7": learn it, with what was corrected before. */
  async correct(image: Uint8Array, label: number): Promise<void> {
    const network = this.network;
    if (!network || this.correcting) return;
    await this.guard(async () => {
      this.correcting = true;
      await this.runner.stop();
      const { train, test } = await loadMnist(10_000);
      const { session } = network;
      const base = this.thetas[0] ?? (await session.theta());
      const [before] = await probabilities(session, [image]);
      const places = { ...test, labels: test.labels!.map((digit) => network.classes.map(String).indexOf(String(digit))), classes: network.classes };
      const accuracyBefore = (await session.evaluate(places)).accuracy ?? 0;
      const held = await session.theta();
      const all = [...this.corrections, { image, label }];
      try {
        await session.setTheta(base);
        await session.setTheta(await learnDigits(await theEngine(), network, all, train, test, distorting()));
      } catch (error) {
        await session.setTheta(held);
        throw error;
      }
      if (session === this.runner.session) this.runner.story = { ...this.runner.story, edited: true };
      const [after] = await probabilities(session, [image]);
      const accuracyAfter = (await session.evaluate(places)).accuracy ?? 0;
      this.thetas.push(this.thetas.length ? held : base);
      this.corrections = [...this.corrections, { image, label, before, after, accuracyBefore, accuracyAfter }];
      this.change();
    });
  }

  /** Take the newest correction back. */
  async undoCorrection(): Promise<void> {
    const theta = this.thetas.pop();
    if (!theta || !this.network) return;
    await this.guard(async () => {
      await this.network!.session.setTheta(theta);
      this.corrections = this.corrections.slice(0, -1);
      this.change();
    });
  }

  close(): void {
    this.preparing.close();
  }

  private change(): void {
    this.corrected += 1;
    if (this.which === "trained") this.runner.version += 1;
  }

  private forget(): void {
    this.thetas = [];
    this.corrections = [];
    this.reading = null;
  }

  private async guard(work: () => Promise<void>): Promise<boolean> {
    try {
      this.failed = null;
      await work();
      return true;
    } catch (error) {
      this.failed = error instanceof Error ? error.message : String(error);
      return false;
    } finally {
      this.loading = this.correcting = false;
    }
  }
}
