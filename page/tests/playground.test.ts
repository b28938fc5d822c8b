import { describe, expect, test } from "vitest";

import { added, empty } from "../src/data2d/points";
import type { Plan, Stage } from "../src/engine/engine";
import { Undo } from "../src/ui/undo.svelte";
import { activationOf, biasAt, columnsOf, weightAt } from "../src/views/playground/diagram/columns";
import { type Line, along, hit, layout, neighbour } from "../src/views/playground/diagram/layout";
import { SvgSurface } from "../src/views/playground/diagram/surface";
import { likeliest, paintClasses, paintValues, type Palette } from "../src/views/playground/plane/colours";
import { SIGNS, mark } from "../src/views/playground/plane/marks";
import { begun, strokeAt } from "../src/views/playground/plane/tools";
import { grid, toPixels, toPlace, viewOf } from "../src/views/playground/plane/view";

/** A plan of dense layers, each followed by the named layers. */
function plan(n_in: number, layers: [number, ...string[]][]): Plan {
  const stages: Stage[] = [];
  let [n, at] = [n_in, 0];
  for (const [units, ...after] of layers) {
    stages.push({ index: stages.length, layer: { type: "Dense", units }, n_in: n, n_out: units, arrays: [{ name: "W", begin: at, shape: [n, units] }, { name: "b", begin: at + n * units, shape: [units] }] });
    at += n * units + units;
    for (const type of after) stages.push({ index: stages.length, layer: { type }, n_in: units, n_out: units, arrays: [] });
    n = units;
  }
  return { stages, n_in, n_out: n, n_theta: at, fused: true };
}

const columns = columnsOf(plan(2, [[4, "BatchNorm", "Tanh", "Dropout"], [3, "Softmax"]]));

describe("columns of the diagram", () => {
  test("are the inputs and each dense layer with what follows it", () => {
    expect(columns.map(({ n, last }) => [n, last])).toEqual([[2, -1], [4, 3], [3, 5]]);
    expect(columns.map(activationOf)).toEqual([null, "Tanh", "Softmax"]);
  });

  test("weights and biases lie where the plan has them", () => {
    // W of the first layer is (2, 4) from 0, b from 8; of the second (4, 3) from 12, b from 24.
    expect(weightAt(columns[1], 1, 2)).toBe(6);
    expect(biasAt(columns[1], 3)).toBe(11);
    expect(weightAt(columns[2], 3, 1)).toBe(12 + 3 * 3 + 1);
    expect(biasAt(columns[2], 2)).toBe(26);
    expect(biasAt(columns[0], 0)).toBe(-1);
  });
});

describe("the diagram's places", () => {
  test.each([200, 360, 800])("neurons lie within %i pixels or more, and never upon another", (width) => {
    for (const units of [1, 5, 16, 40]) {
      const found = layout(columnsOf(plan(2, [...Array(7).fill([units, "ReLU"]), [3]])), width);
      const half = found.size / 2;
      for (const n of found.neurons) {
        expect(n.x - half).toBeGreaterThan(0);
        expect(n.x + half).toBeLessThan(found.width);
        expect(n.y - half).toBeGreaterThan(0);
        expect(n.y + half).toBeLessThan(found.height);
      }
      for (const [i, a] of found.neurons.entries()) for (const b of found.neurons.slice(i + 1)) expect(Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y))).toBeGreaterThan(found.size);
      expect(found.columns[1].hidden).toBe(Math.max(0, units - 16));
    }
  });

  const places = layout(columns, 600);

  test("a neuron is hit at its middle, a line at its middle, nothing far away", () => {
    for (const n of places.neurons) expect(hit(places, n.x, n.y, 7)).toEqual({ kind: "neuron", column: n.column, index: n.index });
    const line = places.lines.find((one) => one.column === 1 && one.from === 0 && one.to === 0) as Line;
    const [x, y] = along(line, 0.5);
    expect(hit(places, x, y, 7)).toEqual({ kind: "weight", column: 1, from: 0, to: 0 });
    expect(hit(places, 1, 1, 7)).toBeNull();
  });

  test("arrow keys go from neuron to neuron and stay within", () => {
    expect(neighbour(columns, null, "ArrowRight")).toEqual({ kind: "neuron", column: 0, index: 0 });
    expect(neighbour(columns, { kind: "neuron", column: 1, index: 3 }, "ArrowRight")).toEqual({ kind: "neuron", column: 2, index: 2 });
    expect(neighbour(columns, { kind: "neuron", column: 2, index: 2 }, "ArrowRight")).toEqual({ kind: "neuron", column: 2, index: 2 });
    expect(neighbour(columns, { kind: "weight", column: 1, from: 0, to: 2 }, "ArrowUp")).toEqual({ kind: "neuron", column: 1, index: 1 });
  });

  test("a file of it quotes what comes from names", () => {
    const surface = new SvgSurface(100, 50, "#fff");
    surface.text(1, 2, `<script>"x" & 'y'</script>`, 11, `red" onload="x`, "start");
    const text = surface.toString();
    expect(text).not.toMatch(/<script|onload="x/);
    expect(text).toContain("&#60;script&#62;&#34;x&#34; &#38; &#39;y&#39;&#60;/script&#62;");
  });
});

