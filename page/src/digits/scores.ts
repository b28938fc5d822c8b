/** How test rows are read, from the outputs of a network: which classes for which, and which rows wrongly. */

export interface Confusion {
  /** Rows of each class (first) that are read as each class (second). */
  counts: number[][];
  totals: number[];
}

export interface Mistake {
  row: number;
  answer: number;
  /** Of the outputs of the row, that of the answer. */
  share: number;
}

function best(outputs: Float32Array, row: number, n: number): number {
  let found = 0;
  for (let i = 1; i < n; i++) if (outputs[row * n + i] > outputs[row * n + found]) found = i;
  return found;
}

export function confusion(outputs: Float32Array, labels: Int32Array, n: number): Confusion {
  const counts = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  labels.forEach((label, row) => (counts[label][best(outputs, row, n)] += 1));
  return { counts, totals: counts.map((row) => row.reduce((sum, count) => sum + count, 0)) };
}

/** The rows that are read wrongly, the surest first. */
export function mistakes(outputs: Float32Array, labels: Int32Array, n: number): Mistake[] {
  const found: Mistake[] = [];
  labels.forEach((label, row) => {
    const answer = best(outputs, row, n);
    if (answer !== label) found.push({ row, answer, share: outputs[row * n + answer] });
  });
  return found.sort((a, b) => b.share - a.share || a.row - b.row);
}
