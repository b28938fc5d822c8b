/** The network that reads drawings, and what it makes of an image: tools/train_figure_digits.py has trained it. */
import { compileLayers } from "../../engine/plan";
import type { Stage } from "../../engine/engine";
import { readModel } from "../../files/model";
import { forward } from "../../trace/doubles";
import { script } from "../loading";

export const PIXELS = 784;

export interface Given {
  /** The model file, and images of 784 bytes one after the other, in base64. */
  model: string;
  images: string;
  labels: number[];
}

declare global {
  var layerwiseDigits: Given | undefined;
}

export interface Example {
  image: Uint8Array;
  label: number;
}

/** What the network finds on the way from an image to its answer. */
export interface Found {
  inputs: Float64Array;
  sums: Float64Array;
  hidden: Float64Array;
  probabilities: Float64Array;
  answer: number;
}

export class DigitNetwork {
  readonly examples: Example[];
  readonly units: number;
  private readonly stages: Stage[];
  private readonly theta: Float64Array;

  constructor({ model, images, labels }: Given) {
    const { training, n_in, theta } = readModel(bytesOf(model));
    this.stages = compileLayers(training.layers, n_in);
    this.theta = Float64Array.from(theta);
    this.units = this.stages[0].n_out;
    const pixels = bytesOf(images);
    this.examples = labels.map((label, i) => ({ label, image: pixels.subarray(i * PIXELS, (i + 1) * PIXELS) }));
  }

  read(image: Uint8Array): Found {
    const inputs = Float64Array.from(image, (value) => value / 255);
    const [sums, hidden, , probabilities] = forward({ stages: this.stages }, this.theta, inputs);
    return { inputs, sums, hidden, probabilities, answer: probabilities.indexOf(Math.max(...probabilities)) };
  }

  /** What a hidden unit multiplies each pixel by. */
  weightsOf(unit: number): Float64Array {
    return Float64Array.from({ length: PIXELS }, (_, i) => this.number(0, "W", i * this.units + unit));
  }

  biasOf(unit: number): number {
    return this.number(0, "b", unit);
  }

  /** What each digit multiplies a hidden unit by. */
  outwards(unit: number): number[] {
    return Array.from({ length: 10 }, (_, digit) => this.number(2, "W", unit * 10 + digit));
  }

  private number(stage: number, name: string, at: number): number {
    return this.theta[this.stages[stage].arrays.find((array) => array.name === name)!.begin + at];
  }
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

let loaded: Promise<DigitNetwork> | null = null;

/** The network, loaded once for a page. */
export function digitNetwork(): Promise<DigitNetwork> {
  loaded ??= load().catch((error: unknown) => {
    loaded = null;
    throw error;
  });
  return loaded;
}

async function load(): Promise<DigitNetwork> {
  globalThis.layerwiseDigits ?? (await script("../digits/network.js"));
  return new DigitNetwork(globalThis.layerwiseDigits!);
}
