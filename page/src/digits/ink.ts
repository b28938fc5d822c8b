/**
 * The ink of a picture: which pixels a pen has drawn, and which of them hang together. As
 * `layerwise.datasets.images.ink` has it.
 *
 *     grey ── surroundings ──► contrast (paper) ── rules ──► values from 0 to 1 and connected parts
 *
 * What is not certain is tried in several ways: `inks` yields the likeliest reading first, and then others.
 */

import { contrast, localContrast, noise } from "./paper";
import { bounds, connectedParts, joinedParts, largest } from "./parts";
import { type Mask, type Numbers, type Plane, above, blockMax, crop, enlarge, f32, mask, quantile, ranked, reduce, reduction, thicken, where } from "./pixels";
import { frames, rules } from "./rules";
import { completeMargin, dropDesk } from "./surroundings";
import { Unreadable } from "./unreadable";

export const WORK_SIDE = 640;
const PARTS_SIDE = 256;
const SMALL = 64;
const LONGER = 2.0;
const LEAST_CONTRAST = 16.0;
const LEAST_SIGNAL = 4.0;

/** How much ink there is on each pixel of a picture, and which parts hang together. */
export interface Ink {
  /** From 0 to 1, with noise taken out. */
  values: Plane;
  /** On a coarser grid: 0 where there is no ink for certain, elsewhere the number of the part, from 1. */
  parts: Numbers;
  /** The side of that grid's squares, in pixels. */
  factor: number;
  /** Top and left of the first pixel in the picture as it was, in its pixels. */
  origin: [number, number];
  /** How many pixels of the picture as it was make one here. */
  scale: number;
  /** Standard deviation of the paper, as a share of the ink. */
  noise: number;
  /** Found by what is close around each pixel: fat strokes have gaps where they meet. */
  thin: boolean;
  /** What is around was taken for a desk, and left out. */
  cropped: boolean;
}

interface Frame {
  margin: number;
  origin: [number, number];
  scale: number;
}

/** The ink of a picture (values from 0 to 255) in several readings. Throws Unreadable if no ink stands out in any. */
export function* inks(grey: Plane, scale = 1): Generator<Ink, void> {
  const picture = reduce(grey, WORK_SIDE);
  const size = scale * reduction(grey, WORK_SIDE);
  const sheet = dropDesk(picture);
  const whole = { sheet: picture, top: 0, left: 0 };
  const sheets = sheet ? [sheet, whole] : [whole];
  if (Math.max(picture.height, picture.width) <= SMALL) sheets.reverse();
  let problem: Unreadable | null = null;
  let found = false;
  for (const light of [contrast, localContrast]) {
    for (const part of sheets) {
      const { whole: completed, margin } = completeMargin(part.sheet);
      const origin: [number, number] = [(part.top - margin) * size, (part.left - margin) * size];
      try {
        for (const ink of ofContrast(light(completed), { margin, origin, scale: size })) {
          found = true;
          yield { ...ink, thin: light === localContrast, cropped: part.sheet !== picture };
        }
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        problem ??= error;
      }
    }
  }
  if (problem && !found) throw problem;
}

