/**
 * Operations on planes of pixels, as `layerwise.datasets.images.pixels` has them, with its rounding to float32.
 *
 * Whatever is compared, averaged or interpolated here gives the numbers of NumPy and Pillow, so that a drawing becomes
 * the same 784 bytes in the page as in Python.
 */

type Values = Float32Array | Float64Array | Uint8Array | Int32Array;

/** Rows of numbers: `values[y * width + x]`. */
export interface Plane<T extends Values = Float32Array> {
  height: number;
  width: number;
  values: T;
}

export type Mask = Plane<Uint8Array>;
export type Numbers = Plane<Int32Array>;

export const f32 = Math.fround;

export function mask(height: number, width: number): Mask {
  return { height, width, values: new Uint8Array(height * width) };
}

/** A mask of the pixels that are above a number, which is rounded to float32 first, as NumPy does. */
export function above(plane: Plane, level: number): Mask {
  const least = f32(level);
  const found = mask(plane.height, plane.width);
  for (let at = 0; at < found.values.length; at++) if (plane.values[at] > least) found.values[at] = 1;
  return found;
}

export function not(plane: Mask): Mask {
  return { ...plane, values: plane.values.map((value) => 1 - value) };
}

/** The mask of the pixels for which `test` holds of their place in both. */
export function where(plane: Plane<Values>, test: (at: number) => boolean): Mask {
  const found = mask(plane.height, plane.width);
  for (let at = 0; at < found.values.length; at++) found.values[at] = test(at) ? 1 : 0;
  return found;
}

export function share(plane: Mask | Uint8Array): number {
  const values = plane instanceof Uint8Array ? plane : plane.values;
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** The integer nearest, and the even one of two, as np.rint. */
export function rint(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The side of square blocks that, a pixel each, leave no side of a picture longer than `side`. */
export function reduction(plane: { height: number; width: number }, side: number): number {
  return Math.ceil(Math.max(plane.height, plane.width) / side);
}

/** Means over square blocks, so that no side is longer than `side`. Blocks at the edges may be cut. */
export function reduce(plane: Plane, side: number): Plane {
  const factor = reduction(plane, side);
  if (factor === 1) return plane;
  const height = Math.ceil(plane.height / factor);
  const width = Math.ceil(plane.width / factor);
  const values = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const bottom = Math.min((y + 1) * factor, plane.height);
    for (let x = 0; x < width; x++) {
      const right = Math.min((x + 1) * factor, plane.width);
      const isWhole = bottom - y * factor === factor && right - x * factor === factor;
      const sum = (isWhole ? wholeSum : plainSum)(plane, y * factor, bottom, x * factor, right);
      values[y * width + x] = sum * (1 / ((bottom - y * factor) * (right - x * factor)));
    }
  }
  return { height, width, values };
}

function plainSum({ values, width }: Plane, top: number, bottom: number, left: number, right: number): number {
  let sum = 0;
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += values[y * width + x];
  return sum;
}

/** The sum of a square block as Pillow makes it: of two rows and two columns at a time in float32, then in float64. */
function wholeSum({ values, width }: Plane, top: number, bottom: number, left: number, right: number): number {
  let sum = 0;
  for (let y = top; y < bottom; y += 2) {
    const hasTwo = y + 1 < bottom;
    for (let x = left; x < right; x += 2) {
      const at = y * width + x;
      let four = values[at];
      if (x + 1 < right) four = f32(four + values[at + 1]);
      if (hasTwo) four = f32(four + values[at + width]);
      if (hasTwo && x + 1 < right) four = f32(four + values[at + width + 1]);
      sum += four;
    }
  }
  return sum;
}

/** For each place of a line of `length` pixels that becomes `wanted` long: the first pixel, and weights from there. */
function triangles(length: number, wanted: number): { first: number; weights: number[] }[] {
  const scale = length / wanted;
  const support = Math.max(scale, 1);
  return Array.from({ length: wanted }, (_, place) => {
    const centre = (place + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const after = Math.min(Math.trunc(centre + support + 0.5), length);
    const weights: number[] = [];
    for (let at = first; at < after; at++) weights.push(Math.max(1 - Math.abs((at - centre + 0.5) / support), 0));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: weights.map((weight) => (total === 0 ? weight : weight / total)) };
  });
}

/** The plane interpolated, or averaged where it shrinks: Pillow's bilinear filter, first along rows. */
export function resize(plane: Plane, height: number, width: number): Plane {
  let { values } = plane;
  if (width !== plane.width) {
    const from = values;
    values = new Float32Array(plane.height * width);
    const places = triangles(plane.width, width);
    for (let y = 0; y < plane.height; y++) {
      places.forEach(({ first, weights }, x) => {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += from[y * plane.width + first + k] * weights[k];
        values[y * width + x] = sum;
      });
    }
  }
  if (height === plane.height) return { height, width, values };
  const result = new Float32Array(height * width);
  triangles(plane.height, height).forEach(({ first, weights }, y) => {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += values[(first + k) * width + x] * weights[k];
      result[y * width + x] = sum;
    }
  });
  return { height, width, values: result };
}

/** The maximum of each square block of a mask. */
export function blockMax<T extends Float32Array | Uint8Array>(plane: Plane<T>, factor: number): Plane<T> {
  if (factor === 1) return plane;
  const height = Math.ceil(plane.height / factor);
  const width = Math.ceil(plane.width / factor);
  const values = (
    plane.values instanceof Uint8Array ? new Uint8Array(height * width) : new Float32Array(height * width)
  ) as T;
  for (let y = 0; y < plane.height; y++) {
    for (let x = 0; x < plane.width; x++) {
      const at = Math.floor(y / factor) * width + Math.floor(x / factor);
      values[at] = Math.max(values[at], plane.values[y * plane.width + x]);
    }
  }
  return { height, width, values };
}

