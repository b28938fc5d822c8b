/**
 * Which parts of a picture's ink make a digit each: rows, the digits in a row, and cuts through digits that touch. As
 * `layerwise.datasets.images.parting` has it.
 */

import type { Ink } from "./ink";
import { bounds, counts, largest } from "./parts";
import { type Numbers, above, blockMax, crop, f32, frame, rint } from "./pixels";

const SPECK = 0.08;
const LOW = 0.4;
const LEAST_INSIDE = 0.1;
const OVERLAP = 0.5;
const GAP = 0.2;
export const MOST = 150;
const ALIKE = 0.6;
const SEAMS = 7;

/** Some parts of the ink that are one digit, or several that touch; bottom and right are behind the last pixels. */
export interface Piece {
  /** What its pixels have in the grid of pieces. */
  number: number;
  top: number;
  bottom: number;
  left: number;
  right: number;
  height: number;
  width: number;
  /** How much ink it has. */
  weight: number;
}

/** A grid of pieces' numbers, and the pieces row by row, from left to right. */
export function piecesOf(ink: Ink, keepEdges = false): { pieces: Numbers; rows: Piece[][] } {
  const numbers = ink.parts;
  let parts = measured(ink, numbers);
  const outer = new Set(keepEdges ? [] : frame(numbers));
  const inner = parts.filter((part) => !outer.has(part.number));
  const heaviest = most(parts, "weight");
  if (most(inner, "weight") > LEAST_INSIDE * heaviest) {
    parts = parts.filter((part) => inner.includes(part) || inner.some((other) => areAlike(part, other)));
  }
  const [heavy, tall] = [most(parts, "weight"), most(parts, "height")];
  parts = parts.filter((part) => part.weight > SPECK * heavy || part.height > LOW * tall);
  if (parts.length > MOST) return { pieces: numbers, rows: [parts] };
  const renumbered = new Int32Array(largest(numbers) + 1);
  groups(parts, areOne).forEach((group, i) => group.forEach((part) => (renumbered[part.number] = i + 1)));
  const pieces = { ...numbers, values: numbers.values.map((number) => renumbered[number]) };
  const rows = groups(measured(ink, pieces), areInARow);
  const height = (row: Piece[]) => row.reduce((sum, piece) => sum + piece.top + piece.bottom, 0) / row.length;
  rows.sort((a, b) => height(a) - height(b));
  return { pieces, rows: rows.map((row) => row.sort((a, b) => a.left + a.right - b.left - b.right)) };
}

function most(pieces: Piece[], what: "weight" | "height"): number {
  return pieces.reduce((highest, piece) => Math.max(highest, piece[what]), 0);
}

function measured(ink: Ink, numbers: Numbers): Piece[] {
  const weights = counts(numbers, blockMax(above(ink.values, 0.6), ink.factor).values);
  return bounds(numbers)
    .map(({ top, bottom, left, right }, number) => {
      return { number, top, bottom, left, right, height: bottom - top, width: right - left, weight: weights[number] };
    })
    .slice(1);
}

/** The pieces in groups: any two that belong together are in the same one. */
function groups(pieces: Piece[], together: (a: Piece, b: Piece) => boolean): Piece[][] {
  let group = pieces.map((_, i) => i);
  for (let i = 0; i < pieces.length; i++) {
    for (let j = 0; j < i; j++) {
      if (group[i] === group[j] || !together(pieces[i], pieces[j])) continue;
      const [gone, kept] = [group[i], group[j]];
      group = group.map((g) => (g === gone ? kept : g));
    }
  }
  const numbers = [...new Set(group)].sort((a, b) => a - b);
  return numbers.map((number) => pieces.filter((_, i) => group[i] === number));
}

function overlap(a0: number, a1: number, b0: number, b1: number): number {
  return Math.min(a1, b1) - Math.max(a0, b0);
}

