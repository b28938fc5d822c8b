/** The geometry of a picture with axes. */

export type Range = [number, number];
export type Point = [number, number];

export interface Curve {
  name: string;
  points: Point[];
  /** A tone of figures.css. */
  tone: number;
  dash?: string;
  width?: number;
}

export interface Mark {
  at: Point;
  name: string;
  tone: number;
  shape?: "dot" | "ring" | "square" | "triangle" | "diamond" | "cross";
  /** A line to the x-axis. */
  foot?: boolean;
  /** The name is heard and in the table, not written. */
  unnamed?: boolean;
}

/** Round numbers that divide a range in about so many parts. */
export function ticks([low, high]: Range, count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999)!;
  const found: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

/** Evenly spaced numbers, the ends included. */
export function spread([low, high]: Range, count: number): number[] {
  return Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}

/** f at many places of a range, and at those where it bends. */
export function sampled(f: (x: number) => number, range: Range, bends: number[] = [], count = 241): Point[] {
  const inside = bends.filter((x) => x > range[0] && x < range[1]);
  const all = [...spread(range, count), ...inside].sort((a, b) => a - b);
  return all.map((x) => [x, f(x)]);
}

/** A polyline as a path; a gap where a number is not finite. */
export function path(points: Point[], across: (x: number) => number, up: (y: number) => number, most = 1e5): string {
  let drawing = false;
  let found = "";
  for (const [x, y] of points) {
    const [left, top] = [across(x), up(y)];
    const isSeen = Number.isFinite(left) && Number.isFinite(top);
    if (isSeen) found += `${drawing ? "L" : "M"}${left.toFixed(1)} ${Math.max(-most, Math.min(most, top)).toFixed(1)}`;
    drawing = isSeen;
  }
  return found;
}
