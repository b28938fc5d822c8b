/** How the numbers of a loss, a penalty and an optimizer come about (explain/trace/step_formulas.py). */

import type { Part } from "../engine/engine.ts";
import { latex, type Names } from "./latex.ts";
import { words } from "./notation.ts";
import { enclosed, inFull } from "./numbers.ts";
import { argumentOf, factsOf, formulasOf, numbersOf, plainOf, ruleOf } from "./parts.ts";
import { compute, node, number, rebuilt, replace, symbol, type Tree, withParts } from "./tree.ts";

const LEAST = 1e-7; // the least probability whose logarithm is taken, where a loss has no epsilon of its own

// ------------------------------------------------------------------ losses and penalties

/** The loss of one output a with the target y, in symbols or in numbers. */
export function lossTerm(loss: Part, a: string, y: string): string | null {
  const formulas = formulasOf(loss);
  return formulas && ofLoss(loss, formulas.f, a, y);
}

/** The gradient of the mean cost by one output of m, or, fused, by the input that it came from. */
export function lossGradient(loss: Part, a: string, y: string, m: number, n: number, fused: boolean): string | null {
  const formulas = formulasOf(loss);
  const tree = fused ? formulas?.joint : formulas?.slope;
  if (!tree) return null;
  let term = ofLoss(loss, tree, a, y);
  if (reductionOf(loss) === "mean" && m > 1) term = `\\frac{${term}}{${m}}`;
  return n === 1 ? term : `\\frac{1}{${n}} \\cdot (${term})`;
}

export const reductionOf = (loss: Part): string => String(loss.reduction ?? factsOf(loss).reduction);

/** The loss of output j alone, where outputs differ in theirs. */
export function ofOutput(loss: Part, j: number): Part {
  const weights = plainOf(loss.pos_weight ?? null);
  return Array.isArray(weights) ? { ...loss, pos_weight: weights[j] } : loss;
}

function ofLoss(loss: Part, tree: Tree, a: string, y: string): string {
  const own = numbersOf(loss);
  const known = new Map(Object.entries(own).map(([name, value]) => [symbol(name).key, number(value)]));
  const names = { y: a, t: y, pos_weight: inLetters("pos_weight") };
  const least = Number(argumentOf(loss, "epsilon") ?? LEAST);
  return latex(whereItCounts(withParts(tree, known), least, a, y), names);
}

/** The tree without the least probability, but where the numbers are below it. */
function whereItCounts(tree: Tree, least: number, a: string, y: string): Tree {
  return rebuilt(tree, (part, operands) => {
    const isLeast = part.op === "maximum" && part.args[1].key === number(least).key;
    if (isLeast && !isBelow(part.args[0], least, a, y)) return operands[0];
    return operands.length ? node(part.op, ...operands) : part;
  });
}

/** Whether the tree is less than that for these numbers; symbols are none. */
function isBelow(tree: Tree, least: number, a: string, y: string): boolean {
  return compute(tree, { y: Number(a), t: Number(y) }) < least;
}

/** How a penalty and its gradient follow from a weight. */
export function penaltyFormulas(penalty: Part): { value: (w: string) => string; slope: (w: string) => string } | null {
  const formulas = formulasOf(penalty);
  if (!formulas) return null;
  const [f, slope] = [formulas.f, formulas.slope].map((tree) => replace(tree, numbersOf(penalty)));
  return {
    value: (w) => `\\sum ${enclosed(latex(f, { w }))}`,
    slope: (w) => enclosed(latex(slope, { w })),
  };
}

// ------------------------------------------------------------------ optimizers

const LETTERS: { [name: string]: string } = {
  eta: "\\eta",
  momentum: "\\mu",
  weight_decay: "\\lambda",
  rho: "\\rho",
  beta_1: "\\beta_{1}",
  beta_2: "\\beta_{2}",
  epsilon: "\\epsilon",
  t: "t",
  pos_weight: "p",
};

/** A part's argument as its symbol. */
export const inLetters = (name: string): string => LETTERS[name] ?? (name.length === 1 ? name : words(name));

/** An optimizer's arguments as their numbers. */
export function inNumbers(optimizer: Part, rate: number, step: number): (name: string) => string {
  const known: { [name: string]: number } = { eta: rate, t: step + 1, ...numbersOf(optimizer) };
  return (name) => inFull(known[name]);
}

/**
 * How the new states and, under "", the new weight come about, each state by its name where it stands in another line.
 */
export function updateLines(
  optimizer: Part,
  w: string,
  g: string,
  before: Names,
  after: Names,
  given: (name: string) => string,
): Names {
  const rule = ruleOf(optimizer);
  if (!rule) return {};
  const own = Object.fromEntries(factsOf(optimizer).arguments.map(({ name }) => [name, given(name)]));
  const primed = Object.fromEntries(Object.entries(after).map(([name, text]) => [`new ${name}`, text]));
  const names = { w, g, rate: given("eta"), t: given("t"), ...own, ...before, ...primed };
  const known = new Map(
    rule.states.filter(([, tree]) => tree.args.length).map(([name, tree]) => [tree.key, symbol(`new ${name}`)]),
  );
  const lines: Names = {};
  for (const [name, tree] of rule.states) {
    const others = new Map([...known].filter(([key]) => key !== tree.key));
    lines[name] = latex(withParts(tree, others), names);
  }
  lines[""] = latex(withParts(rule.w, known), names);
  return lines;
}
