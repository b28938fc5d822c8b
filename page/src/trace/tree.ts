/**
 * A formula as a tree, as Python has traced it (formula/tree.py): read from the generated file, filled with numbers, and
 * spelled. No formula is written here.
 */

export interface Tree {
  op: string;
  /** Operands; none of a symbol or a number. */
  args: Tree[];
  /** Of a symbol. */
  name?: string;
  /** Of a number. */
  value?: number;
  /** Written out, so that equal trees are found. */
  key: string;
}

/** Lines of [operation, operands by their line], [“symbol”, name] or ["number", value]; the last one is the tree. */
export type TreeData = (string | number)[][];

export function symbol(name: string): Tree {
  return { op: "symbol", args: [], name, key: `$${name}` };
}

export function number(value: number): Tree {
  return { op: "number", args: [], value, key: Object.is(value, -0) ? "#-0" : `#${value}` };
}

export function node(op: string, ...args: Tree[]): Tree {
  return { op, args, key: `${op}(${args.map((a) => a.key).join(",")})` };
}

export const isLeaf = (tree: Tree): boolean => tree.op === "symbol" || tree.op === "number";

export function sizeOf(tree: Tree): number {
  return 1 + tree.args.reduce((sum, a) => sum + sizeOf(a), 0);
}

export function fromData(data: TreeData): Tree {
  const made: Tree[] = [];
  for (const [op, ...rest] of data) {
    if (op === "symbol") made.push(symbol(String(rest[0])));
    else if (op === "number") made.push(number(Number(rest[0])));
    else made.push(node(String(op), ...rest.map((line) => made[Number(line)])));
  }
  return made[made.length - 1];
}

const ONE = number(1);
const ZERO = number(0);

/** NumPy's functions on numbers, by the operations' names. */
const FUNCTIONS: { [op: string]: (...x: number[]) => number } = {
  negative: (x) => -x,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  tanh: Math.tanh,
  sqrt: Math.sqrt,
  square: (x) => x * x,
  absolute: Math.abs,
  sign: Math.sign,
  sin: Math.sin,
  cos: Math.cos,
  arctan: Math.atan,
  floor: Math.floor,
  add: (x, y) => x + y,
  subtract: (x, y) => x - y,
  multiply: (x, y) => x * y,
  divide: (x, y) => x / y,
  power: Math.pow,
  maximum: Math.max,
  minimum: Math.min,
  greater: (x, y) => Number(x > y),
  greater_equal: (x, y) => Number(x >= y),
  where: (condition, x, y) => (condition ? x : y),
};

export function compute(tree: Tree, values: { [name: string]: number }): number {
  if (tree.op === "symbol") return values[tree.name!];
  if (tree.op === "number") return tree.value!;
  return FUNCTIONS[tree.op](...tree.args.map((a) => compute(a, values)));
}

/** An operation, simplified where that changes no bit, and worked out where all operands are numbers. */
export function operation(op: string, ...a: Tree[]): Tree {
  if (a.every((x) => x.op === "number")) return number(FUNCTIONS[op](...a.map((x) => x.value!)));
  if (op === "multiply" && a.some((x) => x.key === ONE.key)) return a[0].key === ONE.key ? a[1] : a[0];
  if ((op === "divide" && a[1].key === ONE.key) || (op === "subtract" && a[1].key === ZERO.key)) return a[0];
  if (op === "power" && a[1].key === "#2") return operation("square", a[0]);
  if (op === "power" && a[1].key === ONE.key) return a[0];
  if (op === "power" && a[1].key === "#0.5") return operation("sqrt", a[0]);
  if (op === "where" && a[1].key === a[2].key) return a[1];
  return withoutSigns(op, a);
}

/** Minus signs are taken out of products, and sums of negatives are differences. */
function withoutSigns(op: string, a: Tree[]): Tree {
  const isNegative = a.map((x) => x.op === "negative");
  if (op === "negative" && isNegative[0]) return a[0].args[0];
  if ((op === "add" || op === "subtract") && isNegative[1])
    return operation(op === "add" ? "subtract" : "add", a[0], a[1].args[0]);
  if ((op === "multiply" || op === "divide") && isNegative.some(Boolean)) {
    const product = operation(op, ...a.map((x, i) => (isNegative[i] ? x.args[0] : x)));
    return isNegative.every(Boolean) ? product : operation("negative", product);
  }
  return node(op, ...a);
}

/** The tree with symbols replaced by numbers, simplified. */
export function replace(tree: Tree, values: { [name: string]: number }): Tree {
  if (tree.op === "symbol") return tree.name! in values ? number(values[tree.name!]) : tree;
  return isLeaf(tree) ? tree : operation(tree.op, ...tree.args.map((a) => replace(a, values)));
}

/** The tree with others in place of parts of it, by their keys; the rest stays as it is. */
export function withParts(tree: Tree, known: Map<string, Tree>): Tree {
  const found = known.get(tree.key);
  if (found) return found;
  return isLeaf(tree) ? tree : node(tree.op, ...tree.args.map((a) => withParts(a, known)));
}

/** The tree made anew, operands first. */
export function rebuilt(tree: Tree, make: (tree: Tree, operands: Tree[]) => Tree): Tree {
  return make(tree, tree.args.map((a) => rebuilt(a, make)));
}
