/** Points of a plane with a class or a value each, or of a line with a value; edited without changing what was. */
import { parse } from "../words/words.svelte";

export type Task = "classification" | "regression";

export interface Points {
  task: Task;
  /** 2: x and y are the inputs. 1: x is the input, and y of a regression is the value. */
  inputs: 1 | 2;
  /** Of classification: how many classes there are, 2 to 10, also where some have no points. */
  classes: number;
  x: number[];
  /** Of one input: all 0. */
  y: number[];
  /** The class, from 0; or the value. */
  target: number[];
}

export const MOST_CLASSES = 10;
export const MOST_POINTS = 5000;
/** Coordinates are kept to 4 decimals, and the plane has its axes in plain numbers. */
export const MOST_SIZE = 1e6;

/** So that a script can carry them. */
export function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4 + 0;
}

export function empty(task: Task, inputs: 1 | 2 = 2, classes = 2): Points {
  return { task, inputs, classes, x: [], y: [], target: [] };
}

export function added(points: Points, x: number, y: number, target: number): Points {
  if (points.x.length >= MOST_POINTS) return points;
  const classes = points.task === "classification" ? Math.max(points.classes, target + 1) : points.classes;
  return { ...points, classes, x: [...points.x, rounded(x)], y: [...points.y, rounded(y)], target: [...points.target, rounded(target)] };
}

export function removed(points: Points, gone: Iterable<number>): Points {
  const set = new Set(gone);
  if (!set.size) return points;
  const kept = (values: number[]) => values.filter((_, i) => !set.has(i));
  return { ...points, x: kept(points.x), y: kept(points.y), target: kept(points.target) };
}

export function moved(points: Points, index: number, x: number, y: number): Points {
  return { ...points, x: points.x.with(index, rounded(x)), y: points.y.with(index, rounded(y)) };
}

export function retargeted(points: Points, index: number, target: number): Points {
  return { ...points, target: points.target.with(index, rounded(target)) };
}

/** Where a point is drawn: a value over x of one input stands at its height. */
export function heightOf(points: Points, index: number): number {
  return points.inputs === 1 ? points.target[index] : points.y[index];
}

/** The points within a distance of a place, nearest first. */
export function near(points: Points, x: number, y: number, distance: number): number[] {
  const found: [number, number][] = [];
  for (let i = 0; i < points.x.length; i++) {
    const d = Math.hypot(points.x[i] - x, heightOf(points, i) - y);
    if (d <= distance) found.push([d, i]);
  }
  return found.sort((a, b) => a[0] - b[0]).map(([, i]) => i);
}

/** The points of a brush: a few at a time, evenly drawn within its radius. */
export function brushed(points: Points, x: number, y: number, radius: number, target: number, count: number, random: () => number): Points {
  let made = points;
  for (let i = 0; i < count; i++) {
    const r = radius * Math.sqrt(random());
    const angle = 2 * Math.PI * random();
    made = added(made, x + r * Math.cos(angle), y + r * Math.sin(angle), target);
  }
  return made;
}

export interface Typed {
  points: Points | null;
  /** The lines that could not be read, from 1, with what stands there. */
  wrong: { line: number; text: string }[];
  /** The classes by number, as they were written. */
  names: string[];
  left: number;
}

function cells(line: string): string[] {
  const separator = line.includes(";") ? ";" : line.includes("\t") ? "\t" : /,\s|,.*,/.test(line) ? "," : /\s/.test(line.trim()) ? /\s+/ : ",";
  return line.trim().split(separator).map((cell) => cell.trim());
}

/** Lines of x, y and class or value (of one input: x and value), with commas, semicolons, tabs or spaces between them. */
export function typed(text: string, task: Task, inputs: 1 | 2): Typed {
  const [wrong, names]: [Typed["wrong"], string[]] = [[], []];
  let points = empty(task, inputs);
  const lines = text.split(/\r?\n/);
  let [left, read] = [0, 0];
  for (const [i, line] of lines.entries()) {
    if (!line.trim() || line.trim().startsWith("#")) continue;
    const row = cells(line);
    const numbers = row.slice(0, inputs).map(parse);
    const last = row[inputs] ?? "";
    const bad = task === "regression" ? !fits(parse(last)) : last === "";
    if (row.length !== inputs + 1 || !numbers.every(fits) || bad) {
      if (read || wrong.length || !row.every((cell) => Number.isNaN(parse(cell)))) wrong.push({ line: i + 1, text: line.slice(0, 60) });
      continue;
    }
    read += 1;
    const value = task === "regression" ? parse(last) : classOf(last, names);
    if (points.x.length >= MOST_POINTS) left += 1;
    else points = push(points, numbers[0], inputs === 2 ? numbers[1] : 0, value);
  }
  const classes = Math.max(2, names.length);
  return { points: read && names.length <= MOST_CLASSES ? { ...sorted(points, names), classes } : null, wrong, names: [...names].sort(order), left };
}

function fits(value: number): boolean {
  return Math.abs(value) <= MOST_SIZE;
}

function push(points: Points, x: number, y: number, target: number): Points {
  points.x.push(rounded(x));
  points.y.push(rounded(y));
  points.target.push(rounded(target));
  return points;
}

function classOf(name: string, names: string[]): number {
  if (!names.includes(name)) names.push(name);
  return names.indexOf(name);
}

function order(a: string, b: string): number {
  const [m, n] = [parse(a), parse(b)];
  return Number.isNaN(m) || Number.isNaN(n) ? (a < b ? -1 : a > b ? 1 : 0) : m - n;
}

/** Classes have their numbers in the order of their names. */
function sorted(points: Points, names: string[]): Points {
  if (points.task === "regression") return points;
  const places = names.map((name) => [...names].sort(order).indexOf(name));
  return { ...points, target: points.target.map((c) => places[c]) };
}

/** The same points as lines that `typed` reads. */
export function written(points: Points): string {
  return points.x.map((x, i) => (points.inputs === 2 ? [x, points.y[i], points.target[i]] : [x, points.target[i]]).join(", ")).join("\n");
}
