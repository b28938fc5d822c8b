/** Which pixels of a mask hang together, and where: as `layerwise.datasets.images.pixels` numbers them. */

import { type Mask, type Numbers, thicken } from "./pixels";

/** The length of the run from left to right that each pixel of a mask belongs to, 0 elsewhere. */
export function runLengths(plane: Mask): Numbers {
  const { height, width, values } = plane;
  const lengths = new Int32Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; ) {
      let end = x;
      while (end < width && values[y * width + end]) end++;
      lengths.fill(end - x, y * width + x, y * width + end);
      x = Math.max(end, x + 1);
    }
  }
  return { height, width, values: lengths };
}

/** A number for each pixel: 0 off the mask, elsewhere 1, 2, … in reading order, the same within a connected part. */
export function connectedParts(plane: Mask): Numbers {
  const { height, width, values } = plane;
  const parts = new Int32Array(values.length);
  const stack: number[] = [];
  let number = 0;
  for (let start = 0; start < values.length; start++) {
    if (!values[start] || parts[start]) continue;
    parts[start] = ++number;
    stack.push(start);
    while (stack.length) {
      const at = stack.pop()!;
      const y = Math.floor(at / width);
      const x = at - y * width;
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) {
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) {
          const near = row * width + column;
          if (!values[near] || parts[near]) continue;
          parts[near] = number;
          stack.push(near);
        }
      }
    }
  }
  return { height, width, values: parts };
}

/** The numbers of connected parts, where parts that a pixel of paper is between count as one. */
export function joinedParts(plane: Mask): Numbers {
  const parts = connectedParts(thicken(plane, 1.5));
  return { ...parts, values: parts.values.map((number, at) => number * plane.values[at]) };
}

export function largest(numbers: Numbers): number {
  let found = 0;
  for (const number of numbers.values) if (number > found) found = number;
  return found;
}

/** How many pixels have each number, from 0; of `weights` their sum. */
export function counts(numbers: Numbers, weights?: Uint8Array): Float64Array {
  const found = new Float64Array(largest(numbers) + 1);
  for (let at = 0; at < numbers.values.length; at++) found[numbers.values[at]] += weights ? weights[at] : 1;
  return found;
}

export interface Bounds {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** The rectangle of each number, bottom and right behind the last pixel; of numbers that are not there it is inverted. */
export function bounds(numbers: Numbers): Bounds[] {
  const { height, width, values } = numbers;
  const most = Math.max(height, width);
  const found = Array.from({ length: largest(numbers) + 1 }, () => ({ top: most, bottom: 0, left: most, right: 0 }));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const number = values[y * width + x];
      if (!number) continue;
      const one = found[number];
      if (y < one.top) one.top = y;
      one.bottom = y + 1;
      if (x < one.left) one.left = x;
      if (x >= one.right) one.right = x + 1;
    }
  }
  return found;
}
