/** Weighted least squares of few unknowns, by the eigenvalues of the normal equations: of least norm, as NumPy's. */

const EPSILON = 2 ** -52;
const SWEEPS = 30;

/** Factors of the terms whose weighted sum of squared differences from the values is least. */
export function leastSquares(terms: Float64Array[], weights: Float64Array, values: ArrayLike<number>): number[] {
  const n = terms.length;
  const weighted = terms.map((term) => term.map((value, at) => value * weights[at]));
  const matrix = weighted.map((a) => terms.map((b) => product(a, b)));
  const right = weighted.map((a) => product(a, values));
  const vectors = diagonalize(matrix);
  const least = EPSILON * n * Math.max(...matrix.map((row, i) => Math.abs(row[i])));
  const result = new Array<number>(n).fill(0);
  for (let k = 0; k < n; k++) {
    const value = matrix[k][k];
    if (Math.abs(value) <= least) continue;
    const along = right.reduce((sum, one, i) => sum + one * vectors[i][k], 0) / value;
    for (let i = 0; i < n; i++) result[i] += along * vectors[i][k];
  }
  return result;
}

function product(a: Float64Array, b: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at] * b[at];
  return sum;
}

/** Turn a symmetric matrix into that of its eigenvalues (Jacobi's rotations); returns its eigenvectors as columns. */
function diagonalize(matrix: number[][]): number[][] {
  const n = matrix.length;
  const vectors = matrix.map((_, i) => matrix.map((__, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let turned = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = matrix[p][q];
        if (off ** 2 <= 1e-36 * Math.abs(matrix[p][p] * matrix[q][q])) continue;
        turned = true;
        const theta = (matrix[q][q] - matrix[p][p]) / (2 * off);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        for (const row of [...matrix, ...vectors]) turn(row, p, q, c, t * c);
        const [above, below] = [matrix[p], matrix[q]];
        for (let k = 0; k < n; k++) {
          const [a, b] = [above[k], below[k]];
          above[k] = c * a - t * c * b;
          below[k] = t * c * a + c * b;
        }
      }
    }
    if (!turned) break;
  }
  return vectors;
}

function turn(row: number[], p: number, q: number, c: number, s: number): void {
  const [a, b] = [row[p], row[q]];
  row[p] = c * a - s * b;
  row[q] = s * a + c * b;
}
