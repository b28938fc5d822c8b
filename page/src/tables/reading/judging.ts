/** What the cells of a table's first rows are, beside those of the columns below them. */

import { hasLetter, isDecimal } from "../python.ts";
import { isDate, isMissing, isNumber, type Row } from "./records.ts";

const USED = 300; // rows below that are looked at

/** A number, a date, text, or missing. */
type CellKind = "n" | "d" | "t" | "m";

export class Judge {
  readonly rows: string[][];
  readonly full: boolean[];
  readonly kinds: CellKind[][];

  constructor(rows: readonly Row[], width: number) {
    const some = rows.slice(0, USED + 40);
    this.rows = some.map(([, cells]) => [...cells.slice(0, width), ...empty(width - cells.length)]);
    this.full = some.map(([, cells]) => cells.length === width);
    this.kinds = this.rows.map((cells) =>
      cells.map((cell) => (isMissing(cell) ? "m" : isNumber(cell) ? "n" : isDate(cell) ? "d" : "t")),
    );
  }

  /** The rows below row i that are whole and do not repeat it. */
  below(i: number): number[] {
    const found: number[] = [];
    for (let k = i + 1; k < this.rows.length && found.length < USED; k++) {
      if (this.full[k] && !alike(this.rows[k], this.rows[i])) found.push(k);
    }
    return found;
  }

  /** n or d for each column in which nine of ten cells are one, t for others, m where all are missing. */
  columnKinds(below: readonly number[]): CellKind[] {
    if (!below.length) return [];
    return this.kinds[below[0]].map((_, j) => {
      const count = (kind: CellKind): number => below.filter((k) => this.kinds[k][j] === kind).length;
      const present = below.length - count("m");
      if (!present) return "m";
      return count("n") >= 0.9 * present ? "n" : count("d") >= 0.9 * present ? "d" : "t";
    });
  }

  /** Whether row i names the columns, rather than being the first of them. */
  isHeader(i: number): boolean {
    if (i >= this.rows.length) return false;
    const below = this.below(i);
    const [first, kinds] = [this.rows[i], this.kinds[i]];
    if (!below.length) return kinds.every((kind) => kind === "t") && new Set(first).size === kinds.length;
    const columns = this.columnKinds(below.length > 3 ? below.slice(1) : below); // the second may be one of units
    const pairs = (a: CellKind, b: CellKind): number => kinds.filter((kind, j) => kind === a && columns[j] === b).length;
    const named = pairs("t", "n") + pairs("t", "d");
    const same = pairs("n", "n") + pairs("d", "d");
    if (named) return named >= same || this.isSequence(i, below);
    if (same || kinds.includes("n")) return this.isSequence(i, below);
    const words = [...kinds.keys()].filter((j) => kinds[j] === "t");
    const again = words.filter((j) => below.some((k) => this.rows[k][j] === first[j])).length;
    return 3 * again <= words.length && new Set(words.map((j) => first[j])).size === words.length && words.length > 0;
  }

  /** In how many columns of numbers or dates row i has a word, and how many such columns there are. */
  wordsAboveNumbers(i: number): [number, number] {
    const below = this.below(i);
    const columns = this.columnKinds(below.slice(1));
    const isAmount = (kind: CellKind): boolean => kind === "n" || kind === "d";
    const named = columns.filter((kind, j) => {
      const cell = this.rows[i][j];
      const isWord = this.kinds[i][j] === "t" && isAmount(kind) && hasLetter(cell);
      return isWord && !below.some((k) => this.rows[k][j] === cell);
    });
    return [named.length, columns.filter(isAmount).length];
  }

  /** Whether a comment names the columns. */
  isLikeNames(cells: readonly string[]): boolean {
    const isFull = cells.length === this.rows[0].length && new Set(cells).size === cells.length;
    return isFull && !cells.some(isNumber) && cells.every(Boolean);
  }

  /** Whether the numbers of row i count upwards, and those of no other row do: 0, 1, 2 or 2019, 2020. */
  private isSequence(i: number, below: readonly number[]): boolean {
    const counts = (k: number): boolean => {
      const numbers = this.rows[k].filter((_, j) => this.kinds[k][j] === "n");
      if (numbers.length < 2 || this.kinds[k].includes("d") || !numbers.every(isDecimal)) return false;
      const whole = numbers.map(BigInt);
      const areYears = whole.every((year) => 1800n <= year && year <= 2100n);
      return whole.every((n, at) => n === whole[0] + BigInt(at)) && (whole.length > 2 || areYears);
    };
    return counts(i) && !below.some(counts);
  }
}

export function alike(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((cell, j) => cell === b[j]);
}

export function empty(n: number): string[] {
  return Array.from({ length: Math.max(0, n) }, () => "");
}
