/** Softmax step by step: p = exp((z − max z) / T) / Σ exp((z − max z) / T). */

export interface Steps {
  most: number;
  /** (z − max z) / T. */
  shifted: number[];
  exponentials: number[];
  sum: number;
  probabilities: number[];
}

export function softmax(scores: number[], temperature = 1): Steps {
  const most = Math.max(...scores);
  const shifted = scores.map((z) => (z - most) / temperature);
  const exponentials = shifted.map(Math.exp);
  const sum = exponentials.reduce((total, e) => total + e, 0);
  return { most, shifted, exponentials, sum, probabilities: exponentials.map((e) => e / sum) };
}
