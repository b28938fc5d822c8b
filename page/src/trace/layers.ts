/**
 * How each number of a layer comes about, as a formula: once for symbols, and once more with the numbers set in, in the
 * words of explain/trace/layer_formulas.py. Activations are spelled from Python's own trees.
 */

import { latex } from "./latex.ts";
import { delta, symbol, words } from "./notation.ts";
import { NORMALIZATIONS } from "./normalizations.ts";
import { enclosed } from "./numbers.ts";
import { argumentOf, formulasOf, numbersOf } from "./parts.ts";
import { PIECEWISE } from "./piecewise.ts";
import { type LayerTrace, symbolOf } from "./record.ts";
import { product, products, type Say, type Style, summed } from "./sums.ts";
import { replace } from "./tree.ts";

/** Null where there is nothing to say. */
export type Text = string | null;

export interface LayerFormula {
  /** All outputs, and the gradient by the inputs, in symbols. */
  forward(part: LayerTrace, say: Say): string;
  backward(part: LayerTrace, say: Say): string;
  /** Output j of sample s, and the gradient by input i, in numbers. */
  output(part: LayerTrace, s: number, j: number, style: Style): Text;
  inputGradient(part: LayerTrace, s: number, i: number, style: Style): Text;
  /** The gradient by a parameter, in symbols, and by one number of it, in numbers. */
  gradient(part: LayerTrace, name: string, say: Say): Text;
  weightGradient(part: LayerTrace, name: string, index: number[], style: Style): Text;
  /** One number of a statistic after the step. */
  adapted(part: LayerTrace, name: string, j: number, style: Style): Text;
}

const nothing = () => null;
export const NO_WEIGHTS = { gradient: nothing, weightGradient: nothing, adapted: nothing };

/** A layer of which nothing is known. */
const UNKNOWN: LayerFormula = {
  ...NO_WEIGHTS,
  forward: (part) => `${words(part.layer.type)}(${symbol(part.source)})`,
  backward: (part) => `${words(`${part.layer.type}.backward`)}(${delta(part.name)})`,
  output: nothing,
  inputGradient: nothing,
};

// ------------------------------------------------------------------ activations

function value(part: LayerTrace, x: string): string {
  return latex(replace(formulasOf(part.layer)!.f, numbersOf(part.layer)), { x });
}

function slope(part: LayerTrace, x: string, y: string): string {
  return latex(replace(formulasOf(part.layer)!.slope, numbersOf(part.layer)), { x, y });
}

const ELEMENTWISE: LayerFormula = {
  ...NO_WEIGHTS,
  forward: (part) => value(part, symbol(part.source)),
  backward: (part) =>
    `${delta(part.name)} \\cdot ${enclosed(slope(part, symbol(part.source), symbol(part.name)))}`,
  output: (part, s, j, { numbers }) => value(part, numbers.of(part.x.at(s, j))),
  inputGradient: (part, s, i, { numbers }) => {
    const text = slope(part, numbers.of(part.x.at(s, i)), numbers.of(part.y.at(s, i)));
    return `${numbers.of(part.dy!.at(s, i))} \\cdot ${enclosed(text)}`;
  },
};

const SOFTMAX: LayerFormula = {
  ...NO_WEIGHTS,
  forward: (part) => {
    const z = symbol(part.source);
    return `\\frac{e^{${z} - \\max ${z}}}{\\sum e^{${z} - \\max ${z}}}`;
  },
  backward: (part) => {
    const [a, da] = [symbol(part.name), delta(part.name)];
    return `${a} \\cdot (${da} - \\sum ${da} \\cdot ${a})`;
  },
  output: (part, s, j, style) => {
    const round = style.numbers.single ? Math.fround : (x: number) => x;
    const row = part.x.row(s);
    const greatest = Math.max(...row);
    const rest = row.map((x) => round(x - greatest));
    const powers = rest.map((x) => round(Math.exp(x)));
    const total = summed(powers, (k) => `e^{${style.numbers.of(rest[k])}}`, style);
    return `\\frac{e^{${style.numbers.of(rest[j])}}}{${total}}`;
  },
  inputGradient: (part, s, i, style) => {
    const [y, dy, { numbers }] = [part.y.row(s), part.dy!.row(s), style];
    return `${numbers.of(y[i])} \\cdot (${numbers.of(dy[i])} - (${products(dy, y, style)}))`;
  },
};

