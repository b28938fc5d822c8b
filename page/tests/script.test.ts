/** Scripts for networks of the page; tests/page/test_scripts.py runs them in Python. `npx vitest run -u` writes them. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import type { Data, Training } from "../src/engine/engine.ts";
import { toBase64 } from "../src/out/base64.ts";
import { npz } from "../src/out/npz.ts";
import { dataOf, type SavedData } from "../src/out/saved.ts";
import { script } from "../src/out/script.ts";
import type { Story } from "../src/ui/story.ts";

interface Case {
  training: Training;
  data: SavedData | null;
  held_out: SavedData | null;
  story: Story;
  steps: number;
  steps_per_epoch: number;
  rows: number;
}

const cases = JSON.parse(readFileSync(new URL("golden/scripts.json", import.meta.url), "utf-8")) as { [name: string]: Case };

function mnist(n: number): Data {
  return { task: "classification", n, n_in: 784, X: new Uint8Array(784 * n), labels: new Int32Array(n), classes: [...Array(10).keys()] };
}

function made(name: string) {
  const { training, data, held_out, story, steps, steps_per_epoch, rows } = cases[name];
  const source = data ? { kind: "points" } : { kind: "mnist", rows };
  return script({
    training,
    data: data ? dataOf(data) : mnist(rows),
    heldOut: held_out && dataOf(held_out),
    about: { source, names: name === "names" ? ["x\u2028 = 1", "import os\nos.abort()"] : null, shape: null },
    story,
    steps,
    stepsPerEpoch: steps_per_epoch,
  });
}

test.each(Object.keys(cases))("the script of %s", async (name) => {
  const { text, files, needsModel } = made(name);
  await expect(text).toMatchFileSnapshot(`golden/scripts/${name}.py`);
  expect(files.map((file) => file.name)).toEqual(name === "many" ? ["data.npz"] : []);
  expect(needsModel).toBe(name === "edited");
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(140);
});

test("arrays in NumPy's file", async () => {
  const bytes = npz({
    X: { values: Float32Array.from([1, 2.5, -3, 0]), shape: [2, 2] },
    labels: { values: Int32Array.from([7, -1]), shape: [2] },
    y: { values: Float64Array.from([0.1]), shape: [1, 1] },
    pixels: { values: Uint8Array.from([0, 255]), shape: [2] },
  });
  await expect(`${toBase64(bytes)}\n`).toMatchFileSnapshot("golden/scripts/arrays.npz.txt");
});
