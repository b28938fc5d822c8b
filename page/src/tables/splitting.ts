/** Which rows are learned from, which choose when to stop, and which test: as `layerwise train FILE` splits them. */

import { DataError } from "./errors.ts";
import { type Values } from "./parsing.ts";
import { general } from "./python.ts";
import { defaultRng, type Generator } from "./random.ts";

export const SPLIT_SEED = 42;

/** The numbers of the rows to train, to validate (perhaps none) and to test, each in order. */
export interface Parts {
  train: number[];
  validation: number[];
  test: number[];
}

/** Splits rows in three by chance; `classes`: the place of each row's class, whose share is the same in all parts. */
export function splitRows(
  n: number,
  { test = 0.2, validation = 0.2, seed = SPLIT_SEED, classes }: {
    test?: number;
    validation?: number;
    seed?: number;
    classes?: Int32Array;
  } = {}, // prettier-ignore
): Parts {
  const rng = defaultRng(seed);
  const all = Array.from({ length: n }, (_, row) => row);
  const [rows, tested] = heldOut(all, test, "--test", rng, classes);
  if (validation === 0) return { train: rows, validation: [], test: tested };
  const [train, validated] = heldOut(rows, validation, "--validation", rng, classes);
  return { train, validation: validated, test: tested };
}

/** The rows without that share, and the share. */
function heldOut(
  rows: number[],
  share: number,
  option: string,
  rng: Generator,
  classes: Int32Array | undefined,
): [number[], number[]] {
  const count = Math.floor(share * rows.length + 0.5);
  if (!(0 < count && count < rows.length)) {
    throw new DataError(
      `${option} ${general(share)} of ${rows.length} rows would hold out ${count} and leave ${rows.length - count} to ` +
        `train; at least one of each is needed: give another ${option} or more rows`,
    );
  }
  const chosen = classes
    ? ofEach(rows.map((row) => classes[row]), count, rng) // prettier-ignore
    : rng.permutation(rows.length).slice(0, count);
  const out = new Set(chosen);
  return [rows.filter((_, i) => !out.has(i)), rows.filter((_, i) => out.has(i))];
}

/** Rows of each class by its share of all, the largest remainders first; one of each stays. */
function ofEach(classes: number[], count: number, rng: Generator): number[] {
  const labels = [...new Set(classes)].sort((a, b) => a - b);
  const sizes = labels.map((label) => classes.reduce((n, other) => n + Number(other === label), 0));
  const quota = sizes.map((size) => size * (count / classes.length));
  const seats = quota.map(Math.floor);
  let taken = seats.reduce((a, b) => a + b, 0);
  const remainder = seats.map((seat, c) => seat - quota[c]);
  for (const c of [...labels.keys()].sort((a, b) => remainder[a] - remainder[b])) {
    if (taken < count && seats[c] < sizes[c] - 1) {
      seats[c]++;
      taken++;
    }
  }
  const order = [...rng.permutation(classes.length)];
  return labels.flatMap((label, c) => order.filter((row) => classes[row] === label).slice(0, seats[c]));
}

/** The classes of a target in NumPy's order, and the place of each row's. */
export function placesOfClasses(answers: Values, classes: readonly string[]): Int32Array {
  const places = new Map(classes.map((label, i) => [label, i]));
  return Int32Array.from(answers.values as (string | null)[], (label) => places.get(label ?? "") ?? -1);
}
