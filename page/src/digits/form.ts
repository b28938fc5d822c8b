/**
 * A digit's ink in the form that MNIST's digits have: cropped, its pen brought to a usual width, the longer side scaled
 * to 20 pixels, the centre of mass in the centre of 28×28. As `layerwise.datasets.images.form` has it.
 */

import { type Ink, inks } from "./ink";
import { type Mask, type Plane, blockMax, crop, enlarge, extent, above, f32, frame, pad, reduce, resize, rint, thicken, where } from "./pixels";
import { counts } from "./parts";
import { Unreadable } from "./unreadable";

export const SIDE = 28;
const BOX = 20;
const HALO_SIDE = 128;
const PEN_SIDE = 100;
const LEAST_INK = 0.09;
const LEAST_PART = 0.08;
const PEN_RANGE = [1.45, 4.4] as const;
const THIN_PEN = 2.2;
const FAT_PEN = 3.6;

/** A grey picture of one digit in MNIST's form: 784 bytes, light ink on 0. Throws Unreadable if it is blank. */
export function toMnist(grey: Plane): Uint8Array {
  checkSize(grey.width, grey.height);
  const ink = inks(grey).next().value as Ink;
  return standard(cut(ink, digitOf(ink)));
}

/** Refuse a picture that is too small for a digit; a 1 may be narrow. */
export function checkSize(width: number, height: number): void {
  if (Math.min(width, height) < 3 || Math.max(width, height) < 8) {
    throw new Unreadable({ key: "digits.refused.small", values: { size: `${width}x${height}` } });
  }
}

/** A mask of one digit's parts: none that runs off the picture if others do not, no specks. */
function digitOf(ink: Ink): Mask {
  let size = counts(ink.parts, blockMax(above(ink.values, 0.6), ink.factor).values);
  size[0] = 0;
  const inner = size.slice();
  for (const number of frame(ink.parts)) inner[number] = 0;
  if (Math.max(...inner) > 0.1 * Math.max(...size)) size = inner;
  const least = LEAST_PART * Math.max(...size);
  return where(ink.parts, (at) => size[ink.parts.values[at]] > least);
}

/** The ink under a mask of its grid, and next to it, without that of other parts. */
export function cut(ink: Ink, under: Mask): Plane {
  const place = extent(under)!;
  const reach = 1.5 * Math.max(1, Math.max(under.height, under.width) / HALO_SIDE);
  const wide = Math.trunc(reach);
  const top = Math.max(place.top - wide, 0);
  const left = Math.max(place.left - wide, 0);
  const [bottom, right] = [place.bottom + 1 + wide, place.right + 1 + wide];
  const near = crop(under, top, bottom, left, right);
  const parts = crop(ink.parts, top, bottom, left, right);
  const thick = thicken(near, reach);
  const kept = where(near, (at) => thick.values[at] === 1 && (near.values[at] === 1 || parts.values[at] === 0));
  const { factor } = ink;
  const values = crop(ink.values, top * factor, bottom * factor, left * factor, right * factor);
  const large = enlarge(kept, factor, values.height, values.width);
  return { ...values, values: values.values.map((value, at) => value * large.values[at]) };
}

/** A digit's ink in MNIST's form. */
export function standard(ink: Plane): Uint8Array {
  return centred(adjustPen(cutOut(ink)));
}

function centred(square: Plane): Uint8Array {
  const box = resize(square, BOX, BOX).values;
  const most = box.reduce((highest, value) => Math.max(highest, value), 0);
  const bytes = box.map((value) => rint(f32(255 * Math.min(Math.max(f32(value / most), 0), 1))));
  const [down, across] = [new Float64Array(BOX), new Float64Array(BOX)];
  bytes.forEach((value, at) => {
    down[Math.floor(at / BOX)] += value;
    across[at % BOX] += value;
  });
  const [top, left] = [centringShift(down), centringShift(across)];
  const digit = new Uint8Array(SIDE * SIDE);
  for (let y = 0; y < BOX; y++) digit.set(bytes.subarray(y * BOX, (y + 1) * BOX), (top + y) * SIDE + left);
  return digit;
}

/** The smallest upright square with all of the ink, which is in its middle. */
function cutOut(ink: Plane): Plane {
  const { top, bottom, left, right } = extent(above(ink, LEAST_INK))!;
  const inner = crop(ink, top, bottom + 1, left, right + 1);
  const [rows, columns] = [inner.height, inner.width].map((n) => Math.max(inner.height, inner.width) - n);
  const [upper, before] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  return pad(inner, upper, rows - upper, before, columns - before);
}

/** The same digit drawn with a pen of MNIST's width; as it came, if the width is within PEN_RANGE. */
function adjustPen(ink: Plane): Plane {
  const width = penWidth(reduce(ink, PEN_SIDE));
  if (width >= PEN_RANGE[0] && width <= PEN_RANGE[1]) return ink;
  const isThin = width < PEN_RANGE[0];
  const source = isThin ? blockMax(ink, Math.ceil(ink.height / PEN_SIDE)) : ink;
  const sized = resize(source, PEN_SIDE, PEN_SIDE);
  const clipped = { ...sized, values: sized.values.map((value) => Math.min(Math.max(value, 0), 1)) };
  const change = (((isThin ? THIN_PEN : FAT_PEN) - penWidth(clipped)) / 2) * (PEN_SIDE / BOX);
  const edge = Math.floor(PEN_SIDE / 8);
  const padded = pad(clipped, edge, edge, edge, edge);
  return cutOut(change > 0 ? thicken(padded, change) : inverse(thicken(inverse(padded), -change)));
}

function inverse(plane: Plane): Plane {
  return { ...plane, values: plane.values.map((value) => 1 - value) };
}

/** The mean width of the strokes in a square of ink, as if its side were BOX pixels. */
function penWidth(ink: Plane): number {
  const { height, width, values } = pad(ink, 1, 1, 1, 1);
  let [total, slopes] = [0, 0];
  for (const value of ink.values) total += value;
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const at = (y + 1) * width + x + 1;
      slopes += Math.hypot(values[at] - values[at - width], values[at] - values[at - 1]);
    }
  }
  return ((2 * total) / slopes) * (BOX / ink.height);
}

/** Where a box with these sums of ink begins, so that its centre of mass is within half a pixel of 14. */
function centringShift(profile: Float64Array): number {
  const total = profile.reduce((sum, value) => sum + value, 0);
  const centre = profile.reduce((sum, value, at) => sum + value * at, 0) / total;
  return Math.min(Math.max(Math.ceil(SIDE / 2 - 0.5 - centre), 0), SIDE - BOX);
}
