/** A tree in a little of LaTeX, with symbols or with numbers in their place (formula/latex.py). */

import { inFull, outside } from "./numbers.ts";
import { isLeaf, sizeOf, type Tree } from "./tree.ts";

const MOST_SHOWN = 200;
const COMPARISONS: { [op: string]: string } = { greater: ">", greater_equal: "\\ge" };
const [SUM, PRODUCT, FACTOR, BASE] = [1, 2, 3, 4];

type Form = (...operands: string[]) => string;
const FORMS: { [op: string]: Form } = {
  expm1: (a) => `(e^{${a}} - 1)`,
  exp: (a) => `e^{${a}}`,
  log: (a) => `\\ln(${a})`,
  log1p: (a) => `\\ln(1 + ${a})`,
  tanh: (a) => `\\tanh(${a})`,
  sqrt: (a) => `\\sqrt{${a}}`,
  sin: (a) => `\\sin(${a})`,
  cos: (a) => `\\cos(${a})`,
  arctan: (a) => `\\arctan(${a})`,
  floor: (a) => `\\lfloor ${a} \\rfloor`,
  absolute: (a) => `|${a}|`,
  sign: (a) => `\\text{sign}(${a})`,
  maximum: (a, b) => `\\max(${a}, ${b})`,
  minimum: (a, b) => `\\min(${a}, ${b})`,
  divide: (a, b) => `\\frac{${a}}{${b}}`,
};

export type Names = { [symbol: string]: string };

export function latex(tree: Tree, names: Names): string {
  if (sizeOf(tree) <= MOST_SHOWN) return spell(tree, names, 0);
  return `\\text{f}(${[...symbols(tree)].sort().map((name) => names[name] ?? name).join(", ")})`;
}

function symbols(tree: Tree, found = new Set<string>()): Set<string> {
  if (tree.op === "symbol") found.add(tree.name!);
  for (const a of tree.args) symbols(a, found);
  return found;
}

/** `above` says how tightly what stands around the part binds. */
function spell(tree: Tree, names: Names, above: number): string {
  const inner = (part: Tree, level = 0) => spell(part, names, level);
  const { op, args } = tree;
  if (isLeaf(tree)) {
    const text = op === "symbol" ? (names[tree.name!] ?? tree.name!) : inFull(tree.value!);
    return bracketed(text, above > SUM && /^(-|.* [+-] )/.test(outside(text, true)));
  }
  if (op === "add" || op === "subtract") {
    const left = inner(args[0], SUM);
    const right = inner(args[1], SUM + (op === "subtract" ? 1 : 0));
    const isMinus = right.startsWith("-") ? op === "add" : op === "subtract";
    return bracketed(`${left} ${isMinus ? "-" : "+"} ${right.replace(/^-/, "")}`, above > SUM);
  }
  if (op === "multiply")
    return bracketed(`${inner(args[0], PRODUCT)} \\cdot ${inner(args[1], PRODUCT)}`, above > FACTOR);
  if (op === "negative") return bracketed(minus(inner(args[0], FACTOR)), above > SUM);
  if (op === "square" || op === "power")
    return `${inner(args[0], BASE)}^{${op === "square" ? "2" : inner(args[1])}}`;
  if (op === "where")
    return `(${inner(args[1])}\\text{ if }${condition(args[0], inner)}\\text{ else }${inner(args[2])})`;
  if (op in COMPARISONS) return `(1\\text{ if }${condition(tree, inner)}\\text{ else }0)`;
  return bracketed(FORMS[op](...args.map((a) => inner(a))), above === BASE && (op === "exp" || op === "divide"));
}

function condition(tree: Tree, inner: (part: Tree) => string): string {
  if (tree.op in COMPARISONS) return `${inner(tree.args[0])} ${COMPARISONS[tree.op]} ${inner(tree.args[1])}`;
  return `${inner(tree)} \\ne 0`;
}

function minus(text: string): string {
  return /^\(-[\d.e+-]+\)$/.test(text) ? text.slice(2, -1) : `-${text}`;
}

const bracketed = (text: string, wanted: boolean): string => (wanted ? `(${text})` : text);
