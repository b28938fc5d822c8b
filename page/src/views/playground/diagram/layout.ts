/** Where neurons stand and which lines run between them. */
import { type Column, biasAt, weightAt } from "./columns";

/** The most neurons of a column that are drawn. */
export const MOST = 16;

export interface Neuron {
  column: number;
  index: number;
  /** The middle. */
  x: number;
  y: number;
  /** Where its bias lies in theta; -1: it has none. */
  bias: number;
}

export interface Line {
  column: number;
  from: number;
  to: number;
  /** Where its weight lies in theta. */
  at: number;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export interface Layout {
  width: number;
  height: number;
  /** A neuron's side. */
  size: number;
  neurons: Neuron[];
  lines: Line[];
  /** The middle of each column, and how many of its neurons are not drawn. */
  columns: { x: number; hidden: number }[];
}

const TOP = 38;
const BOTTOM = 26;

export function layout(columns: Column[], available: number): Layout {
  const shown = columns.map((column) => Math.min(MOST, column.n));
  const most = Math.max(...shown);
  const size = most <= 5 ? 42 : most <= 10 ? 34 : 26;
  const gap = most <= 5 ? 16 : most <= 10 ? 10 : 7;
  const pitch = Math.max(size + (columns.length > 6 ? 44 : 56), (available - size - 64) / Math.max(1, columns.length - 1));
  const left = size / 2 + 40;
  const height = TOP + most * (size + gap) + BOTTOM;
  const middle = (TOP + height - BOTTOM) / 2;
  const x = (c: number) => left + c * Math.min(pitch, 220);
  const y = (c: number, i: number) => middle + (i - (shown[c] - 1) / 2) * (size + gap);
  const neurons = columns.flatMap((column, c) => Array.from({ length: shown[c] }, (_, i) => ({ column: c, index: i, x: x(c), y: y(c, i), bias: column.dense ? biasAt(column, i) : -1 })));
  const lines: Line[] = [];
  columns.forEach((column, c) => {
    if (!column.dense || c === 0) return;
    for (let from = 0; from < shown[c - 1]; from++)
      for (let to = 0; to < shown[c]; to++) {
        const at = weightAt(column, from, to);
        if (at >= 0) lines.push({ column: c, from, to, at, x0: x(c - 1) + size / 2, y0: y(c - 1, from), x1: x(c) - size / 2, y1: y(c, to) });
      }
  });
  return { width: x(columns.length - 1) + size / 2 + 24, height, size, neurons, lines, columns: columns.map((column, c) => ({ x: x(c), hidden: column.n - shown[c] })) };
}

/** A point of the curve from neuron to neuron. */
export function along({ x0, y0, x1, y1 }: Line, s: number): [number, number] {
  const middle = (x0 + x1) / 2;
  const [a, b, c, d] = [(1 - s) ** 3, 3 * s * (1 - s) ** 2, 3 * s * s * (1 - s), s ** 3];
  return [a * x0 + b * middle + c * middle + d * x1, a * y0 + b * y0 + c * y1 + d * y1];
}

export type Hit = { kind: "neuron"; column: number; index: number } | { kind: "weight"; column: number; from: number; to: number };

/** What stands at a place: a neuron, or the nearest line within a few pixels. */
export function hit(found: Layout, x: number, y: number, reach: number): Hit | null {
  const half = found.size / 2 + 4;
  const neuron = found.neurons.find((n) => Math.abs(n.x - x) <= half && Math.abs(n.y - y) <= half);
  if (neuron) return { kind: "neuron", column: neuron.column, index: neuron.index };
  let best: Line | null = null;
  let least = reach;
  for (const line of found.lines) {
    if (x < line.x0 || x > line.x1) continue;
    for (let i = 0; i <= 24; i++) {
      const [px, py] = along(line, i / 24);
      const d = Math.hypot(px - x, py - y);
      if (d < least) [least, best] = [d, line];
    }
  }
  return best && { kind: "weight", column: best.column, from: best.from, to: best.to };
}

export function same(a: Hit | null, b: Hit | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The neighbour of what is chosen, by an arrow key: up and down in a column, left and right between columns. */
export function neighbour(columns: Column[], chosen: Hit | null, key: string): Hit {
  if (!chosen) return { kind: "neuron", column: 0, index: 0 };
  const column = chosen.column;
  const index = chosen.kind === "neuron" ? chosen.index : chosen.to;
  const shown = (c: number) => Math.min(MOST, columns[c].n);
  const [by, down] = [{ ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0, { ArrowUp: -1, ArrowDown: 1 }[key] ?? 0];
  const next = Math.min(columns.length - 1, Math.max(0, column + by));
  return { kind: "neuron", column: next, index: Math.min(shown(next) - 1, Math.max(0, index + down)) };
}
