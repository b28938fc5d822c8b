/**
 * What is around the digit on a picture: a desk, which is taken away, or hardly any paper, which is added. As
 * `layerwise.datasets.images.surroundings` has it.
 */

import { connectedParts, counts } from "./parts";
import { type Mask, type Plane, crop, enlarge, extent, f32, frame, not, pad, quantile, reduce, share, thicken, where } from "./pixels";

const SHEET_SIDE = 128;
const TWO_SHADES = 0.8;
const DESK = 0.3;
const RECTANGLE = 0.85;
const MUCH_INK = 0.15;

/** The sheet of paper alone, if what is around it is as dark (or as light) as the ink on it; null if there is no desk. */
export function dropDesk(grey: Plane): { sheet: Plane; top: number; left: number } | null {
  const small = reduce(grey, SHEET_SIDE);
  const { light, clearness } = twoShades(small);
  if (clearness <= TWO_SHADES) return null;
  for (const desk of [not(light), light]) {
    const found = sheetOn(desk);
    if (!found) continue;
    const beyond = enlarge(found.edged, Math.ceil(Math.max(grey.height, grey.width) / SHEET_SIDE), grey.height, grey.width);
    const place = extent(not(beyond));
    if (!place) continue;
    const paper = f32(quantile(small.values.filter((_, at) => found.sheet.values[at]), 0.5));
    const flat = { ...grey, values: grey.values.map((value, at) => (beyond.values[at] ? paper : value)) };
    const sheet = crop(flat, place.top, place.bottom + 1, place.left, place.right + 1);
    return { sheet, top: place.top, left: place.left };
  }
  return null;
}

function sheetOn(desk: Mask): { sheet: Mask; edged: Mask } | null {
  let parts = connectedParts(desk);
  const outer = new Set(frame(parts));
  const around = where(desk, (at) => desk.values[at] === 1 && outer.has(parts.values[at]));
  parts = connectedParts(not(around));
  const sizes = counts(parts);
  sizes[0] = 0;
  const number = sizes.indexOf(Math.max(...sizes));
  if (number <= 0) return null;
  const sheet = where(parts, (at) => parts.values[at] === number);
  const edged = thicken(not(sheet), 2.5);
  const ink = share(desk.values.filter((_, at) => sheet.values[at]));
  const fits = share(frame(around)) > DESK && share(edged) < 0.8 && ink > 0.002 && ink < 0.3;
  return fits && rectangularity(sheet) > RECTANGLE ? { sheet, edged } : null;
}

/** The picture with so much paper added on all sides, if it was cut so tightly that ink covers much of it. */
export function completeMargin(grey: Plane): { whole: Plane; margin: number } {
  const { light, clearness } = twoShades(grey);
  const ink = share(light) < share(frame(light)) ? not(light) : light;
  const part = share(ink);
  const shadow = share(frame(ink)) > 0.8 * part && grey.height < 2.2 * grey.width;
  if (clearness < TWO_SHADES || !(part > MUCH_INK && part < 1 - MUCH_INK) || shadow) return { whole: grey, margin: 0 };
  const margin = Math.floor(Math.max(grey.height, grey.width) / 4);
  const paper = f32(quantile(grey.values.filter((_, at) => !ink.values[at]), 0.5));
  return { whole: pad(grey, margin, margin, margin, margin, paper), margin };
}

/** The light side of Otsu's threshold, and how much of the variance is between the two sides. */
function twoShades(grey: Plane): { light: Mask; clearness: number } {
  const size = grey.values.length;
  const count = new Float64Array(256);
  let mean = 0;
  for (const value of grey.values) {
    count[Math.trunc(value)] += 1;
    mean += value / size;
  }
  const total = count.reduce((sum, n, shade) => sum + n * shade, 0);
  let [best, threshold, dark, darkness] = [-1, 0, 0, 0];
  count.forEach((n, shade) => {
    dark += n;
    darkness += n * shade;
    const between = ((total / size) * dark - darkness) ** 2 / Math.max(dark * (size - dark), 1);
    if (between > best) [best, threshold] = [between, shade];
  });
  const variance = grey.values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
  return { light: where(grey, (at) => grey.values[at] >= threshold + 1), clearness: best / Math.max(variance, 1e-9) };
}

/** The mask's share of the smallest rectangle around it, upright or turned. */
function rectangularity(plane: Mask): number {
  let least = Infinity;
  for (let degrees = 0; degrees < 90; degrees += 3) {
    const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    let [low, high, left, right] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let y = 0; y < plane.height; y++) {
      for (let x = 0; x < plane.width; x++) {
        if (!plane.values[y * plane.width + x]) continue;
        const [a, b] = [y * c + x * s, x * c - y * s];
        low = Math.min(low, a);
        high = Math.max(high, a);
        left = Math.min(left, b);
        right = Math.max(right, b);
      }
    }
    least = Math.min(least, (high - low + 1) * (right - left + 1));
  }
  return (share(plane) * plane.values.length) / least;
}
