/** Sums and products with their numbers set in; of a long sum the greatest terms, and what the rest comes to (sums.py). */

import { type Numbers, plus } from "./numbers.ts";

export const MOST_TERMS = 10; // a sum of more terms is cut to so few:
export const FEW_TERMS = 3;

export type Say = (key: string, values?: { [name: string]: string | number }) => string;

/** How a sum is cut: to its greatest terms where it has more than `most`; with null, only zeros are left out. */
export interface Style {
  numbers: Numbers;
  most: number | null;
  say: Say;
}

/** Places by how large their values are, the largest first; equal ones in their order. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  const order = Array.from({ length: values.length }, (_, i) => i);
  order.sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b);
  return order.slice(0, count).sort((a, b) => a - b);
}

export function summed(values: ArrayLike<number>, term: (i: number) => string, style: Style): string {
  const { numbers, most } = style;
  const count = values.length;
  let shown = Array.from({ length: count }, (_, i) => i);
  if (count > (most ?? MOST_TERMS)) {
    shown = most === null ? shown.filter((i) => values[i] !== 0) : largest(values, FEW_TERMS);
    if (!shown.length) shown = [0];
  }
  const text = term(shown[0]) + shown.slice(1).map((i) => plus(term(i))).join("");
  const leftOut = count - shown.length;
  if (!leftOut) return text;
  const rest = most === null ? 0 : total(values) - total(shown.map((i) => values[i]));
  const more = style.say("trace.more", { count: leftOut });
  return `${text} + \\ldots\\text{ (${more}: }${numbers.of(rest, true)}\\text{)}`;
}

/** The sum in the order in which NumPy adds: eight at a time, and halves of what is long. */
export function total(values: ArrayLike<number>, round = (x: number) => x, begin = 0, end = values.length): number {
  const count = end - begin;
  let i = begin;
  let sum = 0;
  if (count > 128) {
    const half = Math.floor(count / 2);
    const middle = begin + half - (half % 8);
    return round(total(values, round, begin, middle) + total(values, round, middle, end));
  }
  if (count >= 8) {
    const r = Array.from({ length: 8 }, (_, k) => values[begin + k]);
    const last = end - (count % 8);
    for (i = begin + 8; i < last; i += 8) for (let k = 0; k < 8; k++) r[k] = round(r[k] + values[i + k]);
    const pair = (k: number) => round(r[k] + r[k + 1]);
    sum = round(round(pair(0) + pair(2)) + round(pair(4) + pair(6)));
  }
  for (; i < end; i++) sum = round(sum + values[i]);
  return sum;
}

/** The sum of a_i · b_i. */
export function products(a: ArrayLike<number>, b: ArrayLike<number>, style: Style): string {
  const { numbers } = style;
  const values = Array.from(a, (x, i) => x * b[i]);
  return summed(values, (i) => `${numbers.of(a[i])} \\cdot ${numbers.factor(b[i])}`, style);
}

export function product(a: number, b: number, numbers: Numbers): string {
  return `${numbers.of(a)} \\cdot ${numbers.factor(b)}`;
}
