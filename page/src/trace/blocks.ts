/** The cells of a trace, block by block: which numbers are shown, and what they are called (explain/trace/blocks.py). */

import { type Block, block, type Cell } from "./document.ts";
import { formulaOf, inputsOf, type Text } from "./layers.ts";
import { delta, gradient, symbol } from "./notation.ts";
import { type Digits, Numbers } from "./numbers.ts";
import { isKnown, repr } from "./parts.ts";
import { type LayerTrace, symbolOf, type Table, type Trace } from "./record.ts";
import { largest, MOST_TERMS, product, type Say, type Style } from "./sums.ts";

export const [MOST, FEW] = [10, 3]; // of more neurons or inputs, so few are shown
export const FOLDED = 1024; // the most cells that a view may unfold in one block

/** A layer of which nothing is folded away, or one of its neurons. */
export type Wanted = number | [layer: number, neuron: number];

export interface Options {
  sample?: number;
  digits?: Digits;
  expand?: Wanted[];
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
export const first = (count: number): number[] => range(count <= MOST ? count : FEW);
const isDense = (part: LayerTrace): boolean => part.layer.type === "Dense";

/** "layer 0 (Dense(3))", without the weights that it was given. */
export function describe(part: LayerTrace, say: Say): string {
  let shown = isKnown(part.layer.type) ? repr(part.layer) : part.layer.type;
  if (isDense(part) || shown.length > 60) shown = `${part.layer.type}(${part.y.columns})`;
  return `${say("trace.layer", { index: part.index })} (${shown})`;
}

/** Chooses what is shown of a trace and writes its cells. */
export class Blocks {
  readonly numbers: Numbers;
  readonly sample: number;
  /** Shown in every layer of as many outputs as the last: the answer, and what it should be. */
  private readonly marked: Set<number>;
  private readonly ofLayer = new Map<number, Set<number>>();

  constructor(
    readonly trace: Trace,
    readonly say: Say,
    { sample = 0, digits = 6, expand = [] }: Options,
  ) {
    const n = trace.x.rows;
    if (!(sample >= 0 && sample < n)) throw new RangeError(`the trace has samples 0 to ${n - 1}; got ${sample}`);
    this.sample = sample;
    this.numbers = new Numbers(digits, trace.single);
    const answers = [trace.layers[trace.layers.length - 1].y, ...(trace.step ? [trace.step.targets] : [])];
    this.marked = new Set(answers.map((table) => greatest(table.row(sample))));
    for (const part of trace.layers) this.ofLayer.set(part.index, new Set());
    for (const wanted of expand) this.expand(wanted);
  }

  private expand(wanted: Wanted): void {
    const [index, j] = typeof wanted === "number" ? [wanted, null] : wanted;
    const part = this.trace.layers.find((other) => other.index === index);
    if (!part || (j !== null && !(j >= 0 && j < part.y.columns))) return; // of a network that was there before
    for (const other of this.chain(part))
      for (const unit of j === null ? range(part.y.columns) : [j]) this.ofLayer.get(other.index)!.add(unit);
  }

  /** The layer and those that work on its neurons, up to the next dense layer. */
  chain(part: LayerTrace): LayerTrace[] {
    const { layers } = this.trace;
    const start = layers.indexOf(part) + 1;
    const end = layers.findIndex((other, i) => i >= start && (isDense(other) || other.y.columns !== part.y.columns));
    return [part, ...layers.slice(start, end < 0 ? undefined : end)];
  }

  // -------------------------------------------------------------- what is shown

  /** The outputs of a layer that are shown. */
  neurons(part: LayerTrace): number[] {
    const { layers } = this.trace;
    const marked = this.chain(part).includes(layers[layers.length - 1]) ? this.marked : [];
    const shown = new Set([...first(part.y.columns), ...marked, ...this.ofLayer.get(part.index)!]);
    return [...shown].sort((a, b) => a - b);
  }

  isExpanded = (part: LayerTrace, j: number): boolean => this.ofLayer.get(part.index)!.has(j);

  /** How sums for a neuron are written: cut, or in full where it is unfolded. */
  style(isFull: boolean): Style {
    return { numbers: this.numbers, most: isFull ? null : MOST_TERMS, say: this.say };
  }

  /** The rows of W whose weights to neuron j are shown: all but 0, or those that count most for its sum. */
  inputs(part: LayerTrace, j: number): number[] {
    const [begin, end] = inputsOf(part, j);
    const w = part.parameters.W.column(j);
    if (w.length <= MOST) return range(w.length);
    if (this.isExpanded(part, j)) {
      const used = range(w.length).filter((i) => part.x.column(begin + i).some((x) => x !== 0));
      return used.length ? used : [0];
    }
    const x = part.x.row(this.sample).slice(begin, end);
    const round = this.trace.single ? Math.fround : (product: number) => product;
    return largest(x.map((value, i) => round(value * w[i])), FEW);
  }

