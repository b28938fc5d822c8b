/** The regions below a level of a function of two numbers, as paths in a square of SIZE units (marching squares). */
import type { Range } from "./plot";

export const SIZE = 1000;
const CELLS = 64;

type Corner = [x: number, y: number, value: number];

export class Contours {
  private readonly values: number[][];
  readonly least: number;
  readonly most: number;

  constructor(f: (x: number, y: number) => number, across: Range, up: Range) {
    const at = (i: number, [low, high]: Range) => low + ((high - low) * i) / CELLS;
    const places = Array.from({ length: CELLS + 1 }, (_, i) => i);
    this.values = places.map((row) => places.map((column) => f(at(column, across), at(CELLS - row, up))));
    this.least = Math.min(...this.values.flat());
    this.most = Math.max(...this.values.flat());
  }

  /** Levels that are the closer the lower they are. */
  levels(count: number): number[] {
    return Array.from({ length: count }, (_, i) => this.least + (this.most - this.least) * ((i + 1) / (count + 1)) ** 2);
  }

  /** What lies below a level: whole cells in rows, and cut ones. */
  region(level: number): string {
    let found = "";
    this.each(level, (corners, cut, column, row) => {
      if (!cut) found += rectangle(column, row);
      else found += `M${below(corners, level).map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`;
    });
    return found;
  }

  /** The line of a level. */
  line(level: number): string {
    let found = "";
    this.each(level, (corners, cut) => {
      if (!cut) return;
      const ends = corners.flatMap((one, i) => crossing(one, corners[(i + 1) % 4], level) ?? []);
      for (let i = 0; i + 3 < ends.length; i += 4) found += `M${ends[i].toFixed(1)} ${ends[i + 1].toFixed(1)}L${ends[i + 2].toFixed(1)} ${ends[i + 3].toFixed(1)}`;
    });
    return found;
  }

  /** Calls for each cell that is not above the level as a whole. */
  private each(level: number, call: (corners: Corner[], cut: boolean, column: number, row: number) => void): void {
    const { values } = this;
    for (let row = 0; row < CELLS; row++)
      for (let column = 0; column < CELLS; column++) {
        const of = (x: number, y: number): Corner => [(x * SIZE) / CELLS, (y * SIZE) / CELLS, values[y][x]];
        const corners = [of(column, row), of(column + 1, row), of(column + 1, row + 1), of(column, row + 1)];
        const under = corners.filter((corner) => corner[2] <= level).length;
        if (under) call(corners, under < 4, column, row);
      }
  }
}

function rectangle(column: number, row: number): string {
  const side = SIZE / CELLS;
  return `M${(column * side).toFixed(1)} ${(row * side).toFixed(1)}h${side.toFixed(1)}v${side.toFixed(1)}h${(-side).toFixed(1)}z`;
}

function crossing(a: Corner, b: Corner, level: number): [number, number] | null {
  if (a[2] <= level === b[2] <= level) return null;
  const share = (level - a[2]) / (b[2] - a[2]);
  return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];
}

function below(corners: Corner[], level: number): [number, number][] {
  const found: [number, number][] = [];
  corners.forEach((corner, i) => {
    if (corner[2] <= level) found.push([corner[0], corner[1]]);
    const cut = crossing(corner, corners[(i + 1) % 4], level);
    if (cut) found.push(cut);
  });
  return found;
}
