/**
 * Learning a few corrected digits without forgetting those of others, as `layerwise.handwriting.learning` does: a short
 * training on distorted copies among rows of MNIST, then only so far towards its weights as leaves the test rows read
 * nearly as well as before. (Python also rehearses paths of pens and the answers that the network gave before.)
 */

import { Draw } from "../data2d/philox";
import { type Data, type Engine, Refusal, type Training } from "../engine/engine";
import { SIDE } from "./form";
import { DIGITS, PIXELS, dataOf } from "./mnist";
import { type Loaded, endsWith } from "./reader";

const STEPS = 250;
const BATCH_SIZE = 128;
const LEARNING_RATE = 4e-4;
const SHARE = 0.1;
const SHIFT = 1.5;
const ROTATION = 8;
const SCALE = 0.1;
const SHEAR = 8;
const ALPHAS = [0.85, 0.8, 0.75, 0.7, 0.65, 0.6];
const LARGEST_FALL = 0.0008;

export interface Corrected {
  image: Uint8Array;
  label: number;
}

/** Draws an image of 28×28 turned, sheared, scaled and shifted. */
export type Distort = (image: Uint8Array, draw: Draw) => Uint8Array;

/** What a canvas draws with its own smoothing. */
export function distorting(): Distort {
  const [from, to] = [new OffscreenCanvas(SIDE, SIDE), new OffscreenCanvas(SIDE, SIDE)];
  const [source, target] = [from, to].map((canvas) => canvas.getContext("2d", { willReadFrequently: true })!);
  return (image, draw) => {
    const pixels = source.createImageData(SIDE, SIDE);
    image.forEach((value, at) => pixels.data.set([value, value, value, 255], 4 * at));
    source.putImageData(pixels, 0, 0);
    const radians = (degrees: number) => (draw.uniform(-degrees, degrees) * Math.PI) / 180;
    const [angle, shear, scale] = [radians(ROTATION), Math.tan(radians(SHEAR)), draw.uniform(1 - SCALE, 1 + SCALE)];
    const [c, s] = [scale * Math.cos(angle), scale * Math.sin(angle)];
    target.setTransform(1, 0, 0, 1, 0, 0);
    target.fillStyle = "#000";
    target.fillRect(0, 0, SIDE, SIDE);
    const middle = SIDE / 2;
    target.setTransform(c, s, c * shear - s, s * shear + c, middle + draw.uniform(-SHIFT, SHIFT), middle + draw.uniform(-SHIFT, SHIFT));
    target.drawImage(from, -middle, -middle);
    const found = target.getImageData(0, 0, SIDE, SIDE).data;
    return Uint8Array.from({ length: PIXELS }, (_, at) => found[4 * at]);
  };
}

/** The weights of a network that has learned these digits too. Refused in Python's words where it cannot. */
export async function learnDigits(
  engine: Engine,
  network: Loaded,
  corrected: Corrected[],
  train: Data,
  test: Data,
  distort: Distort,
): Promise<Float32Array> {
  check(network, corrected);
  const before = await network.session.theta();
  const data = withCopies(train, corrected, network.classes, distort);
  const session = await engine.create(settings(network.training, data.n), data);
  try {
    await session.setTheta(before);
    await session.run({ steps: STEPS });
    const after = await session.theta();
    await session.setTheta(before);
    const heldOut = relabelled(test, network.classes);
    const enough = ((await session.evaluate(heldOut)).accuracy ?? 0) - LARGEST_FALL;
    let weights = before;
    for (const alpha of ALPHAS) {
      weights = before.map((value, at) => value + Math.fround(alpha) * (after[at] - value));
      await session.setTheta(weights);
      if (((await session.evaluate(heldOut)).accuracy ?? 0) >= enough) break;
    }
    return weights;
  } finally {
    session.close();
  }
}

function check({ training, classes }: Loaded, corrected: Corrected[]): void {
  const names = classes.map(String);
  if ([...names].sort().join() !== DIGITS.map(String).join())
    throw new Refusal(`expected a network for the digits 0 to 9; its classes are ${names.slice(0, 12).join(", ")}`);
  if (!endsWith(training, "Softmax")) throw new Refusal("expected a network that ends with Softmax(), whose answers are probabilities");
  corrected.forEach(({ image }, row) => {
    if (Math.max(...image) === Math.min(...image)) throw new Refusal(`X: row ${row} is blank: there is no digit to be learned`);
  });
}

function settings(training: Training, rows: number): Training {
  const epochs = Math.ceil((STEPS * BATCH_SIZE) / rows);
  return {
    ...training,
    loss: { type: "CategoricalCrossEntropy" },
    optimizer: { type: "Adam", learning_rate: LEARNING_RATE },
    penalties: [],
    schedule: { type: "Cosine" },
    epochs,
    batch_size: BATCH_SIZE,
    shuffle: true,
  };
}

/** Rows of digits, whose labels are places among a network's own classes. */
function relabelled(data: Data, classes: (string | number)[]): Data {
  const places = DIGITS.map((digit) => classes.map(String).indexOf(String(digit)));
  return { ...data, labels: data.labels!.map((label) => places[label]), classes };
}

/** Rows to rehearse, and among them distorted copies of the corrected digits. */
function withCopies(train: Data, corrected: Corrected[], classes: (string | number)[], distort: Distort): Data {
  const copies = Math.round((train.n * SHARE) / (1 - SHARE));
  const X = new Uint8Array((train.n + copies) * PIXELS);
  const labels = new Int32Array(train.n + copies);
  X.set(train.X);
  labels.set(train.labels!);
  const draw = new Draw(0, corrected.length);
  for (let i = 0; i < copies; i++) {
    const { image, label } = corrected[i % corrected.length];
    X.set(distort(image, draw), (train.n + i) * PIXELS);
    labels[train.n + i] = label;
  }
  return relabelled(dataOf(X, labels), classes);
}
