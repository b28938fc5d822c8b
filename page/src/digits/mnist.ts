/** MNIST as the engine takes it, and the network that learns it at one click. */

import type { Data, Rows, Training } from "../engine/engine";
import { mnist } from "../start";

export const PIXELS = 784;
export const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);
export const TEST_ROWS = 10_000;

/** Images in rows of 784 bytes. */
export function rowsOf(images: Uint8Array[]): Rows {
  const X = new Uint8Array(images.length * PIXELS);
  images.forEach((image, row) => X.set(image, row * PIXELS));
  return { X, n: images.length, n_in: PIXELS };
}

export function dataOf(X: Uint8Array, labels: Int32Array, classes: (string | number)[] = DIGITS): Data {
  return { X, n: labels.length, n_in: PIXELS, task: "classification", labels, classes };
}

/** The first rows to train with, and rows to test with. */
export async function loadMnist(rows: number): Promise<{ train: Data; test: Data }> {
  const [train, test] = await Promise.all([mnist("train", rows), mnist("test", TEST_ROWS)]);
  return { train: dataOf(train.X, train.labels), test: dataOf(test.X, test.labels) };
}

/** A dense network that reads 95% of the test rows after five epochs. */
export const FIRST: Training = {
  layers: [
    { type: "Dense", units: 128, weights: { type: "HeNormal" } },
    { type: "ReLU" },
    { type: "Dropout", rate: 0.2 },
    { type: "Dense", units: 10 },
    { type: "Softmax" },
  ],
  random_state: 0,
  scaling: { type: "RangeScaler", low: 0, high: 255, to_low: 0, to_high: 1 },
  loss: { type: "CategoricalCrossEntropy" },
  optimizer: { type: "Adam", learning_rate: 0.002 },
  penalties: [],
  schedule: null,
  epochs: 10,
  batch_size: 64,
  shuffle: true,
  clip_norm: null,
};