describe("colours", () => {
  const palette: Palette = { paper: [255, 255, 255], ink: [0, 0, 0], classes: Array.from({ length: 10 }, (_, c) => [c, 0, 0]), positive: [0, 0, 255], negative: [255, 165, 0], plus: [0, 0, 255], minus: [255, 165, 0] };

  test("the likeliest class; one output is the second class's", () => {
    expect(likeliest(Float32Array.of(0.2, 0.5, 0.3), 0, 3)[0]).toBe(1);
    expect(likeliest(Float32Array.of(0.25), 0, 1)).toEqual([0, 0.75]);
    expect(likeliest(Float32Array.of(0.1, 0.75), 1, 1)).toEqual([1, 0.75]);
  });

  test("surer is stronger, 0 is paper", () => {
    const pixels = new Uint8ClampedArray(8);
    paintClasses(pixels, Float32Array.of(0.5, 0.5, 1, 0), 2, palette);
    expect(pixels[1]).toBeGreaterThan(pixels[5]);
    paintValues(pixels, Float32Array.of(0, -2), 1, 0, 2, palette);
    expect([...pixels.slice(0, 4)]).toEqual([255, 255, 255, 255]);
    expect(pixels[6]).toBeLessThan(60); // orange has no blue
  });

  test("every class has a shape of its own", () => {
    const drawn = SIGNS.map((_, shape) => {
      const calls: string[] = [];
      const note = (name: string) => (...given: number[]) => void calls.push(name + given.map((v) => v.toFixed(1)));
      mark({ beginPath: note("b"), moveTo: note("m"), lineTo: note("l"), arc: note("a"), closePath: note("c") } as never, shape, 0, 0, 5);
      return calls.join(" ");
    });
    expect(new Set(drawn).size).toBe(10);
    expect(new Set(SIGNS).size).toBe(10);
  });
});

describe("the plane", () => {
  test("places and pixels are each other's inverse", () => {
    const view = viewOf(empty("classification"));
    expect(view.x).toEqual([-3.6, 3.6]);
    const [x, y] = toPixels(view, 300, 300, 1.2, -0.7);
    expect(toPlace(view, 300, 300, x, y).map((v) => v.toFixed(9))).toEqual(["1.200000000", "-0.700000000"]);
  });

  test("it grows with the points", () => {
    expect(viewOf(added(empty("classification"), 10, 0, 0)).x[1]).toBeCloseTo(11);
    expect(viewOf(added(empty("regression", 1), 0, 0, 50)).y[1]).toBeCloseTo(55);
  });

  test("cells go from the upper left", () => {
    const { x, y } = grid({ x: [-1, 1], y: [-1, 1] }, 2, 2);
    expect([...x]).toEqual([-0.5, 0.5, -0.5, 0.5]);
    expect([...y]).toEqual([0.5, 0.5, -0.5, -0.5]);
    expect(grid({ x: [-1, 1], y: [-1, 1] }, 1, 4).x.length).toBe(4);
  });

  test("tools add, brush, move and remove, of a line by their heights", () => {
    const one = added(empty("classification"), 1, 1, 0);
    expect(strokeAt(one, begun("add", 2, 0.4, one, 0, 0), 0, 0)).toMatchObject({ x: [1, 0], target: [0, 2], classes: 3 });
    expect(strokeAt(one, begun("brush", 1, 0.4, one, 0, 0), 0, 0).x.length).toBe(4);
    expect(strokeAt(one, begun("move", 0, 0.4, one, 1.1, 1), 2, 2)).toMatchObject({ x: [2], y: [2] });
    expect(strokeAt(one, begun("move", 0, 0.4, one, -3, 1), 2, 2)).toBe(one);
    expect(strokeAt(one, begun("remove", 0, 0.4, one, 1, 1), 1.2, 1).x).toEqual([]);
    expect(strokeAt(one, begun("look", 0, 0.4, one, 1, 1), 1, 1)).toBe(one);
    const line = added(empty("regression", 1), 1, 0, 0.5);
    expect(strokeAt(line, begun("add", 9, 0.4, line, 0, 0), 2, -0.25)).toMatchObject({ x: [1, 2], y: [0, 0], target: [0.5, -0.25] });
    expect(strokeAt(line, begun("move", 0, 0.4, line, 1, 0.5), 0, 1)).toMatchObject({ x: [0], y: [0], target: [1] });
  });
});

test("undo and redo go through every state, and a new change forgets what was undone", () => {
  const undo = new Undo<number>();
  let now = 0;
  for (const next of [1, 2, 3]) {
    undo.keep(now);
    now = next;
  }
  now = undo.back(now)!;
  now = undo.back(now)!;
  expect(now).toBe(1);
  now = undo.redo(now)!;
  expect(now).toBe(2);
  undo.keep(now);
  now = 9;
  expect(undo.redoPossible).toBe(false);
  expect(undo.back(now)).toBe(2);
});
