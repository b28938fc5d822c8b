/** Networks that read digits: the one trained in the page, the one that comes with the package, one from a file. */

import { type Engine, type Model, Refusal, type Session, type Training, type Value } from "../engine/engine";
import { bytes, start } from "../start";
import { DIGITS, PIXELS, dataOf, rowsOf } from "./mnist";
import { LEAST_CONFIDENCE, type Reader } from "./reading";

export interface Loaded {
  session: Session;
  training: Training;
  classes: (string | number)[];
  leastConfidence: number;
}

/** A network of the engine as what reads drawings. */
export function readerOf({ session, classes, leastConfidence }: Loaded): Reader {
  return { classes, leastConfidence, probabilities: (images) => probabilities(session, images) };
}

/** As `predict_proba`: outputs of a network that does not end with a softmax are brought to the sum 1. */
export async function probabilities(session: Session, images: Uint8Array[]): Promise<Float32Array[]> {
  const outputs = await session.outputs(rowsOf(images));
  const n = session.plan.n_out;
  return images.map((_, row) => {
    const found = outputs.slice(row * n, (row + 1) * n);
    if (endsWith(session.training, "Softmax")) return found;
    const total = found.reduce((sum, value) => sum + value, 0);
    return total > 0 ? found.map((value) => value / total) : found;
  });
}

export function endsWith(training: Training, type: string): boolean {
  return training.layers.findLast((layer) => layer.type !== "Dropout")?.type === type;
}

/** The network in a model file, if it reads images of 28×28; refused in Python's words otherwise. */
export async function loaded(engine: Engine, file: Uint8Array, name: string): Promise<Loaded> {
  const model = await engine.open(file);
  check(model, name);
  const classes = model.classes ?? DIGITS;
  const blank = new Uint8Array(classes.length * PIXELS);
  const data = dataOf(blank, Int32Array.from(classes.keys()), classes);
  const session = await engine.create(model.training, data);
  await session.setTheta(model.theta);
  return { session, training: model.training, classes, leastConfidence: leastOf(model) };
}

export async function shipped(engine: Engine): Promise<Loaded> {
  const { data } = await start();
  if (!data.reader) throw new Refusal("this page comes without the reader: layerwise play --static FOLDER writes one with it");
  return loaded(engine, await bytes(data.reader), "own-digits.safetensors");
}

function check(model: Model, name: string): void {
  const task = model.description.task as { [name: string]: Value } | null | undefined;
  if (task && task.kind !== "classification") throw new Refusal(`${name}: expected a network trained to tell digits, got one for numbers`);
  if (model.n_in !== PIXELS)
    throw new Refusal(`${name}: expected a network for 28x28 images (${PIXELS} inputs), got ${model.n_in} inputs`);
}

function leastOf(model: Model): number {
  const notes = model.description.notes as { least_confidence?: Value } | null | undefined;
  const least = Number(notes?.least_confidence);
  return least >= 0 && least <= 1 ? least : LEAST_CONFIDENCE;
}