  /** A block of one number a neuron. */
  vector(name: string, formula: string, values: ArrayLike<number>, shown: number[], origin: (j: number) => Text): Block {
    const cell = (j: number): Cell => ({
      name: values.length === 1 ? name : indexed(name, String(j)),
      numbers: origin(j),
      value: this.numbers.of(values[j]),
    });
    const isShown = new Set(shown);
    const rest = range(values.length).filter((j) => !isShown.has(j));
    const folded = rest.slice(0, FOLDED).map(cell);
    return block(name, formula, [shown.map(cell)], folded, rest.length - folded.length);
  }

  /** A block of a layer's weights or of what belongs to them: a row a neuron, or one row. */
  table(
    part: LayerTrace,
    name: string,
    formula: string,
    values: Table,
    shown: number[],
    origin: (index: number[]) => Text,
  ): Block {
    if (values.isVector) return this.vector(name, formula, values.values, shown, (j) => origin([j]));
    const count = values.rows * values.columns;
    if (count > MOST ** 2) shown = shown.filter((j) => j < FEW || this.isExpanded(part, j));
    const element = name.replaceAll("W", "w");
    const rows = shown.map((j) =>
      this.inputs(part, j).map((i) => ({
        name: count === 1 ? element : indexed(element, `${i},${j}`),
        numbers: origin([i, j]),
        value: this.numbers.of(values.at(i, j)),
      })),
    );
    return block(name, formula, rows, [], count - rows.reduce((sum, row) => sum + row.length, 0));
  }

  // -------------------------------------------------------------- forward

  /** The inputs, and how they were scaled. */
  given(): Block {
    const { trace, numbers } = this;
    const [x, raw] = [trace.x.row(this.sample), trace.raw.row(this.sample)];
    const isLong = x.length > MOST && x.some((value) => value !== 0);
    const shown = isLong ? largest(x, FEW) : first(x.length);
    if (!trace.scaling) return this.vector("x", "", x, shown, () => null);
    const [offset, factor] = [trace.scaling.offset, trace.scaling.factor].map(
      (values) => (i: number) => values.length === 1 ? values[0] : values[i],
    );
    const scaled = (i: number): string => {
      if (!offset(i)) return product(raw[i], factor(i), numbers);
      return `(${numbers.of(raw[i])}${numbers.added(-offset(i), true)}) \\cdot ${numbers.factor(factor(i), true)}`;
    };
    const isMoved = Array.from(trace.scaling.offset).some(Boolean);
    const moved = isMoved ? "(\\text{raw} - \\text{offset})" : "\\text{raw}";
    return this.vector("x", `${moved} \\cdot \\text{factor}`, x, shown, scaled);
  }

  /** A layer's mask, where it has one, and its outputs. */
  forward(part: LayerTrace, shown: number[]): Block[] {
    const [formulas, s] = [formulaOf(part), this.sample];
    const blocks = part.kept.mask
      ? [this.vector("\\text{mask}", "", part.kept.mask.row(s), shown, () => null)]
      : [];
    const origin = (j: number) => formulas.output(part, s, j, this.style(this.isExpanded(part, j)));
    const outputs = this.vector(symbol(part.name), formulas.forward(part, this.say), part.y.row(s), shown, origin);
    return [...blocks, { ...outputs, neurons: { layer: part.index, units: shown } }];
  }

  // -------------------------------------------------------------- backward

  /** The gradient by a layer's inputs. */
  backward(part: LayerTrace, shown: number[]): Block | null {
    if (!part.dx) return null;
    const [formulas, s] = [formulaOf(part), this.sample];
    const before = this.before(part);
    const origin = (i: number) => {
      const isFull = before !== undefined && this.isExpanded(before, i);
      return formulas.inputGradient(part, s, i, this.style(isFull));
    };
    const formula = withDelta(part.source, formulas.backward(part, this.say));
    return this.vector(gradient(symbol(part.source)), formula, part.dx.row(s), shown, origin);
  }

  /** The layer that gives a layer's inputs. */
  private before = (part: LayerTrace) => this.trace.layers.find((other) => other.name === part.source);

  /** The inputs of a layer whose gradients are shown. */
  sources(part: LayerTrace): number[] {
    const before = this.before(part);
    return before ? this.neurons(before) : first(part.x.columns);
  }

  /** The gradients by a layer's weights. */
  gradients(part: LayerTrace, shown: number[]): Block[] {
    const formulas = formulaOf(part);
    return Object.entries(part.gradients).map(([key, values]) => {
      const origin = (index: number[]) => {
        const isFull = this.isExpanded(part, index[index.length - 1]);
        return formulas.weightGradient(part, key, index, this.style(isFull));
      };
      const name = gradient(symbolOf(part, key));
      return this.table(part, name, formulas.gradient(part, key, this.say) ?? "", values, shown, origin);
    });
  }
}

function greatest(row: number[]): number {
  return row.reduce((best, value, j) => (value > row[best] ? j : best), 0);
}

/** ∂C/∂z₁ is called δ₁ where it is found. */
export function withDelta(name: string, formula: string): string {
  return name.startsWith("z") && formula ? `${delta(name)} = ${formula}` : formula;
}

/** A symbol with its index, which goes inside ∂C/∂w, and after a prime. */
export function indexed(name: string, index: string): string {
  return name.startsWith("\\dd{") ? `${name.slice(0, -1)}[${index}]}` : `${name}[${index}]`;
}
