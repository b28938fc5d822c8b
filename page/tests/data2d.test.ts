import { describe, expect, test } from "vitest";

import { columns, possible } from "../src/data2d/features";
import { Draw } from "../src/data2d/philox";
import { added, brushed, empty, moved, near, removed, typed, written } from "../src/data2d/points";
import { KINDS, NAMES, kindOf, make } from "../src/data2d/sets";
import { dataOf, r2, split } from "../src/data2d/split";

describe("keyed random numbers", () => {
  // From Python: Philox(seed, 16).fill(out, 0, stream), times 2**24.
  const golden: [number, number, number[]][] = [
    [0, 0, [6694888, 14772677, 12343212, 10158299, 16311500, 6074880, 11642228, 622335, 326307, 5359410]],
    [7, 1, [3065077, 2399989, 16155116, 8419942, 3980917, 2200850, 6732334, 5331379, 9286862, 4820981]],
    [4294967295, 2, [1269923, 12124887, 8915986, 10717526, 12763616, 11455771, 14608124, 1604373, 11986055, 5024791]],
  ];

  test.each(golden)("are the engine's: seed %i, stream %i", (seed, stream, words) => {
    const draw = new Draw(seed, stream);
    expect(words.map(() => draw.uniform() * 2 ** 24)).toEqual(words);
  });

  test("normal numbers have mean 0 and variance 1", () => {
    const draw = new Draw(3);
    const found = Array.from({ length: 20000 }, () => draw.normal());
    const mean = found.reduce((a, b) => a + b) / found.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(found.reduce((a, b) => a + (b - mean) ** 2, 0) / found.length - 1)).toBeLessThan(0.05);
  });

  test("an order has every number once", () => {
    expect(new Draw(1).order(50).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });
});

describe("data sets", () => {
  test.each(NAMES)("%s: the asked number of points, with four decimals, in the picture", (name) => {
    const kind = kindOf(name);
    const points = make(name, { points: 101, noise: 0.1, classes: 3, seed: 5 });
    expect(points.x.length).toBe(101);
    expect(points.inputs).toBe(kind.inputs);
    for (const values of [points.x, points.y, points.target]) for (const v of values) expect(Number(v.toFixed(4))).toBe(v);
    for (const v of [...points.x, ...points.y]) expect(Math.abs(v)).toBeLessThan(4.5);
    if (kind.task === "classification") {
      expect([...new Set(points.target)].length).toBeGreaterThan(1);
      expect(Math.max(...points.target)).toBeLessThan(points.classes);
    }
    expect(make(name, { points: 101, noise: 0.1, classes: 3, seed: 5 })).toEqual(points);
    expect(make(name, { points: 101, noise: 0.1, classes: 3, seed: 6 })).not.toEqual(points);
  });

  test("a spiral has as many arms as asked, of equal size", () => {
    const points = make("spiral", { points: 100, noise: 0, classes: 5, seed: 0 });
    expect([0, 1, 2, 3, 4].map((c) => points.target.filter((t) => t === c).length)).toEqual([20, 20, 20, 20, 20]);
  });

  test("noise shakes the same points", () => {
    const [still, shaken] = [0, 0.2].map((noise) => make("circles", { points: 400, noise, classes: 2, seed: 1 }));
    const apart = still.x.map((x, i) => shaken.x[i] - x);
    const spread = Math.sqrt(apart.reduce((sum, d) => sum + d * d, 0) / apart.length);
    expect(spread).toBeGreaterThan(0.17);
    expect(spread).toBeLessThan(0.23);
  });

  test("values follow their formulas", () => {
    const points = make("saddle", { points: 50, noise: 0, classes: 2, seed: 1 });
    points.x.forEach((x, i) => expect(points.target[i]).toBeCloseTo((x * points.y[i]) / 4, 3));
    expect(KINDS.xor.side!(1, -1)).toBe(0);
    expect(KINDS.xor.side!(-1, -1)).toBe(1);
  });
});

