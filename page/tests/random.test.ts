/** NumPy's keyed random numbers, first weights and scalers to the same bits (golden/make_random.py). */
import { expect, test } from "vitest";
import { Module } from "../src/engine/module";
import { fitScaling } from "../src/engine/scaling";
import golden from "./golden/random.json";
import { compiled } from "./built";

const module = new Module(compiled);

test.each(golden.draws)("draws under the key $key are NumPy's", ({ key, normal, uniform, permutations }) => {
  const [seed, purpose, index] = key;
  const drawn = (kind: string, n: number, low = 0, high = 1) => {
    const out = module.allocate(kind === "permutation" ? "q" : "d", n);
    module.call("draw", { seed, purpose, index, kind, low, high, out });
    return Array.from(module.view(out) as Float64Array, Number);
  };
  expect(drawn("normal", normal.length)).toEqual(normal);
  expect(drawn("uniform", uniform.length, -0.3, 1.7)).toEqual(uniform);
  for (const order of permutations) expect(drawn("permutation", order.length)).toEqual(order);
});

test.each(golden.weights)("first weights by $name are Python's", ({ name, W }) => {
  const out = module.allocate("f", 35);
  const number = { Normal: 0.01, Uniform: 0.05 }[name] ?? 0;
  const arrays = [{ initializer: name, number, begin: 0, rows: 7, columns: 5, groups: 1 }];
  module.call("initialize", { seed: 3, purpose: 0, index: 1, out, arrays });
  expect(Array.from(module.floats(out))).toEqual(W.flat());
});

const kinds = { float64: Float64Array, float32: Float32Array, uint8: Uint8Array };

test.each(golden.scalers)("$kind learns from $type what Python's does", ({ kind, type, X, n_in, found }) => {
  const rows = module.put(kinds[type as keyof typeof kinds].from(X), X.length / n_in, n_in);
  const scaling = fitScaling(module, { type: kind }, rows, n_in)!;
  const made = [Array.from(scaling.offset), Array.from(scaling.factor)];
  if (kind !== "StandardScaler" || n_in > 1) expect(made).toEqual(found);
  // The squares of a single column are summed by einsum, whose order depends on the processor: the last digit may differ.
  else made.flat().forEach((x, i) => expect(Math.abs(x / found.flat()[i] - 1)).toBeLessThan(4e-16));
});
