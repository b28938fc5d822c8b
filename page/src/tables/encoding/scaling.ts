/** Quantiles, sums and the robust scaling of columns, to the same digits as NumPy and Python's TableEncoder. */

/** np.quantile(values, q) of sorted numbers. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const part = place - below;
  const a = sorted[below];
  const b = sorted[Math.min(below + 1, sorted.length - 1)];
  return part >= 0.5 ? b - (b - a) * (1 - part) : a + (b - a) * part;
}

/** np.sum(values), which adds pairs of blocks. */
export function sum(values: ArrayLike<number>, start = 0, n = values.length): number {
  if (n < 8) {
    let total = 0;
    for (let i = 0; i < n; i++) total += values[start + i];
    return total;
  }
  if (n > 128) {
    const half = (n >> 1) - ((n >> 1) % 8);
    return sum(values, start, half) + sum(values, start + half, n - half);
  }
  const r = Array.from({ length: 8 }, (_, k) => values[start + k]);
  const whole = n - (n % 8);
  for (let i = 8; i < whole; i += 8) for (let k = 0; k < 8; k++) r[k] += values[start + i + k];
  let total = r[0] + r[1] + (r[2] + r[3]) + (r[4] + r[5] + (r[6] + r[7]));
  for (let i = whole; i < n; i++) total += values[start + i];
  return total;
}

export function meanAndDeviation(values: Float64Array): { mean: number; deviation: number } {
  const mean = sum(values) / values.length;
  const squares = values.map((value) => (value - mean) * (value - mean));
  return { mean, deviation: Math.sqrt(sum(squares) / values.length) };
}

/** z / √(1 + (z/3)²): nearly z where it is small, and never beyond ±3. */
export function smoothClip(z: number): number {
  return z / Math.sqrt(1 + (z / 3) * (z / 3));
}

/** 1 / (q₇₅ - q₂₅); where the quartiles are equal 2 / (greatest - least); where these are too, 0. */
export function robustScale(lowest: number, low: number, high: number, highest: number): number {
  const width = high > low ? high - low : (highest - lowest) / 2;
  return width > 0 ? 1 / (width + 1e-30) : 0;
}

/** The median of numbers and the factor by which they are scaled. */
export function robustScaling(values: Float64Array): { center: number; factor: number } {
  const sorted = values.slice().sort();
  const [low, center, high] = [0.25, 0.5, 0.75].map((q) => quantile(sorted, q));
  return { center, factor: robustScale(sorted[0], low, high, sorted[sorted.length - 1]) };
}

/** What a column that holds each of `values` (in ascending order) so many times makes of them. */
export function levels(values: readonly number[], counts: readonly number[]): number[] {
  const ends: number[] = [];
  let n = 0;
  for (const count of counts) ends.push((n += count));
  const at = (place: number): number => values[ends.findIndex((end) => end > place)];
  const q = (share: number): number => {
    const place = share * (n - 1);
    const below = at(Math.floor(place));
    return below + (place % 1) * (at(Math.ceil(place)) - below);
  };
  const factor = robustScale(q(0), q(0.25), q(0.75), q(1));
  return values.map((value) => smoothClip((value - q(0.5)) * factor));
}