describe("edits", () => {
  const three = added(added(added(empty("classification"), 0, 0, 0), 1, 1, 1), 2, 2, 2);

  test("make new points and leave the old ones", () => {
    expect(three.classes).toBe(3);
    expect(removed(three, [1]).x).toEqual([0, 2]);
    expect(moved(three, 0, 0.123456, -1).x[0]).toBe(0.1235);
    expect(three.x).toEqual([0, 1, 2]);
    expect(added(three, 3, 3, 5).classes).toBe(6);
  });

  test("find what is near, nearest first", () => {
    expect(near(three, 0.9, 0.9, 1.4)).toEqual([1, 0]);
    expect(near({ ...three, inputs: 1, y: [0, 0, 0] }, 2, 2, 0.1)).toEqual([2]);
  });

  test("a brush stays within its radius", () => {
    const draw = new Draw(0);
    const made = brushed(empty("classification"), 1, 1, 0.5, 0, 40, () => draw.uniform());
    expect(made.x.length).toBe(40);
    made.x.forEach((x, i) => expect(Math.hypot(x - 1, made.y[i] - 1)).toBeLessThan(0.5001));
  });
});

describe("typed points", () => {
  test("with commas, semicolons, tabs and spaces, decimal commas, a header and remarks", () => {
    for (const text of ["x, y, class\n1.5, 2, a\n-1, 0, b", "1,5; 2; a\n-1; 0; b", "1.5\t2\ta\n-1\t0\tb", "# points\n1.5 2 a\n\n-1 0 b\n", "1.5,2,a\r\n-1,0,b"]) {
      const found = typed(text, "classification", 2);
      expect(found.wrong).toEqual([]);
      expect(found.points).toMatchObject({ x: [1.5, -1], y: [2, 0], target: [0, 1], classes: 2 });
      expect(found.names).toEqual(["a", "b"]);
    }
  });

  test("classes are in the order of their names, numbers as numbers", () => {
    const found = typed("0 0 10\n1 1 9\n2 2 10", "classification", 2);
    expect(found.names).toEqual(["9", "10"]);
    expect(found.points?.target).toEqual([1, 0, 1]);
  });

  test("lines that cannot be read are named", () => {
    const found = typed("1, 2, a\n1, x, b\n3, 4\n5, 6, b", "classification", 2);
    expect(found.wrong).toEqual([
      { line: 2, text: "1, x, b" },
      { line: 3, text: "3, 4" },
    ]);
    expect(found.points?.x).toEqual([1, 5]);
    expect(typed("nothing here at all", "classification", 2).points).toBeNull();
  });

  test("of a line: x and value", () => {
    const found = typed("0; 1,5\n1; -2", "regression", 1);
    expect(found.points).toMatchObject({ x: [0, 1], y: [0, 0], target: [1.5, -2] });
  });

  test("what is written can be typed again", () => {
    for (const name of ["spiral", "hills", "wave"] as const) {
      const points = make(name, { points: 30, noise: 0.2, classes: 3, seed: 9 });
      expect(typed(written(points), points.task, points.inputs).points).toMatchObject({ x: points.x, y: points.y, target: points.target });
    }
  });
});

describe("rows for the engine", () => {
  const points = make("xor", { points: 40, noise: 0, classes: 2, seed: 0 });

  test("each point is either for training or for testing", () => {
    const { train, test: held } = split(40, 0.25, 0);
    expect(held.length).toBe(10);
    expect([...train, ...held].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(split(40, 0, 0).test).toEqual([]);
    expect(split(1, 0.5, 0)).toEqual({ train: [0], test: [] });
  });

  test("inputs are columns with names", () => {
    expect(Array.from(columns(["x", "x²", "x·y"], [2, 3], [5, -1]))).toEqual([2, 4, 10, 3, 9, -3]);
    expect(possible(1)).toEqual(["x", "x²", "sin x", "cos x"]);
    const data = dataOf(points, ["x", "sin y"], [3, 4]);
    expect(data).toMatchObject({ n: 2, n_in: 2, task: "classification", classes: [0, 1] });
    expect(data.X[1]).toBeCloseTo(Math.sin(points.y[3]), 4);
    expect(Number(data.X[1].toFixed(4))).toBe(data.X[1]);
  });

  test("R² is 1 for the targets, 0 for their mean", () => {
    expect(r2([1, 2, 3], [1, 2, 3])).toBe(1);
    expect(r2([1, 2, 3], [2, 2, 2])).toBe(0);
    expect(r2([1, 2, 3], [3, 2, 1])).toBe(-3);
  });
});

test("points that no plane can show are named", () => {
  const found = typed("1e30,1e30,0\n-1e30,0,1\n1,2,0\n2,1,1", "classification", 2);
  expect(found.points?.x).toEqual([1, 2]);
  expect(found.wrong.map((w) => w.line)).toEqual([1, 2]);
});
