/** What differs between two settings, and whether a network at work can go on with the new ones. */
import type { Training } from "../../engine/engine";

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The names of the settings that differ; "learning_rate" where nothing else of the optimizer does. */
export function changes(before: Training, after: Training): string[] {
  const keys = Object.keys(after) as (keyof Training)[];
  return keys
    .filter((key) => !same(before[key], after[key]))
    .map((key) => (key === "optimizer" && same({ ...before.optimizer, learning_rate: 0 }, { ...after.optimizer, learning_rate: 0 }) ? "learning_rate" : key));
}

/** The rate is read at every step; everything else is settled when training begins. */
export function goesOn(before: Training, after: Training): boolean {
  return changes(before, after).every((name) => name === "learning_rate");
}
