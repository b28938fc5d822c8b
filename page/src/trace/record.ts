/** What a trace holds: the numbers of each layer and of the step, by name (explain/trace/record.py). */

import type { LayerNumbers, Part, Plan, Stage, StepNumbers } from "../engine/engine.ts";
import { symbol } from "./notation.ts";
import { factsOf, slopeOf, ratesOf } from "./parts.ts";

/** Rows of numbers; a vector has one row. */
export class Table {
  readonly rows: number;

  constructor(
    readonly values: ArrayLike<number>,
    readonly columns: number,
    /** An array of one dimension. */
    readonly isVector = false,
  ) {
    this.rows = values.length / columns;
  }

  at = (i: number, j: number): number => this.values[i * this.columns + j];
  row = (i: number): number[] => Array.from({ length: this.columns }, (_, j) => this.at(i, j));
  column = (j: number): number[] => Array.from({ length: this.rows }, (_, i) => this.at(i, j));
}

export type Tables = { [name: string]: Table };

export interface LayerTrace {
  index: number;
  layer: Part;
  /** What its outputs and its inputs are called: "z1" after the first dense layer, "a1" after its activation. */
  name: string;
  source: string;
  x: Table;
  y: Table;
  kept: Tables;
  parameters: Tables;
  /** What the parameters are called: { W: "W1" }. */
  names: { [parameter: string]: string };
  dy: Table | null;
  dx: Table | null;
  /** Without penalties; what penalties add; what the optimizer was given. */
  gradients: Tables;
  penalties: Tables;
  totals: Tables;
  states: { [parameter: string]: Tables };
  newStates: { [parameter: string]: Tables };
  new: Tables;
  newY: Table | null;
  /** What share of the step a parameter makes, where that is not all of it. */
  rates: { [parameter: string]: number };
}

/** What a parameter is called in formulas: W_{1}, and w_{1} if it is one number. */
export function symbolOf({ names, parameters }: LayerTrace, parameter: string): string {
  const name = symbol(names[parameter]);
  return parameters[parameter].values.length === 1 ? name.replace("W", "w") : name;
}

export interface PenaltyTrace {
  penalty: Part;
  name: string;
  factor: number;
  value: number;
}

export interface StepTrace {
  loss: Part;
  optimizer: Part;
  number: number;
  rate: number;
  targets: Table;
  losses: ArrayLike<number>;
  terms: Table | null;
  averages: boolean;
  fused: boolean;
  penalties: PenaltyTrace[];
  cost: number;
  newCost: number;
}

export interface Scaling {
  offset: ArrayLike<number>;
  factor: ArrayLike<number>;
}

export interface Trace {
  raw: Table;
  x: Table;
  layers: LayerTrace[];
  /** What the network says of each sample, as text. */
  answers: string[];
  /** Null for a prediction. */
  step: StepTrace | null;
  scaling: Scaling | null;
  /** The network is in float32. */
  single: boolean;
}

/** In single or in double precision. */
type AnyStep = StepNumbers<ArrayLike<number>>;
type AnyKept = LayerNumbers<ArrayLike<number>>["kept"];

/** What the rows were before they were scaled, and what scaled them; null where nothing does. */
export interface Given {
  raw: ArrayLike<number>;
  scaling: Scaling;
}

/** The trace of one training step. */
export function ofStep(
  plan: Plan,
  parts: { loss: Part; optimizer: Part },
  numbers: AnyStep,
  given: Given | null = null,
): Trace {
  const x = new Table(numbers.x, plan.n_in);
  const layers = chained(plan.stages, x, numbers.layers, numbers.before);
  layers.forEach((layer, i) => learn(layer, plan.stages[i], numbers));
  addPenalties(layers, plan, numbers);
  const loss = factsOf(parts.loss);
  const step: StepTrace = {
    loss: parts.loss,
    optimizer: parts.optimizer,
    number: numbers.step,
    rate: numbers.learning_rate,
    targets: new Table(numbers.targets, plan.n_out),
    losses: numbers.losses,
    terms: numbers.terms && new Table(numbers.terms, plan.n_out),
    averages: plan.n_out > 1 && (parts.loss.reduction ?? loss.reduction) === "mean",
    fused: plan.fused,
    penalties: numbers.penalties.map(({ penalty, begin, factor, value }) => ({
      penalty,
      name: nameOf(layers, plan, begin),
      factor,
      value,
    })),
    cost: numbers.cost,
    newCost: numbers.new_cost,
  };
  return { ...inputs(x, given, numbers.x), layers, answers: [], step };
}

/** The trace of a prediction, from the outputs of each layer that works in it. */
export function ofPrediction(
  plan: Plan,
  theta: ArrayLike<number>,
  x: ArrayLike<number>,
  outputs: ArrayLike<number>[],
  answers: string[],
  given: Given | null = null,
): Trace {
  const stages = plan.stages.filter(({ layer }) => layer.type !== "Dropout");
  const table = new Table(x, plan.n_in);
  const layers = chained(stages, table, outputs.map((y) => ({ y, kept: {} })), theta);
  return { ...inputs(table, given, x), layers, answers, step: null };
}

