/**
 * A drawing, or a picture file, as grey values: what Pillow's conversions give (datasets/images/reading.py). From there
 * `readPicture` finds the digits and brings each to the 784 bytes that a network sees.
 */

import { WORK_SIDE } from "./ink";
import { f32, reduce, reduction } from "./pixels";
import type { Picture } from "./reading";

/** Pixels of red, green, blue and opacity, as `ImageData` has them. */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8ClampedArray | Uint8Array;
}

/** Grey values of a picture, reduced if it is large; what is transparent becomes paper. */
export function pictureOf({ width, height, data }: Pixels): Picture {
  const n = width * height;
  const grey = new Float32Array(n);
  let isOpaque = true;
  for (let at = 0; at < n; at++) {
    grey[at] = (data[4 * at] * 19595 + data[4 * at + 1] * 38470 + data[4 * at + 2] * 7471 + 0x8000) >> 16;
    if (data[4 * at + 3] < 255) isOpaque = false;
  }
  if (!isOpaque) underlay(grey, data);
  const factor = reduction({ width, height }, WORK_SIDE);
  const reduced = reduce({ width, height, values: grey }, WORK_SIDE);
  if (isOpaque && factor > 1) reduced.values.forEach((value, at) => (reduced.values[at] = Math.floor(value + 0.5)));
  return { grey: reduced, scale: factor, size: [width, height] };
}

/** A grey picture whose pixels are bytes, such as cells that are black or white. */
export function pictureOfGrey(width: number, height: number, values: ArrayLike<number>): Picture {
  return { grey: { width, height, values: Float32Array.from(values) }, scale: 1, size: [width, height] };
}

/** Put paper under what is transparent. */
function underlay(grey: Float32Array, data: Uint8ClampedArray | Uint8Array): void {
  const paper = paperOf(grey, data);
  for (let at = 0; at < grey.length; at++) {
    const alpha = f32(data[4 * at + 3] / 255);
    grey[at] = f32(alpha * grey[at]) + f32(f32(1 - alpha) * paper);
  }
}

/** The grey that shows through: the median of what is opaque, or under ink alone what shows it best. */
function paperOf(grey: Float32Array, data: Uint8ClampedArray | Uint8Array): number {
  let [opaque, ink, n] = [0, 0, 0];
  const counts = new Float64Array(256);
  grey.forEach((value, at) => {
    const alpha = data[4 * at + 3] / 255;
    opaque += alpha;
    ink += value * alpha;
    if (alpha > 0.5) {
      counts[value] += 1;
      n += 1;
    }
  });
  if (opaque <= 0.5 * grey.length) return ink < 127.5 * opaque ? 255 : 0;
  const ranked = (rank: number) => {
    let below = 0;
    return counts.findIndex((count) => (below += count) > rank);
  };
  return (ranked(Math.floor((n - 1) / 2)) + ranked(Math.floor(n / 2))) / 2;
}
