/** Functions to be minimized, with their gradients, and where they are looked at. */
import type { Range } from "./plot";

export interface Surface {
  /** As it is written. */
  text: string;
  value(w: number[]): number;
  gradient(w: number[]): number[];
  /** What is drawn: of one parameter and of the loss, or of two parameters. */
  across: Range;
  up: Range;
  start: number[];
  /** Its lowest points. */
  minima: number[][];
}

export const SURFACES: Record<string, Surface> = {
  curve: {
    text: "L(w) = w²",
    value: ([w]) => w * w,
    gradient: ([w]) => [2 * w],
    across: [-3, 3],
    up: [-0.5, 9],
    start: [-2.5],
    minima: [[0]],
  },
  "double-well": {
    text: "L(w) = w⁴ − 2w² + 0.4w + 1.5",
    value: ([w]) => w ** 4 - 2 * w * w + 0.4 * w + 1.5,
    gradient: ([w]) => [4 * w ** 3 - 4 * w + 0.4],
    across: [-1.9, 1.9],
    up: [-0.2, 4],
    start: [1.7],
    minima: [[-1.0466805318046024]],
  },
  bowl: {
    text: "L(w₁, w₂) = (w₁² + w₂²) / 2",
    value: ([a, b]) => (a * a + b * b) / 2,
    gradient: ([a, b]) => [a, b],
    across: [-4, 4],
    up: [-3, 3],
    start: [-3.2, 2.2],
    minima: [[0, 0]],
  },
  valley: {
    text: "L(w₁, w₂) = w₁² / 20 + w₂²",
    value: ([a, b]) => (a * a) / 20 + b * b,
    gradient: ([a, b]) => [a / 10, 2 * b],
    across: [-6, 6],
    up: [-4.5, 4.5],
    start: [-5.2, 2.5],
    minima: [[0, 0]],
  },
  saddle: {
    text: "L(w₁, w₂) = w₁² / 2 − w₂² / 2 + w₂⁴ / 4",
    value: ([a, b]) => (a * a) / 2 - (b * b) / 2 + b ** 4 / 4,
    gradient: ([a, b]) => [a, b ** 3 - b],
    across: [-2.4, 2.4],
    up: [-1.8, 1.8],
    start: [-2, 0.02],
    minima: [
      [0, -1],
      [0, 1],
    ],
  },
};