function inputs(x: Table, given: Given | null, values: ArrayLike<number>) {
  return {
    x,
    raw: given ? new Table(given.raw, x.columns) : x,
    scaling: given ? given.scaling : null,
    single: !(values instanceof Float64Array),
  };
}

/** The layers with their names, inputs, outputs and weights. */
function chained(
  stages: Stage[],
  x: Table,
  outputs: { y: ArrayLike<number>; kept: AnyKept }[],
  theta: ArrayLike<number>,
): LayerTrace[] {
  const used = new Set(["x", "y"]);
  let [source, number] = ["x", 0];
  return stages.map((stage, i) => {
    const isDense = stage.layer.type === "Dense";
    number += Number(isDense);
    const name = unused(`${isDense ? "z" : factsOf(stage.layer).is_activation ? "a" : "h"}${number}`, used);
    const names = Object.fromEntries(stage.arrays.map((a) => [a.name, unused(`${a.name}${number}`, used)]));
    const y = new Table(outputs[i].y, stage.n_out);
    const layer: LayerTrace = {
      index: stage.index,
      layer: stage.layer,
      name,
      source,
      x,
      y,
      kept: keptOf(outputs[i].kept, stage),
      parameters: tablesOf(stage, theta),
      names,
      dy: null,
      dx: null,
      gradients: {},
      penalties: {},
      totals: {},
      states: {},
      newStates: {},
      new: {},
      newY: null,
      rates: {},
    };
    [x, source] = [y, name];
    return layer;
  });
}

function unused(name: string, used: Set<string>): string {
  while (used.has(name)) name += "~";
  used.add(name);
  return name;
}

function keptOf(kept: AnyKept, stage: Stage): Tables {
  const isWide = (name: string) => name === "mask" || name === "normal";
  return Object.fromEntries(
    Object.entries(kept).map(([name, values]) => [
      name,
      isWide(name) ? new Table(values, stage.n_out) : new Table(values, values.length, true),
    ]),
  );
}

/** A layer's arrays, from a flat vector like theta. */
function tablesOf(stage: Stage, flat: ArrayLike<number>, learned = false): Tables {
  const statistics = learned ? (factsOf(stage.layer).statistics ?? []) : [];
  const arrays = stage.arrays.filter((a) => !statistics.includes(a.name));
  return Object.fromEntries(
    arrays.map(({ name, begin, shape }) => {
      const count = shape.reduce((a, b) => a * b, 1);
      return [name, new Table(part(flat, begin, begin + count), shape[shape.length - 1], shape.length === 1)];
    }),
  );
}

/** A part of a flat vector, not copied where it is a typed array. */
function part(flat: ArrayLike<number>, begin: number, end: number): ArrayLike<number> {
  if (flat instanceof Float32Array || flat instanceof Float64Array) return flat.subarray(begin, end);
  return Array.from(flat).slice(begin, end);
}

/** Add what backward and the update have found. */
function learn(layer: LayerTrace, stage: Stage, numbers: AnyStep): void {
  const { y, new_y, dy, dx } = numbers.layers[stage.index];
  layer.y = new Table(y, stage.n_out);
  layer.newY = new Table(new_y, stage.n_out);
  layer.dy = dy && new Table(dy, stage.n_out);
  layer.dx = dx && new Table(dx, stage.n_in);
  layer.gradients = tablesOf(stage, numbers.gradient, true);
  layer.totals = tablesOf(stage, numbers.total, true);
  layer.new = tablesOf(stage, numbers.after);
  layer.rates = ratesOf(stage.layer, stage.n_in);
  for (const name of Object.keys(layer.gradients)) {
    const states = (which: "before" | "after"): Tables =>
      Object.fromEntries(numbers.states.map((state) => [state.name, tablesOf(stage, state[which])[name]]));
    layer.states[name] = states("before");
    layer.newStates[name] = states("after");
  }
}

function addPenalties(layers: LayerTrace[], plan: Plan, numbers: AnyStep): void {
  const round = numbers.x instanceof Float64Array ? (x: number) => x : Math.fround;
  for (const { penalty, begin, factor } of numbers.penalties) {
    const [layer, name] = placeOf(layers, plan, begin);
    const { values, columns, isVector } = layer.parameters[name];
    const before = layer.penalties[name]?.values;
    const added = Array.from(values, (w, i) =>
      round((before?.[i] ?? 0) + round(round(factor) * round(slopeOf(penalty, w)))),
    );
    layer.penalties[name] = new Table(added, columns, isVector);
  }
}

function placeOf(layers: LayerTrace[], plan: Plan, begin: number): [LayerTrace, string] {
  for (const [i, stage] of plan.stages.entries())
    for (const array of stage.arrays) if (array.begin === begin) return [layers[i], array.name];
  throw new RangeError(`no array begins at ${begin}`);
}

function nameOf(layers: LayerTrace[], plan: Plan, begin: number): string {
  const [layer, name] = placeOf(layers, plan, begin);
  return layer.names[name];
}
