/** Data sets of the plane and of the line, each drawn from a seed: the same everywhere. Points lie within about ±3. */
import { Draw } from "./philox";
import { type Points, type Task, empty, rounded } from "./points";

export interface Choices {
  points: number;
  /** Standard deviation of what is added to each coordinate, or to the value of a regression; 1 is the data's own size. */
  noise: number;
  classes: number;
  seed: number;
}

type Place = [number, number];

export interface Kind {
  task: Task;
  inputs: 1 | 2;
  /** How many classes there may be: the least and the most. */
  classes?: [number, number];
  /** Of classification: the i-th of n points of class c. */
  place?: (draw: Draw, c: number, i: number, n: number, classes: number) => Place;
  /** Of classification by where a point lies. */
  side?: (x: number, y: number) => number;
  /** Of regression. */
  value?: (x: number, y: number) => number;
}

const R = 3;

function onCircle(radius: number, angle: number): Place {
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

export const KINDS = {
  spiral: {
    task: "classification",
    inputs: 2,
    classes: [2, 10],
    place: (_, c, i, n, classes) => onCircle(0.15 + ((R - 0.2) * (i + 1)) / n, (2 * Math.PI * c) / classes + (1.75 * Math.PI * (i + 1)) / n),
  },
  circles: {
    task: "classification",
    inputs: 2,
    classes: [2, 10],
    place: (draw, c, _i, _n, classes) => onCircle((R * (c + draw.uniform(0.1, 0.8))) / classes, draw.uniform(0, 2 * Math.PI)),
  },
  xor: { task: "classification", inputs: 2, classes: [2, 2], side: (x, y) => (x > 0 === y > 0 ? 1 : 0) },
  moons: {
    task: "classification",
    inputs: 2,
    classes: [2, 2],
    place: (draw, c) => {
      const angle = draw.uniform(0, Math.PI);
      return c ? [0.9 - 1.8 * Math.cos(angle), 0.5 - 1.8 * Math.sin(angle)] : [-0.9 + 1.8 * Math.cos(angle), -0.5 + 1.8 * Math.sin(angle)];
    },
  },
  clouds: {
    task: "classification",
    inputs: 2,
    classes: [2, 10],
    place: (draw, c, _i, _n, classes) => {
      const [x, y] = onCircle(2, (2 * Math.PI * c) / classes + Math.PI / 4);
      const spread = Math.min(0.6, 2.2 / classes);
      return [x + spread * draw.normal(), y + spread * draw.normal()];
    },
  },
  line: { task: "classification", inputs: 2, classes: [2, 2], side: (x, y) => (y > 0.6 * x + 0.3 ? 1 : 0) },
  sine: { task: "classification", inputs: 2, classes: [2, 2], side: (x, y) => (y > 1.5 * Math.sin(1.5 * x) ? 1 : 0) },
  cubicline: { task: "classification", inputs: 2, classes: [2, 2], side: (x, y) => (y > (x ** 3 - 4 * x) / 3 ? 1 : 0) },
  bentline: { task: "classification", inputs: 2, classes: [2, 2], side: (x, y) => (y > Math.abs(x) - 1 ? 1 : 0) },
  stripes: {
    task: "classification",
    inputs: 2,
    classes: [2, 10],
    place: (draw, c, _i, _n, classes) => [-R + (2 * R * (c + draw.uniform(0.05, 0.95))) / classes, draw.uniform(-R, R)],
  },
  plane: { task: "regression", inputs: 2, value: (x, y) => (x + y) / 3 },
  hills: { task: "regression", inputs: 2, value: (x, y) => Math.exp(-((x - 1) ** 2 + (y - 1) ** 2)) - Math.exp(-((x + 1) ** 2 + (y + 1) ** 2) / 1.5) },
  saddle: { task: "regression", inputs: 2, value: (x, y) => (x * y) / 4 },
  ripple: { task: "regression", inputs: 2, value: (x, y) => Math.cos(2 * Math.hypot(x, y)) },
  wave: { task: "regression", inputs: 1, value: (x) => Math.sin(2 * x) },
  cubic: { task: "regression", inputs: 1, value: (x) => (x ** 3 - 4 * x) / 5 },
  steps: { task: "regression", inputs: 1, value: (x) => Math.round(x) / 2 },
  bent: { task: "regression", inputs: 1, value: (x) => Math.abs(x) - 1 },
} satisfies Record<string, Kind>;

export type Name = keyof typeof KINDS;
export const NAMES = Object.keys(KINDS) as Name[];

export function kindOf(name: Name): Kind {
  return KINDS[name];
}

/** The points of a set. Positions, noise and order have streams of their own: more noise moves the same points. */
export function make(name: Name, { points: n, noise, classes, seed }: Choices): Points {
  const kind = kindOf(name);
  const [least, most] = kind.classes ?? [2, 2];
  const count = Math.min(most, Math.max(least, Math.round(classes)));
  const made = empty(kind.task, kind.inputs, count);
  const [places, shaken] = [new Draw(seed, 0), new Draw(seed, 1)];
  for (let i = 0; i < n; i++) {
    const c = i % count;
    const inClass = Math.floor((n - c + count - 1) / count);
    const [x, y]: Place = kind.place ? kind.place(places, c, Math.floor(i / count), inClass, count) : [places.uniform(-R, R), places.uniform(-R, R)];
    const target = kind.value ? kind.value(x, y) + noise * shaken.normal() : (kind.side?.(x, y) ?? c);
    const [dx, dy] = kind.value ? [0, 0] : [noise * shaken.normal(), noise * shaken.normal()];
    made.x.push(rounded(x + dx));
    made.y.push(kind.inputs === 2 ? rounded(y + dy) : 0);
    made.target.push(rounded(target));
  }
  return made;
}
