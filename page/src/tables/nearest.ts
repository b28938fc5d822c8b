/** "Did you mean": the known name that is most like the one given, by the measure of Python's difflib. */

import { compareText, repr } from "./python.ts";

/** What to say of an unknown name: the closest known one, or all of them. */
export function nearest(name: string, known: readonly string[]): string {
  const names = [...known].sort(compareText);
  let best: string | undefined;
  let least = 0.6;
  for (const candidate of names) {
    const ratio = alike(candidate.toLowerCase(), name.toLowerCase());
    if (ratio > least || (ratio === least && best === undefined)) [best, least] = [candidate, ratio];
  }
  return best === undefined ? `known: ${names.join(", ")}` : `did you mean ${repr(best)}?`;
}

/** Twice the characters that are alike, by both lengths: 1 where all are. */
function alike(a: string, b: string): number {
  return a.length + b.length === 0 ? 1 : (2 * matched(a, b)) / (a.length + b.length);
}

function matched(a: string, b: string): number {
  let size = 0;
  let inA = 0;
  let inB = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) {
      let k = 0;
      while (i + k < a.length && j + k < b.length && a[i + k] === b[j + k]) k++;
      if (k > size) [size, inA, inB] = [k, i, j];
    }
  }
  if (size === 0) return 0;
  return size + matched(a.slice(0, inA), b.slice(0, inB)) + matched(a.slice(inA + size), b.slice(inB + size));
}
