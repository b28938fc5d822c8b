import { describe, expect, test } from "vitest";

import type { Part } from "../src/engine/engine";
import { addBlock, blocks, flat, inSlot, moveBlock, others, removeBlock, setBlock, withArgument, withSlot } from "../src/ui/network/blocks";
import { activations, fields, names, part, range } from "../src/ui/network/catalogue";
import { changes, goesOn } from "../src/ui/network/changes";
import { PRESETS, forOutputs, preset } from "../src/ui/network/presets";
import german from "../src/words/de.json";
import english from "../src/words/en.json";

const dense = (units: number): Part => ({ type: "Dense", units });
const types = (layers: Part[]) => layers.map((layer) => (layer.type === "Dense" ? String(layer.units) : layer.type));

describe("groups of layers", () => {
  const layers: Part[] = [{ type: "Dropout", rate: 0.1 }, dense(8), { type: "BatchNorm" }, { type: "Tanh" }, { type: "ReLU" }, dense(4), { type: "ReLU" }, dense(3), { type: "Softmax" }];

  test("come from the list and give it back", () => {
    expect(flat(blocks(layers))).toEqual(layers);
    expect(blocks(layers).map((block) => block.dense?.units ?? null)).toEqual([null, 8, 4, 3]);
  });

  test("a second activation is among the others", () => {
    const [, first] = blocks(layers);
    expect(inSlot(first, "activation")).toEqual({ type: "Tanh" });
    expect(others(first)).toEqual([{ type: "ReLU" }]);
  });

  test("new layers take their usual places", () => {
    let block = { dense: dense(8), after: [] as Part[] };
    block = withSlot(block, "dropout", { type: "Dropout", rate: 0.2 }) as typeof block;
    block = withSlot(block, "normalization", { type: "LayerNorm" }) as typeof block;
    block = withSlot(block, "activation", { type: "ELU" }) as typeof block;
    expect(types(block.after)).toEqual(["LayerNorm", "ELU", "Dropout"]);
    expect(types(withSlot(block, "activation", { type: "Tanh" }).after)).toEqual(["LayerNorm", "Tanh", "Dropout"]);
    expect(types(withSlot(block, "activation", null).after)).toEqual(["LayerNorm", "Dropout"]);
  });

  test("are added before the output, moved, set and removed", () => {
    expect(types(addBlock([dense(5), { type: "ReLU" }, dense(2)]))).toEqual(["5", "ReLU", "5", "ReLU", "2"]);
    expect(types(addBlock([dense(2), { type: "Softmax" }]))).toEqual(["8", "Tanh", "2", "Softmax"]);
    expect(types(moveBlock(layers, 1, 1))).toEqual(["Dropout", "4", "ReLU", "8", "BatchNorm", "Tanh", "ReLU", "3", "Softmax"]);
    expect(moveBlock(layers, 1, -1)).toBe(layers);
    expect(moveBlock(layers, 3, 1)).toBe(layers);
    expect(types(removeBlock(layers, 2))).toEqual(["Dropout", "8", "BatchNorm", "Tanh", "ReLU", "3", "Softmax"]);
    expect(types(setBlock(layers, 3, { dense: dense(1), after: [] })).slice(-1)).toEqual(["1"]);
  });

  test("an addition is a copy: changing one does not change the other", () => {
    const added = addBlock([dense(5), { type: "LeakyReLU", slope: 1 }, dense(2)]);
    expect(added[0]).not.toBe(added[2]);
  });

  test("an argument at its default is left out", () => {
    expect(withArgument({ type: "ELU", alpha: 2 }, "alpha", undefined)).toEqual({ type: "ELU" });
  });
});

describe("the catalogue", () => {
  test("what must be given is given", () => {
    expect(part("layers", "Dense")).toEqual({ type: "Dense", units: 8 });
    expect(part("penalties", "L2")).toEqual({ type: "L2", weights: 0.001 });
    expect(part("layers", "Tanh")).toEqual({ type: "Tanh" });
  });

  test("has Python's ranges", () => {
    const rate = fields("layers", "Dropout").find((argument) => argument.name === "rate")!;
    expect(range(rate)).toEqual({ least: 0, most: 1, above: false, below: true });
    const learning = fields("optimizers", "Adam").find((argument) => argument.name === "learning_rate")!;
    expect(learning.default).toBe(0.001);
    expect(range(learning).above).toBe(true);
  });

  test("every part is explained in every language", () => {
    const all = [...activations(), ...(["losses", "optimizers", "penalties", "initializers", "schedules", "scalers"] as const).flatMap(names)];
    expect(all.length).toBeGreaterThan(40);
    for (const words of [english, german]) expect(all.filter((name) => !(`part.${name}` in words))).toEqual([]);
  });
});

describe("settings", () => {
  const outputs = { task: "classification", n_out: 3 } as const;

  test("each preset ends as the data ask", () => {
    for (const name of PRESETS) {
      expect(types(preset(name, outputs).layers).slice(-2)).toEqual(["3", "Softmax"]);
      const regression = preset(name, { task: "regression", n_out: 1 });
      expect(types(regression.layers).slice(-1)).toEqual(["1"]);
      expect(regression.loss.type).toBe("MeanSquaredError");
    }
  });

  test("other data change only what they must", () => {
    const was = { ...preset("small", outputs), loss: { type: "QuadraticCost" } };
    const now = forOutputs(was, { task: "classification", n_out: 5 }, "classification");
    expect(types(now.layers)).toEqual(["8", "Tanh", "8", "Tanh", "5", "Softmax"]);
    expect(now.loss.type).toBe("QuadraticCost");
    expect(types(forOutputs(now, { task: "regression", n_out: 1 }, "classification").layers).slice(-2)).toEqual(["Tanh", "1"]);
    expect(was.layers[4].units).toBe(3);
  });

  test("one output for two classes stays one", () => {
    const single = { ...preset("small", outputs), layers: [dense(1), { type: "Sigmoid" }], loss: { type: "BinaryCrossEntropy" } };
    expect(forOutputs(single, { task: "classification", n_out: 2 }).layers[0].units).toBe(1);
    expect(forOutputs(single, { task: "classification", n_out: 3 }).layers[0].units).toBe(3);
  });

  test("a network goes on with another rate and with nothing else", () => {
    const before = preset("small", outputs);
    const rate = { ...before, optimizer: { ...before.optimizer, learning_rate: 0.3 } };
    expect(changes(before, rate)).toEqual(["learning_rate"]);
    expect(goesOn(before, rate)).toBe(true);
    const other = { ...rate, optimizer: { ...rate.optimizer, beta_1: 0.5 } };
    expect(changes(before, other)).toEqual(["optimizer"]);
    expect(goesOn(before, other)).toBe(false);
    expect(changes(before, { ...before, batch_size: 1 })).toEqual(["batch_size"]);
  });
});
