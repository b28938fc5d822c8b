import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import type { Part, Plan, StepNumbers } from "../src/engine/engine.ts";
import type { Document } from "../src/trace/document.ts";
import { fixed, float, general } from "../src/trace/numbers.ts";
import { plain } from "../src/trace/notation.ts";
import { type Given, ofStep } from "../src/trace/record.ts";
import type { Options } from "../src/trace/blocks.ts";
import { doesKey, operations, symbolKeys } from "../src/trace/explain.ts";
import { neuron, whole } from "../src/trace/writer.ts";
import english from "../src/words/en.json";

interface Golden {
  name: string;
  plan: Plan;
  loss: Part;
  optimizer: Part;
  numbers: { [name: string]: unknown };
  given: Given | null;
  double: boolean;
  options: Options;
  document: string[];
  neuron: [number, number];
  one: string[];
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), "utf-8"));
const golden = read("traces") as Golden[];
const words: { [key: string]: string } = english;
const say = (key: string, values: { [name: string]: string | number } = {}) =>
  words[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));

/** Lists of numbers as the engine has them: typed arrays. */
function typed(value: unknown, double: boolean): unknown {
  if (Array.isArray(value) && value.every((item) => typeof item === "number"))
    return double ? Float64Array.from(value) : Float32Array.from(value);
  if (Array.isArray(value)) return value.map((item) => typed(item, double));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, typed(item, double)]));
}

function lines(document: Document): string[] {
  const found = [document.title, document.note];
  for (const { title, note, blocks } of document.sections) {
    found.push(`# ${title} | ${note}`);
    for (const { name, formula, rows, folded, hidden } of blocks) {
      found.push(`= ${name} | ${formula} | ${folded.length} | ${hidden}`);
      [...rows, folded].forEach((row, i) => {
        const mark = i < rows.length ? "-" : "…";
        found.push(...row.map((c) => `${mark} ${i} | ${c.name} | ${c.numbers ?? "None"} | ${c.value}`));
      });
    }
  }
  return found;
}

test.each(golden.map((each) => [each.name, each] as const))("the document is Python's: %s", (_, each) => {
  const numbers = typed(each.numbers, each.double) as StepNumbers;
  numbers.penalties.forEach((p, i) => (p.penalty = (each.numbers.penalties as { penalty: Part }[])[i].penalty));
  const trace = ofStep(each.plan, { loss: each.loss, optimizer: each.optimizer }, numbers, each.given);
  expect(lines(whole(trace, say, each.options))).toEqual(each.document);
  expect(lines(neuron(trace, ...each.neuron, say, each.options))).toEqual(each.one);
});

test("formulas read as a line of Unicode as they do in Python", () => {
  const formulas = read("formulas") as [string, string][];
  expect(formulas.length).toBeGreaterThan(200);
  expect(formulas.map(([formula]) => [formula, plain(formula)])).toEqual(formulas);
});

test("numbers are written as Python writes them", () => {
  const cases = read("numbers") as { [form: string]: string | null }[];
  expect(cases.length).toBeGreaterThan(300);
  for (const wanted of cases) {
    const x = Number(wanted.value);
    const single = wanted.single && float(Math.fround(x), true);
    const found = { repr: float(x), g6: general(x, 6), g3: general(x, 3), f2: fixed(x, 2), f8: fixed(x, 8), single };
    expect({ value: wanted.value, ...found }).toEqual(wanted);
  }
});

test("every block of every trace is said in words, and its symbols are explained", () => {
  const seen = new Set<string>();
  for (const each of golden) {
    const numbers = typed(each.numbers, each.double) as StepNumbers;
    numbers.penalties.forEach((p, i) => (p.penalty = (each.numbers.penalties as { penalty: Part }[])[i].penalty));
    const trace = ofStep(each.plan, { loss: each.loss, optimizer: each.optimizer }, numbers, each.given);
    for (const section of whole(trace, say).sections) {
      const layer = trace.layers.find((part) => part.index === section.layer)?.layer.type ?? null;
      for (const block of section.blocks) {
        for (const key of [doesKey(section, block, layer), ...symbolKeys(block.name, block.formula)]) {
          expect(words, `${each.name}: ${block.name}`).toHaveProperty([key]);
          seen.add(key);
        }
      }
    }
  }
  const known = Object.keys(words).filter((key) => /^trace\.(does|symbol)\./.test(key));
  expect(known.filter((key) => !seen.has(key))).toEqual(["trace.does.layer"]);
});

test("operations are all numbers in their order", () => {
  const { plan, loss, optimizer, numbers, double } = golden[0];
  const document = whole(ofStep(plan, { loss, optimizer }, typed(numbers, double) as StepNumbers), say);
  const found = operations(document);
  const cells = found.map(({ section, block, cell }) => document.sections[section].blocks[block].rows.flat()[cell]);
  expect(cells.map((cell) => plain(cell.name)).slice(0, 6)).toEqual(["x", "z₁", "a₁", "z₂", "a₂", "y"]);
  expect(cells[1].value).toBe("1.124");
});
