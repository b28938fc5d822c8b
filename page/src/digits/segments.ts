/**
 * The digits of one row: which pieces to join and where to cut, so that the network is surest of all of them. As
 * `layerwise.handwriting.segments` has it.
 */

import { cut, standard } from "./form";
import type { Ink } from "./ink";
import { type Piece, cutAlong, seamsOf } from "./parting";
import { type Numbers, f32, quantile, where } from "./pixels";

/** What a network says of images in MNIST's form: for each the probabilities of its classes. */
export type Probabilities = (images: Uint8Array[]) => Promise<Float32Array[]>;

const SURE = f32(0.9);
const WIDEST = 1.6;
const [JOIN, CUT, SKIP] = [0.9, 0.5, 0.3];
const NARROW = 1.1;
const SMALL = 0.2;
const FEW = 3;
export const HOPELESS = 0.5;
const [MOST_JOINED, MOST_CUT] = [3, 5];

interface Known {
  image: Uint8Array;
  probabilities: Float32Array;
}

/** Numbers of pieces, or of parts of one, that are taken for one digit. */
export interface Segment extends Known {
  first: number;
  after: number;
  numbers: number[];
  factor: number;
}

type Candidate = Omit<Segment, keyof Known>;
type Atom = { piece: number; number: number };

export function highest(probabilities: Float32Array): number {
  return probabilities.reduce((most, one) => Math.max(most, one), 0);
}

/** The digits of one row of pieces, from left to right; `pieces` is changed where one is cut. */
export async function readRow(ink: Ink, pieces: Numbers, row: Piece[], say: Probabilities): Promise<Segment[]> {
  const height = quantile(row.map((piece) => piece.height), 0.5);
  const known = new Map<string, Known>();
  await look(ink, pieces, row.map((piece) => [piece.number]), say, known);
  const alone = row.map((piece) => highest(known.get(String(piece.number))!.probabilities));
  const hopeless = row.length > FEW && f32(quantile(alone, 0.5)) < HOPELESS;
  const stretches = row.map((piece, i) => {
    if (alone[i] >= SURE || hopeless || piece.width < NARROW * height) return [piece.number];
    const seams = seamsOf(pieces, piece, Math.min(height, piece.height));
    return seams.length ? cutAlong(pieces, piece, seams) : [piece.number];
  });
  const atoms = stretches.flatMap((numbers, piece) => numbers.map((number) => ({ piece, number })));
  const wanted = candidates(row, stretches, atoms, alone, height);
  await look(ink, pieces, wanted.map(({ numbers }) => numbers), say, known);
  const found = wanted.map((one) => ({ ...one, ...known.get(String(one.numbers))! }));
  return bestPath(found, skips(row, stretches), atoms.length);
}

/** The segments to be tried. */
function candidates(row: Piece[], stretches: number[][], atoms: Atom[], alone: number[], height: number): Candidate[] {
  const wanted: Candidate[] = [];
  for (let first = 0; first < atoms.length; first++) {
    for (let after = first + 1; after <= atoms.length; after++) {
      const taken = atoms.slice(first, after);
      const touched = [...new Set(taken.map(({ piece }) => piece))];
      const whole = touched.every((j) => taken.filter(({ piece }) => piece === j).length === stretches[j].length);
      const mayJoin = () => whole && areJoinable(touched.map((i) => row[i]), touched.map((i) => alone[i]), height);
      if (touched.length > 1 && !mayJoin()) continue;
      if (!whole && after - first > MOST_CUT + 2) continue;
      let inside = 0;
      if (!whole) {
        inside += Number(first > 0 && atoms[first - 1].piece === atoms[first].piece);
        inside += Number(after < atoms.length && atoms[after].piece === atoms[after - 1].piece);
      }
      const factor = JOIN ** (touched.length - 1) * CUT ** (inside / 2);
      wanted.push({ first, after, numbers: taken.map(({ number }) => number), factor });
    }
  }
  return wanted;
}

/** Whether neighbouring pieces may be parts of one digit. */
function areJoinable(pieces: Piece[], alone: number[], height: number): boolean {
  const gaps = pieces.slice(1).map((piece, i) => piece.left - pieces[i].right);
  const right = Math.max(...pieces.map((piece) => piece.right));
  const wide = right - Math.min(...pieces.map((piece) => piece.left));
  const unsure = Math.min(...alone) < SURE || Math.min(...pieces.map((piece) => piece.height)) < 0.6 * height;
  return pieces.length <= MOST_JOINED && Math.max(...gaps) <= 0.25 * height && wide <= WIDEST * height && unsure;
}

/** The stretches of atoms that may be left out: pieces with little ink beside others. */
function skips(row: Piece[], stretches: number[][]): [number, number][] {
  const usual = quantile(row.map((piece) => piece.weight), 0.5);
  const found: [number, number][] = [];
  let at = 0;
  row.forEach((piece, i) => {
    if (row.length > 1 && piece.weight < SMALL * usual) found.push([at, at + stretches[i].length]);
    at += stretches[i].length;
  });
  return found;
}

function bestPath(segments: Segment[], left: [number, number][], end: number): Segment[] {
  const best: { score: number; path: Segment[] }[] = [{ score: 0, path: [] }];
  for (let at = 1; at <= end; at++) best.push({ score: -Infinity, path: [] });
  for (let at = 0; at < end; at++) {
    const { score, path } = best[at];
    for (const segment of segments) {
      if (segment.first !== at) continue;
      const reached = score + Math.log(Math.max(highest(segment.probabilities), 1e-6) * segment.factor);
      if (reached > best[segment.after].score) best[segment.after] = { score: reached, path: [...path, segment] };
    }
    for (const [first, after] of left) {
      if (first === at && score + Math.log(SKIP) > best[after].score) best[after] = { score: score + Math.log(SKIP), path };
    }
  }
  return best[end].path;
}

/** Add to `known` the image of each group of pieces, and what the network says of it. */
async function look(
  ink: Ink,
  pieces: Numbers,
  wanted: number[][],
  say: Probabilities,
  known: Map<string, Known>,
): Promise<void> {
  const fresh = new Map(wanted.filter((numbers) => !known.has(String(numbers))).map((numbers) => [String(numbers), numbers]));
  if (!fresh.size) return;
  const images = [...fresh.values()].map((numbers) => standard(cut(ink, where(pieces, (at) => numbers.includes(pieces.values[at])))));
  const answers = await say(images);
  [...fresh.keys()].forEach((key, i) => known.set(key, { image: images[i], probabilities: answers[i] }));
}