/** Whether two parts are one digit: one above the other and next to it, or within it. */
function areOne(a: Piece, b: Piece): boolean {
  const across = overlap(a.left, a.right, b.left, b.right);
  const upright = overlap(a.top, a.bottom, b.top, b.bottom);
  const high = Math.max(a.height, b.height);
  if (across < OVERLAP * Math.min(a.width, b.width)) return false;
  return upright > 0 || (-upright <= GAP * high && Math.min(a.height, b.height) < 0.6 * high);
}

/** Whether two parts are beside each other and about as high: digits of a number that was cut out closely. */
function areAlike(a: Piece, b: Piece): boolean {
  return areInARow(a, b) && ALIKE * Math.max(a.height, b.height) <= Math.min(a.height, b.height);
}

/** Whether two digits are beside each other, at about the same height. */
function areInARow(a: Piece, b: Piece): boolean {
  const upright = overlap(a.top, a.bottom, b.top, b.bottom);
  const gap = -overlap(a.left, a.right, b.left, b.right);
  return upright >= 0.5 * Math.min(a.height, b.height) && gap <= 4 * Math.max(a.height, b.height);
}

/** Seams along which a piece may be cut, from left to right: the column in each row of the piece. */
export function seamsOf(pieces: Numbers, piece: Piece, height: number): Int32Array[] {
  const { height: tall, width: wide, values } = crop(pieces, piece.top, piece.bottom, piece.left, piece.right);
  const total = Float32Array.from(values, (number) => f32(Number(number === piece.number) + f32(0.01)));
  const step = f32(0.02);
  for (let row = 1; row < tall; row++) {
    for (let x = 0; x < wide; x++) {
      const up = (row - 1) * wide + x;
      let least = total[up];
      if (x > 0) least = Math.min(least, f32(total[up - 1] + step));
      if (x + 1 < wide) least = Math.min(least, f32(total[up + 1] + step));
      total[row * wide + x] += least;
    }
  }
  const ends = endsOf(total.subarray((tall - 1) * wide), height);
  return ends.map((end) => {
    const seam = new Int32Array(tall);
    let column = end;
    for (let row = tall - 1; row >= 0; row--) {
      seam[row] = column + piece.left;
      if (row) column = nearest(total.subarray((row - 1) * wide, row * wide), column);
    }
    return seam;
  });
}

/** The columns at which seams through little ink end, far enough from each other. */
function endsOf(last: Float32Array, height: number): number[] {
  const least = Math.max(2, rint(0.15 * height));
  const apart = Math.max(2, rint(0.12 * height));
  const order = Array.from(last.keys()).sort((a, b) => last[a] - last[b] || a - b);
  const ends: number[] = [];
  for (const column of order) {
    if (column < least || column >= last.length - least) continue;
    if (ends.every((other) => Math.abs(column - other) >= apart)) ends.push(column);
    if (ends.length === SEAMS) break;
  }
  return ends.sort((a, b) => a - b);
}

function nearest(total: Float32Array, column: number): number {
  let [best, least] = [column, total[column]];
  for (const near of [column - 1, column + 1]) {
    if (near < 0 || near >= total.length || total[near] + 0.02 >= least) continue;
    [best, least] = [near, total[near] + 0.02];
  }
  return best;
}

/** Number a piece anew in `pieces`, part by part between the seams; the numbers from left to right. */
export function cutAlong(pieces: Numbers, piece: Piece, seams: Int32Array[]): number[] {
  const first = largest(pieces) + 1;
  const found = new Set<number>();
  for (let y = piece.top; y < piece.bottom; y++) {
    for (let x = piece.left; x < piece.right; x++) {
      const at = y * pieces.width + x;
      if (pieces.values[at] !== piece.number) continue;
      const part = seams.filter((seam) => x >= seam[y - piece.top]).length;
      pieces.values[at] = first + part;
      found.add(first + part);
    }
  }
  return [...found].sort((a, b) => a - b);
}
