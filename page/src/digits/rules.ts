/**
 * Straight lines that span a picture: those of ruled paper, of a form's boxes, of a table. As
 * `layerwise.datasets.images.rules` has it, where the method is explained.
 */

import { bounds, counts, runLengths } from "./parts";
import { type Mask, type Numbers, crop, mask, rint, transpose, where } from "./pixels";

const SLOPES = Array.from({ length: 25 }, (_, i) => (i === 24 ? 0.12 : i * (0.24 / 24) - 0.12));
const MOST = 40;
const BOX_SPAN = 0.85;
const MANY_BOXES = 3;
const LEAST_INSIDE = 0.1;
const THICKEST = 0.05;

interface Lines {
  lines: Mask;
  bands: Mask;
  count: number;
}

/** A mask of the straight lines in a mask of ink that span the picture, without the strokes across them. */
export function rules(ink: Mask, span = 0.8, upright = true): Mask {
  const lying = horizontal(ink, span);
  return upright ? together(ink, lying, vertical(ink, span)) : lying.lines;
}

function together(ink: Mask, lying: Lines, standing: Lines): Mask {
  return where(
    ink,
    (at) =>
      Boolean(lying.lines.values[at] || standing.lines.values[at]) ||
      Boolean(ink.values[at] && lying.bands.values[at] && standing.bands.values[at]),
  );
}

function vertical(ink: Mask, span: number): Lines {
  const { lines, bands, count } = horizontal(transpose(ink), span);
  return { lines: transpose(lines), bands: transpose(bands), count };
}

/** A mask of the lines of boxes and grids, and whether they are any: a box without ink within may be a 0. */
export function frames(parts: Numbers): { found: Mask; any: boolean } {
  const found = mask(parts.height, parts.width);
  const [sizes, places] = [counts(parts), bounds(parts)];
  const order = Array.from({ length: sizes.length - 1 }, (_, i) => i + 1).sort((a, b) => sizes[b] - sizes[a] || b - a);
  let [boxes, certain] = [0, false];
  for (const number of order.slice(0, MOST)) {
    const { top, bottom, left, right } = places[number];
    if (Math.min(bottom - top, right - left) < 5) continue;
    const window = crop(parts, top, bottom, left, right);
    const part = where(window, (at) => window.values[at] === number);
    const [lying, standing] = [horizontal(part, BOX_SPAN), vertical(part, BOX_SPAN)];
    const count = lying.count + standing.count;
    if (count < 3 || !lying.count || !standing.count) continue;
    const lines = together(part, lying, standing);
    let [within, size] = [0, 0];
    lines.values.forEach((line, at) => {
      if (window.values[at] > 0 && !line) within += 1;
      size += part.values[at];
      if (line) found.values[(top + Math.floor(at / lines.width)) * parts.width + left + (at % lines.width)] = 1;
    });
    boxes += 1;
    certain ||= (Math.min(lying.count, standing.count) > 1 && count > 4) || within > LEAST_INSIDE * size;
  }
  return { found, any: certain || boxes >= MANY_BOXES };
}

/** The pixels of lines, those of the bands that they lie in, and how many lines there are. */
function horizontal(ink: Mask, span: number): Lines {
  const { height, width } = ink;
  const result = { lines: mask(height, width), bands: mask(height, width), count: 0 };
  let left: number[] = [];
  ink.values.forEach((value, at) => value && left.push(at));
  if (left.length < span * width || left.length > 0.5 * ink.values.length) return result;
  const thick = transpose(runLengths(transpose(ink)));
  for (let trial = 0; trial < MOST; trial++) {
    const line = clearest(left, height, width);
    if (line.peak < span * width) break;
    const [top, bottom] = [-1, 1].map((step) => whileHigh(line.count, line.at, step, 0.4 * line.peak));
    const thickness = bottom - top + 1;
    const isLine = thickness <= Math.max(3, THICKEST * Math.max(height, width));
    const [on, off]: [number[], number[]] = [[], []];
    for (const at of left) {
      const distance = placeOf(at, width, line.slope) + line.reach;
      (distance >= top - 1 && distance <= bottom + 1 ? on : off).push(at);
    }
    left = off;
    if (!isLine) continue;
    for (const at of on) {
      result.bands.values[at] = 1;
      if (thick.values[at] <= thickness + 2) result.lines.values[at] = 1;
    }
    result.count += 1;
  }
  return result;
}

function placeOf(at: number, width: number, slope: number): number {
  const y = Math.floor(at / width);
  return y - rint(slope * (at - y * width - width / 2));
}

interface Clearest {
  slope: number;
  count: Int32Array;
  at: number;
  peak: number;
  reach: number;
}

/** The slope at which the pixels lie most densely on a line, and how many lie on each of the lines of that slope. */
function clearest(left: number[], height: number, width: number): Clearest {
  const reach = Math.ceil((0.12 * width) / 2) + 4;
  const counted = SLOPES.map((slope) => {
    const count = new Int32Array(height + 2 * reach);
    for (const at of left) count[placeOf(at, width, slope) + reach] += 1;
    const peak = count.reduce((most, n) => Math.max(most, n), 0);
    const sharpness = count.reduce((sum, n) => sum + n * n, 0);
    return { slope, count, peak, sharpness, reach };
  });
  const highest = Math.max(...counted.map(({ peak }) => peak));
  const sharp = counted.map(({ peak, sharpness }) => (peak > 0.95 * highest ? sharpness : 0));
  const best = counted[sharp.indexOf(Math.max(...sharp))];
  return { ...best, at: best.count.indexOf(best.peak) };
}

/** The last place from `at` on, up or down, until which the counts are above `least`. */
function whileHigh(count: Int32Array, at: number, step: number, least: number): number {
  while (at + step >= 0 && at + step < count.length && count[at + step] > least) at += step;
  return at;
}