/** The ink without the lines that span the picture, with them, and with its parts joined across gaps. */
function* ofContrast(far: Plane, at: Frame): Generator<Ink, void> {
  const { level, sigma } = levelOf(far);
  const factor = reduction(far, PARTS_SIDE);
  const certain = blockMax(above(far, level * certainty(sigma / level)), factor);
  const edge = Math.floor(at.margin / factor);
  const boxes = frames(connectedParts(certain));
  const { height, width } = certain;
  const unframed = where(certain, (i) => certain.values[i] === 1 && !boxes.found.values[i]);
  const inner = crop(unframed, edge, height - edge, edge, width - edge);

  function without(span: number, upright = true): Ink | null {
    const lines = mask(height, width);
    const found = rules(inner, span, upright);
    for (let y = 0; y < found.height; y++) {
      const row = found.values.subarray(y * found.width, (y + 1) * found.width);
      lines.values.set(row, (y + edge) * width + edge);
    }
    if (!upright && !areLong(lines, certain)) return null;
    if (boxes.any) boxes.found.values.forEach((one, i) => one && (lines.values[i] = 1));
    if (!lines.values.includes(1)) return null;
    const gone = enlarge(around(lines, certain), factor, far.height, far.width);
    const rest = { ...far, values: far.values.map((value, i) => (gone.values[i] ? 0 : value)) };
    try {
      return inkOf(rest, levelOf(rest), factor, at, lines);
    } catch (error) {
      if (error instanceof Unreadable) return null;
      throw error;
    }
  }

  const plain = inkOf(far, { level, sigma }, factor, at);
  const clear = without(0.8);
  if (boxes.any && !clear) throw new Unreadable({ key: "digits.refused.boxes" });
  const first = clear ?? plain;
  yield first;
  const united = joined(first);
  if (united) yield united;
  const shorter = Math.max(far.height, far.width) > SMALL ? without(0.45, false) : null;
  if (shorter) yield shorter;
  if (clear) yield plain;
}

/** Whether lines are longer than what they leave is high, as those of ruled paper are: no plus sign's. */
function areLong(lines: Mask, ink: Mask): boolean {
  const rest = bounds(connectedParts(where(ink, (at) => ink.values[at] === 1 && !lines.values[at]))).slice(1);
  if (!rest.length) return false;
  let columns = 0;
  for (let x = 0; x < lines.width; x++) {
    for (let y = 0; y < lines.height; y++) {
      if (!lines.values[y * lines.width + x]) continue;
      columns += 1;
      break;
    }
  }
  return columns > LONGER * Math.max(...rest.map(({ top, bottom }) => bottom - top));
}

/** The ink with its parts joined across gaps of a pixel of the grid; null if that changes nothing. */
function joined(ink: Ink): Ink | null {
  const parts = joinedParts(where(ink.parts, (at) => ink.parts.values[at] > 0));
  return largest(parts) < largest(ink.parts) ? { ...ink, parts } : null;
}

/** The lines and the paper next to them, which is grey from antialiasing, without other ink. */
function around(lines: Mask, ink: Mask): Mask {
  const wide = thicken(lines, 1);
  return where(lines, (at) => wide.values[at] === 1 && (lines.values[at] === 1 || !ink.values[at]));
}

function certainty(noise: number): number {
  return Math.min(Math.max(5 * noise, 0.4), 0.6);
}

interface Level {
  level: number;
  sigma: number;
}

/** How far ink is from paper, and the standard deviation of the paper. */
function levelOf(far: Plane): Level {
  const sigma = noise(far.values);
  const rank = far.values.length - 1 - Math.floor(far.values.length / 50_000);
  const peak = ranked(far.values.slice(), rank);
  const half = f32(peak / 2);
  const level = peak > 0 ? quantile(far.values.filter((value) => value >= half), 0.75) : 0;
  if (level < LEAST_CONTRAST || level < LEAST_SIGNAL * sigma) throw new Unreadable({ key: "digits.refused.blank" });
  return { level, sigma };
}

function inkOf(far: Plane, { level, sigma }: Level, factor: number, at: Frame, gone?: Mask): Ink {
  const noise = sigma / level;
  const unit = f32(level);
  const divided = { ...far, values: far.values.map((value) => value / unit) };
  const found = blockMax(above(divided, certainty(noise)), factor);
  gone?.values.forEach((line, i) => line && (found.values[i] = 0));
  const edge = Math.min(3 * noise, 0.5);
  const [low, range] = [f32(edge), f32(1 - edge)];
  const values = divided.values.map((value) => Math.min(Math.max(f32(f32(value - low) / range), 0), 1));
  const parts = Math.max(far.height, far.width) <= SMALL ? joinedParts(found) : connectedParts(found);
  const { origin, scale } = at;
  return { values: { ...far, values }, parts, factor, origin, scale, noise, thin: false, cropped: false };
}
