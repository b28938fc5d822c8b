/**
 * The paper of a picture, with the light and the shadows on it, taken away: what is left is the ink, and noise. As
 * `layerwise.datasets.images.paper` has it, where the reasons stand.
 */

import { leastSquares } from "./leastsquares";
import { type Plane, f32, frame, quantile, ranked, reduce, resize } from "./pixels";

const SURVEY_SIDE = 48;
const WINDOW_STEP = 4;
const MOST_SHADE = 3.0;
const TRIALS = 12;

interface Survey {
  height: number;
  width: number;
  values: Float64Array;
}

/** How far each pixel is from the paper under it, positive on the side that the ink is on. */
export function contrast(grey: Plane): Plane {
  const { surface, rest, size } = fitSurface(grey);
  const median = windowMedian({ ...size, values: rest }).values;
  const detail = rest.map((value, at) => value - median[at]);
  const sign = skewness(rest) + skewness(detail) > 0 ? 1 : -1;
  let highest = -Infinity;
  for (const value of detail) highest = Math.max(highest, sign * value);
  const shaded = rest.map((value) => (sign * value > 0.4 * highest ? 0 : sign * value));
  const shadows = resize(single(windowMedian({ ...size, values: shaded })), grey.height, grey.width);
  const paper = surfaceOn(surface, grey.height, grey.width);
  const far = new Float32Array(grey.values.length);
  for (let at = 0; at < far.length; at++) far[at] = f32(sign * f32(grey.values[at] - paper[at])) - shadows.values[at];
  if (sign < 0) lighten(far, paper, shadows.values);
  return { ...grey, values: far };
}

/** Dark ink takes a share of the light: where there is little, in a shadow, it counts for more. */
function lighten(far: Float32Array, paper: Float32Array, shadows: Float32Array): void {
  const light = new Float32Array(far.length);
  for (let at = 0; at < far.length; at++) light[at] = paper[at] - shadows[at];
  const bright = f32(quantile(light, 0.9));
  for (let at = 0; at < far.length; at++) {
    far[at] *= Math.min(Math.max(f32(bright / Math.max(light[at], 1)), 1), MOST_SHADE);
  }
}

/** A quadratic surface fitted to the paper, and what is left of a reduction of the picture without it. */
function fitSurface(grey: Plane): { surface: number[]; rest: Float64Array; size: { height: number; width: number } } {
  const small = reduce(grey, SURVEY_SIDE);
  const terms = flatTerms(small.height, small.width);
  const middle = quantile(frame(small), 0.5);
  let rest = Float64Array.from(small.values, (value) => value - middle);
  let surface: number[] = [];
  for (let trial = 0; trial < TRIALS; trial++) {
    const spread = Math.max(2.7 * noise(rest), 2);
    const weights = rest.map((value) => 1 / (1 + (value / spread) ** 2) ** 2);
    surface = leastSquares(terms, weights, small.values);
    rest = Float64Array.from(small.values);
    terms.forEach((term, i) => {
      for (let at = 0; at < rest.length; at++) rest[at] -= surface[i] * term[at];
    });
  }
  return { surface, rest, size: { height: small.height, width: small.width } };
}

/** How far each pixel is from the median close around it, for ink much thinner than the shadows are wide. */
export function localContrast(grey: Plane): Plane {
  const small = reduce(grey, SURVEY_SIDE);
  const median = windowMedian({ ...small, values: Float64Array.from(small.values) }, 12);
  const around = resize(single(median), grey.height, grey.width);
  const rest = { ...grey, values: grey.values.map((value, at) => value - around.values[at]) };
  const sign = skewness(reduce(rest, 400).values) > 0 ? 1 : -1;
  return { ...rest, values: rest.values.map((value) => sign * value) };
}

/** The standard deviation of the paper, were it Gaussian, from the 30% of all pixels nearest to it. */
export function noise(values: Float32Array | Float64Array): number {
  const sizes = values.slice();
  for (let at = 0; at < sizes.length; at++) if (sizes[at] < 0) sizes[at] = -sizes[at];
  const value = ranked(sizes, Math.trunc(0.3 * (values.length - 1)));
  return values instanceof Float32Array ? f32(value / f32(0.385)) : value / 0.385;
}

function skewness(rest: Float32Array | Float64Array): number {
  let [squares, cubes] = [0, 0];
  for (const value of rest) {
    squares += value ** 2;
    cubes += value ** 3;
  }
  return cubes / rest.length / Math.max(squares / rest.length, 1e-9) ** 1.5;
}

function along(n: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => f32((2 * i + 1) / n) - 1);
}

const POWERS = [0, 1, 2].flatMap((i) => Array.from({ length: 3 - i }, (_, j) => [i, j] as const));

function power(value: number, exponent: number): number {
  return exponent === 0 ? 1 : exponent === 1 ? value : f32(value * value);
}

/** 1, x, x², y, xy, y² on a picture, from -1 to 1. */
function flatTerms(height: number, width: number): Float64Array[] {
  const [ys, xs] = [along(height), along(width)];
  return POWERS.map(([i, j]) => {
    const values = new Float64Array(height * width);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) values[y * width + x] = f32(power(ys[y], i) * power(xs[x], j));
    }
    return values;
  });
}

function surfaceOn([a, b, c, d, e, f]: number[], height: number, width: number): Float32Array {
  const [ys, xs] = [along(height), along(width)];
  const squares = xs.map((x) => x * x);
  const values = new Float32Array(height * width);
  for (let i = 0; i < height; i++) {
    const [y, square] = [ys[i], power(ys[i], 2)];
    for (let j = 0; j < width; j++) {
      values[i * width + j] = a + b * xs[j] + c * squares[j] + d * y + e * y * xs[j] + f * square;
    }
  }
  return values;
}

function single(plane: Survey): Plane {
  return { ...plane, values: Float32Array.from(plane.values) };
}

/** Where a place outside of a line of `length` is reflected to; the first and the last pixel are there once. */
function reflected(at: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const place = ((at % period) + period) % period;
  return place < length ? place : period - place;
}

/** The median around each pixel, over this share of the height and of the width to each side. */
function windowMedian(plane: Survey, part = 4): Survey {
  const { height, width, values } = plane;
  const [tall, wide] = [height, width].map((n) => Math.max(1, Math.floor(n / part))) as [number, number];
  const step = part === 4 ? WINDOW_STEP : 1;
  const rows = Math.ceil(height / step);
  const columns = Math.ceil(width / step);
  const window = new Float64Array((2 * tall + 1) * (2 * wide + 1));
  const medians = new Float32Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      let count = 0;
      for (let i = -tall; i <= tall; i++) {
        const row = reflected(y * step + i, height) * width;
        for (let j = -wide; j <= wide; j++) window[count++] = values[row + reflected(x * step + j, width)];
      }
      medians[y * columns + x] = ranked(window, (count - 1) / 2);
    }
  }
  const large = resize({ height: rows, width: columns, values: medians }, height, width);
  return { ...large, values: Float64Array.from(large.values) };
}
