/**
 * Reads the digits in a picture: where they are, what they say, how sure that is, and why there may be no answer. As
 * `layerwise.handwriting.reading` has it; the network is asked through `probabilities`.
 */

import { checkSize, cut, standard } from "./form";
import { type Ink, inks } from "./ink";
import { MOST, piecesOf } from "./parting";
import { type Numbers, type Plane, rint, where } from "./pixels";
import { ofBlank, ofDigits, ofPicture } from "./refusal";
import { HOPELESS, type Probabilities, type Segment, highest, readRow } from "./segments";
import { type Reason, Unreadable } from "./unreadable";

const SURE = 0.8;
const LATER = 0.15;
const MANY = 12;
export const LEAST_CONFIDENCE = 0.6;

/** What reads: a network for MNIST's images. */
export interface Reader {
  probabilities: Probabilities;
  classes: (string | number)[];
  /** A digit that the network is less sure of is refused. */
  leastConfidence: number;
  /** Whether a digit looks like the training data, of a network that has learned how those look. */
  isFamiliar?: (image: Uint8Array) => Promise<boolean> | boolean;
}

/** A picture in memory: grey values from 0 to 255, perhaps reduced, and its size as it was. */
export interface Picture {
  grey: Plane;
  scale: number;
  size: [number, number];
}

export interface Digit {
  /** What it is; null if it is refused. */
  answer: string | null;
  confidence: number;
  /** Left, top, width, height of the rectangle around its ink, in pixels of the picture. */
  place: [number, number, number, number];
  /** The likeliest answer, refused or not. */
  guess: string;
  /** As the network saw it. */
  image: Uint8Array;
  probabilities: Float32Array;
}

export interface Reading {
  /** The digits row by row, with a line break between rows; null if the picture is refused. */
  answer: string | null;
  /** The product of the digits' confidences. */
  confidence: number;
  reason: Reason | null;
  rows: Digit[][];
  size: [number, number];
}

interface Found {
  ink: Ink;
  pieces: Numbers;
  rows: Segment[][];
}

/** What a picture says. `single`: take all of the ink for one digit. */
export async function readPicture(picture: Picture, reader: Reader, single = false): Promise<Reading> {
  const refused = (reason: Reason): Reading => ({ answer: null, confidence: 0, reason, rows: [], size: picture.size });
  let best: Found | null;
  try {
    checkSize(picture.grey.width, picture.grey.height);
    best = await bestOf(picture, reader, single);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return refused(ofBlank(picture.grey, error.reason));
  }
  if (!best) return refused(ofPicture(picture.grey, null)!);
  const { ink, pieces } = best;
  const rows: Digit[][] = [];
  for (const row of best.rows) {
    const digits: Digit[] = [];
    for (const segment of row) digits.push(await digitOf(ink, pieces, segment, reader, picture.size));
    rows.push(digits);
  }
  const digits = rows.flat();
  const confidence = digits.reduce((product, digit) => product * digit.confidence, 1);
  const without = digits.filter((digit) => digit.answer === null);
  if (!without.length) {
    const answer = rows.map((row) => row.map((digit) => digit.answer).join("")).join("\n");
    return { answer, confidence, reason: null, rows, size: picture.size };
  }
  const whole = ofPicture(picture.grey, ink);
  if (whole) return refused(whole);
  return { answer: null, confidence, reason: ofDigits(digits, without, reader.leastConfidence), rows, size: picture.size };
}

/** The reading of the ink, of those that are tried, in which the network is surest of the digits. */
async function bestOf(picture: Picture, reader: Reader, single: boolean): Promise<Found | null> {
  let best: Found | null = null;
  let cropped: Found | null = null;
  let bestScore = -Infinity;
  let rank = 0;
  for await (const found of readings(picture, reader, single)) {
    if (found.ink.thin && best && (bestScore > Math.log(HOPELESS) || best.rows.flat().length === 1)) break;
    const sure = found.rows.flat().map((segment) => highest(segment.probabilities));
    const score = sure.reduce((sum, p) => sum + Math.log(Math.max(p, 1e-6)), 0) / sure.length - LATER * rank++;
    if (score > bestScore && !cropped) [best, bestScore] = [found, score];
    if (sure.length > MANY && score < Math.log(HOPELESS)) break;
    if (Math.min(...sure) >= SURE) {
      if (cropped && sure.length > cropped.rows.flat().length) return found;
      if (!cropped && found.ink.cropped) {
        cropped = found;
        continue;
      }
      break;
    }
    if (cropped && !found.ink.cropped) break;
  }
  return best;
}

async function* readings(picture: Picture, reader: Reader, single: boolean): AsyncGenerator<Found, void> {
  for (const ink of inks(picture.grey, picture.scale)) {
    let outside: number | null = null;
    for (const keepEdges of [false, true]) {
      const { pieces, rows } = piecesOf(ink, keepEdges);
      const count = rows.flat().length;
      if (count > MOST) return;
      if (count === 0 || (keepEdges && count === outside)) continue;
      outside = count;
      if (single) {
        yield await asOne(ink, pieces, reader);
        continue;
      }
      const segments: Segment[][] = [];
      for (const row of rows) segments.push(await readRow(ink, pieces, row, reader.probabilities));
      if (segments.some((row) => row.length)) yield { ink, pieces, rows: segments.filter((row) => row.length) };
    }
  }
}

async function asOne(ink: Ink, pieces: Numbers, reader: Reader): Promise<Found> {
  const all = where(pieces, (at) => pieces.values[at] > 0);
  const image = standard(cut(ink, all));
  const [probabilities] = await reader.probabilities([image]);
  const segment = { first: 0, after: 1, numbers: [1], image, probabilities, factor: 1 };
  return { ink, pieces: { ...all, values: Int32Array.from(all.values) }, rows: [[segment]] };
}

/** A segment as a digit, with its place in the picture. */
async function digitOf(ink: Ink, pieces: Numbers, segment: Segment, reader: Reader, size: [number, number]): Promise<Digit> {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  pieces.values.forEach((number, at) => {
    if (!segment.numbers.includes(number)) return;
    const [x, y] = [at % pieces.width, Math.floor(at / pieces.width)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
  });
  const step = ink.factor * ink.scale;
  const placed = (edge: number, axis: 0 | 1) => {
    return Math.min(Math.max(rint(edge * step + ink.origin[axis === 0 ? 1 : 0]), 0), size[axis]);
  };
  const [x, y] = [placed(left, 0), placed(top, 1)];
  const confidence = Math.min(highest(segment.probabilities), 1);
  const guess = String(reader.classes[segment.probabilities.indexOf(highest(segment.probabilities))]);
  const isSure = confidence >= reader.leastConfidence;
  const isKnown = isSure && (!reader.isFamiliar || (await reader.isFamiliar(segment.image)));
  return {
    answer: isKnown ? guess : null,
    confidence,
    place: [x, y, placed(right, 0) - x, placed(bottom, 1) - y],
    guess,
    image: segment.image,
    probabilities: segment.probabilities,
  };
}
