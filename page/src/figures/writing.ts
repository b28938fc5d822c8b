/** Sums written out with their numbers. */
import { number, t } from "../words/words.svelte";

const DIGITS = 6;

/** A number in full, up to six digits. */
export const written = (value: number): string => number(value, DIGITS);

/** As a factor: in parentheses if it is negative. */
export const factor = (value: number): string => (value < 0 ? `(${written(value)})` : written(value));

/** As a term: " + 2" or " − 2". */
export const added = (value: number): string => (value < 0 ? ` − ${written(-value)}` : ` + ${written(value)}`);

/** "−1 × 0.2 + 2 × (−0.8) + (−3) × 0.5 + 2": no sign stands after another. */
export function sum(inputs: number[], weights: number[], bias: number): string {
  return inputs.map((x, i) => `${i ? factor(x) : written(x)} × ${factor(weights[i])}`).join(" + ") + added(bias);
}

/** A list of names: "a, b and c". */
export function list(names: string[]): string {
  return names.length < 2 ? (names[0] ?? "") : t("figures.and", { first: names.slice(0, -1).join(", "), last: names[names.length - 1] });
}