/** Each pixel of a mask as a square block: what `blockMax` reduced to it. */
export function enlarge(plane: Mask, factor: number, height: number, width: number): Mask {
  const result = mask(height, width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      result.values[y * width + x] =
        plane.values[Math.floor(y / factor) * plane.width + Math.floor(x / factor)];
    }
  }
  return result;
}

/** A rectangle of the plane; what is outside of it is cut. */
export function crop<T extends Values>(
  plane: Plane<T>,
  top: number,
  bottom: number,
  left: number,
  right: number,
): Plane<T> {
  const last = Math.min(right, plane.width);
  const height = Math.min(bottom, plane.height) - top;
  const width = last - left;
  const values = new (plane.values.constructor as new (n: number) => T)(height * width);
  for (let y = 0; y < height; y++) {
    const row = (top + y) * plane.width;
    values.set(plane.values.subarray(row + left, row + last) as never, y * width);
  }
  return { height, width, values };
}

/** The plane with so many pixels of one value around it. */
export function pad<T extends Values>(
  plane: Plane<T>,
  top: number,
  bottom: number,
  left: number,
  right: number,
  value = 0,
): Plane<T> {
  const height = plane.height + top + bottom;
  const width = plane.width + left + right;
  const values = new (plane.values.constructor as new (n: number) => T)(height * width);
  if (value !== 0) values.fill(value);
  for (let y = 0; y < plane.height; y++) {
    const row = plane.values.subarray(y * plane.width, (y + 1) * plane.width);
    values.set(row as never, (top + y) * width + left);
  }
  return { height, width, values };
}

export function transpose<T extends Values>(plane: Plane<T>): Plane<T> {
  const values = new (plane.values.constructor as new (n: number) => T)(plane.values.length);
  for (let y = 0; y < plane.height; y++) {
    for (let x = 0; x < plane.width; x++) values[x * plane.height + y] = plane.values[y * plane.width + x];
  }
  return { height: plane.width, width: plane.height, values };
}

/** The first and the last row, and the first and the last column, that have a pixel of the mask; null if none has. */
export function extent(plane: Mask): { top: number; bottom: number; left: number; right: number } | null {
  let [top, bottom, left, right] = [plane.height, -1, plane.width, -1];
  for (let y = 0; y < plane.height; y++) {
    for (let x = 0; x < plane.width; x++) {
      if (!plane.values[y * plane.width + x]) continue;
      top = Math.min(top, y);
      bottom = y;
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
  }
  return bottom < 0 ? null : { top, bottom, left, right };
}

/** The maximum over a disc around each pixel; beyond the plane are zeros. */
export function thicken<T extends Float32Array | Uint8Array>(plane: Plane<T>, radius: number): Plane<T> {
  const reach = Math.trunc(radius);
  const { height, width } = plane;
  const wide = [pad(plane, reach, reach, 0, 0)];
  for (let j = 1; j <= reach; j++) {
    const last = wide[j - 1];
    const values = last.values.slice() as T;
    for (let y = reach; y < height + reach; y++) {
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        const source = at - reach * width;
        if (x >= j && plane.values[source - j] > values[at]) values[at] = plane.values[source - j];
        if (x + j < width && plane.values[source + j] > values[at]) values[at] = plane.values[source + j];
      }
    }
    wide.push({ ...last, values });
  }
  const values = plane.values.slice() as T;
  for (let i = -reach; i <= reach; i++) {
    let half = 0;
    while (half < reach && i * i + (half + 1) ** 2 <= radius ** 2) half++;
    const from = wide[half].values;
    const shift = (reach + i) * width;
    for (let at = 0; at < values.length; at++) if (from[at + shift] > values[at]) values[at] = from[at + shift];
  }
  return { height, width, values };
}

/** The value that a share of them lies below, interpolated. */
export function quantile(values: ArrayLike<number>, part: number): number {
  const copy = values instanceof Float32Array ? values.slice() : Float64Array.from(values);
  const at = part * (copy.length - 1);
  const below = Math.trunc(at);
  const low = ranked(copy, below);
  if (at === below || below + 1 >= copy.length) return low;
  return low + (ranked(copy, below + 1) - low) * (at - below);
}

/** The value that so many are not above (Hoare's selection); the values are put into another order. */
export function ranked(values: Float32Array | Float64Array, rank: number): number {
  let [left, right] = [0, values.length - 1];
  while (left < right) {
    const pivot = values[(left + right) >> 1];
    let [i, j] = [left, right];
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const value = values[i];
      values[i++] = values[j];
      values[j--] = value;
    }
    if (rank <= j) right = j;
    else if (rank >= i) left = i;
    else break;
  }
  return values[rank];
}

/** The outermost pixels; corners are there twice. */
export function frame<T extends Values>(plane: Plane<T>): T {
  const { height, width, values } = plane;
  const found = new (values.constructor as new (n: number) => T)(2 * (height + width));
  found.set(values.subarray(0, width) as never, 0);
  found.set(values.subarray((height - 1) * width) as never, width);
  for (let y = 0; y < height; y++) {
    found[2 * width + y] = values[y * width];
    found[2 * width + height + y] = values[y * width + width - 1];
  }
  return found;
}