// ------------------------------------------------------------------ dense

const groupsOf = (part: LayerTrace): number =>
  part.layer.type === "Dense" ? Number(argumentOf(part.layer, "groups")) : 1;

/** The inputs that a unit of a dense layer reads, from where to where: all, or those of its group. */
export function inputsOf(part: LayerTrace, j: number): [number, number] {
  const groups = groupsOf(part);
  const [inputs, units] = [part.x.columns / groups, part.y.columns / groups];
  const group = Math.floor(j / units);
  return [group * inputs, (group + 1) * inputs];
}

function byGroup(part: LayerTrace, say: Say): string {
  const count = groupsOf(part);
  return count === 1 ? "" : `\\text{, ${say("trace.groups", { count })}}`;
}

const DENSE: LayerFormula = {
  forward: (part, say) =>
    `${symbol(part.source)} ${symbolOf(part, "W")} + ${symbolOf(part, "b")}${byGroup(part, say)}`,
  backward: (part, say) => `${delta(part.name)} ${symbolOf(part, "W")}^{T}${byGroup(part, say)}`,
  output: (part, s, j, style) => {
    const { W, b } = part.parameters;
    const x = part.x.row(s).slice(...inputsOf(part, j));
    return products(x, W.column(j), style) + style.numbers.added(b.at(0, j));
  },
  inputGradient: (part, s, i, style) => {
    const { W } = part.parameters;
    const units = part.y.columns / groupsOf(part);
    const first = Math.floor(i / W.rows) * units;
    const dy = part.dy!.row(s).slice(first, first + units);
    return products(dy, W.row(i % W.rows).slice(first, first + units), style);
  },
  gradient: (part, name, say) => {
    const dz = delta(part.name);
    if (name === "W") return `${symbol(part.source)}^{T} ${dz}${byGroup(part, say)}`;
    return part.x.rows === 1 ? dz : `\\sum ${dz}\\text{ ${say("trace.over_samples")}}`;
  },
  weightGradient: (part, name, index, style) => {
    const j = index[index.length - 1];
    const dy = part.dy!.column(j);
    if (name !== "W") return summed(dy, (s) => style.numbers.of(dy[s]), style);
    return products(part.x.column(inputsOf(part, j)[0] + index[0]), dy, style);
  },
  adapted: nothing,
};

// ------------------------------------------------------------------ dropout, scale

const DROPOUT: LayerFormula = {
  ...NO_WEIGHTS,
  forward: (part) => `${symbol(part.source)} \\cdot \\text{mask}`,
  backward: (part) => `${delta(part.name)} \\cdot \\text{mask}`,
  output: (part, s, j, { numbers }) => product(part.x.at(s, j), part.kept.mask.at(s, j), numbers),
  inputGradient: (part, s, i, { numbers }) => product(part.dy!.at(s, i), part.kept.mask.at(s, i), numbers),
};

/** Said of a gradient that several samples add to. */
export const overSamples = (part: LayerTrace, say: Say): string =>
  part.x.rows === 1 ? "" : `\\text{, ${say("trace.summed_over_samples")}}`;

const SCALE: LayerFormula = {
  forward: (part) => `${symbol(part.source)} \\cdot ${symbolOf(part, "s")}`,
  backward: (part) => `${delta(part.name)} \\cdot ${symbolOf(part, "s")}`,
  output: (part, s, j, { numbers }) => product(part.x.at(s, j), part.parameters.s.at(0, j), numbers),
  inputGradient: (part, s, i, { numbers }) => product(part.dy!.at(s, i), part.parameters.s.at(0, i), numbers),
  gradient: (part, _, say) => `${delta(part.name)} \\cdot ${symbol(part.source)}${overSamples(part, say)}`,
  weightGradient: (part, _, [j], style) => products(part.dy!.column(j), part.x.column(j), style),
  adapted: nothing,
};

const LAYERS: { [type: string]: LayerFormula } = {
  Dense: DENSE,
  PiecewiseLinear: PIECEWISE,
  Dropout: DROPOUT,
  Scale: SCALE,
  Softmax: SOFTMAX,
  ...NORMALIZATIONS,
};

export function formulaOf(part: LayerTrace): LayerFormula {
  return LAYERS[part.layer.type] ?? (formulasOf(part.layer) ? ELEMENTWISE : UNKNOWN);
}
