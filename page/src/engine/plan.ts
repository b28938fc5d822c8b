/** The plan of a network: its layers at their places, and what the C++ engine is told of them (engine/plan.py). */
import { complete, formOf, info, shown, type ArrayInfo, type LayerInfo, type RuleInfo } from "./catalogue";
import { type Part, type Plan, Refusal, type Stage, type Training, type Value } from "./engine";
import type { Argument } from "./values";

const TINY = 2 ** -126; // float32's least normal number
const MOST = 2 ** 28; // parameters

export interface Compiled extends Plan {
  loss: Part;
  optimizer: Part;
  rule: RuleInfo;
  penalties: Part[];
  terms: Term[];
}

/** A penalty on one array. */
export interface Term {
  penalty: Part;
  begin: number;
  length: number;
  strength: number;
}

/** The layers with all their arguments, and where their arrays lie. */
export function compileLayers(layers: Part[], n_in: number): Stage[] {
  if (!Array.isArray(layers) || !layers.length) throw new Refusal("a plan needs at least one layer");
  const stages: Stage[] = [];
  let at = 0;
  for (const [index, given] of layers.entries()) {
    const layer = complete("layers", given);
    const facts = info("layers", layer);
    const n_out = outputsOf(layer, n_in);
    const arrays = facts.arrays.map((array) => {
      const shape = array.shape.map((size) => sizeOf(size, layer, n_in));
      const begin = at;
      at += shape.reduce((product, n) => product * n, 1);
      return { name: array.name, begin, shape };
    });
    if (at > MOST) throw new Refusal(`layer ${index} (${shown(layer)}) brings the parameters to more than 2^28`);
    stages.push({ index, layer, n_in, n_out, arrays });
    n_in = n_out;
  }
  if (stages.every((stage) => info("layers", stage.layer).draws))
    throw new Refusal("Network needs at least one layer besides dropout: Network([Dense(10), Softmax()])");
  return stages;
}

function sizeOf(size: string, layer: Part, n_in: number): number {
  if (size === "n_in") return n_in;
  return size === "units" ? (layer.units as number) : n_in / (layer.groups as number);
}

function outputsOf(layer: Part, n_in: number): number {
  if (layer.type === "Dense") {
    const { units, groups } = layer as unknown as { units: number; groups: number };
    if (units % groups) throw new Refusal(`Dense: units must be a multiple of groups=${groups}; got ${units}`);
    if (n_in % groups) throw new Refusal(`${shown(layer)} needs a multiple of ${groups} inputs; it has ${n_in}`);
    return units;
  }
  if (layer.type !== "PiecewiseLinear") return n_in;
  const knots = knotsOf(layer);
  if (n_in < knots.length)
    throw new Refusal(`${shown(layer)} has knots for ${knots.length} inputs, but ${n_in} come in`);
  return n_in + knots.reduce((sum, each) => sum + Math.max(each.length - 1, 0), 0);
}

function knotsOf(layer: Part): number[][] {
  const knots = layer.knots as unknown as number[][];
  const right = Array.isArray(knots) && knots.every((each) => Array.isArray(each) && each.every(Number.isFinite));
  if (!right) throw new Refusal(`PiecewiseLinear: knots must be a list of numbers for each input; got ${shown(layer.knots)}`);
  for (const [i, each] of knots.entries())
    if (each.some((knot, j) => j > 0 && !(knot - each[j - 1] >= 1e-38)))
      throw new Refusal(`PiecewiseLinear: knots[${i}] must be finite and ascend by 1e-38 or more; got ${shown(each)}`);
  return knots;
}

/** Plans a training; refuses what cannot be trained. */
export function compile(training: Training, n_in: number): Compiled {
  const stages = compileLayers(training.layers, n_in);
  const loss = complete("losses", training.loss);
  const optimizer = complete("optimizers", training.optimizer);
  const penalties = training.penalties.map((penalty) => complete("penalties", penalty));
  const last = stages[stages.length - 1];
  checkTraining(stages, loss);
  const { terms, used } = termsOf(stages, penalties);
  return {
    stages,
    n_in,
    n_out: last.n_out,
    n_theta: stages.flatMap((stage) => stage.arrays).reduce((sum, array) => sum + sizeOfArray(array.shape), 0),
    fused: info("losses", loss).fuses_with === last.layer.type,
    loss,
    optimizer,
    rule: formOf(info("optimizers", optimizer).rules, optimizer),
    penalties: used,
    terms,
  };
}

export function sizeOfArray(shape: number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** The penalties of a layer: its own, or null where the network's hold. */
function ownPenalties(layer: Part): Part[] | null {
  const given = layer.penalty;
  if (given === null || given === undefined) return "penalty" in layer ? null : null;
  const items = Array.isArray(given) ? given : (given as Part).type === "tuple" ? (given as Part).items : [given];
  return (items as Part[]).map((penalty) => complete("penalties", penalty));
}

function termsOf(stages: Stage[], penalties: Part[]): { terms: Term[]; used: Part[] } {
  const terms: Term[] = [];
  for (const stage of stages) {
    const own = ownPenalties(stage.layer) ?? penalties;
    for (const [i, array] of info("layers", stage.layer).arrays.entries()) {
      if (array.statistic) continue;
      for (const penalty of own) {
        const strength = (array.bias ? penalty.biases : penalty.weights) as number;
        const { begin, shape } = stage.arrays[i];
        if (strength) terms.push({ penalty, begin, length: sizeOfArray(shape), strength });
      }
    }
  }
  return { terms, used: [...new Set(terms.map((term) => term.penalty))] };
}

// ---------------------------------------------------------------- what cannot be trained

const KINDS = ["values", "probabilities", "distribution"];
const WORDS: Record<string, string> = {
  values: "any number",
  probabilities: "numbers from 0 to 1",
  distribution: "probabilities that sum to 1",
};

function checkTraining(stages: Stage[], loss: Part): void {
  let learns = false;
  for (const stage of stages) {
    const facts = info("layers", stage.layer);
    if (learns && !facts.differentiable)
      throw new Refusal(
        `${nameOf(stage)} has gradient 0 everywhere, so no layer before it can learn; ` +
          "train with Sigmoid() or another smooth activation in its place",
      );
    learns ||= facts.arrays.length > 0;
  }
  checkOutputs(stages, loss);
}

function checkOutputs(stages: Stage[], loss: Part): void {
  const n_out = stages[stages.length - 1].n_out;
  const ending = stages.findLast((stage) => !info("layers", stage.layer).draws)!;
  const { takes } = info("losses", loss);
  const { gives } = info("layers", ending.layer);
  const weights = loss.pos_weight;
  if (Array.isArray(weights) && weights.length !== n_out)
    throw new Refusal(
      `BinaryCrossEntropy: pos_weight has ${weights.length} numbers, the network ${n_out} outputs: give one for each ` +
        "output, or a single number for all",
    );
  if (gives !== "unknown" && KINDS.indexOf(gives) < KINDS.indexOf(takes))
    throw new Refusal(
      `${shown(loss)} takes ${WORDS[takes]}, but the network ends with ${nameOf(ending)}, which gives ` +
        `${WORDS[gives]}: end with ${takes === "distribution" ? "Softmax()" : "Sigmoid()"}`,
    );
  if (n_out === 1 && gives === "distribution")
    throw new Refusal(
      `the network ends with ${nameOf(ending)}, and the softmax of a single output is always 1: ` +
        "use Dense(2), or Sigmoid() in its place",
    );
}

export function nameOf(stage: Stage): string {
  return `layer ${stage.index} (${shown(stage.layer)})`;
}

// ---------------------------------------------------------------- as the C++ engine takes it

/** The arguments of `make_native`: for training and evaluation, or for the outputs of the first layers. */
export function nativePlan(plan: Compiled, layers = plan.stages.length): Argument {
  const stages = plan.stages.slice(0, layers);
  const whole = layers === plan.stages.length;
  const idle = stages.every((stage) => info("layers", stage.layer).draws); // dropout, which prediction leaves out
  return {
    layers: stages.map((stage) => (idle ? identity(stage.n_in) : nativeLayer(plan, stage, true))),
    loss: whole ? nativeLoss(plan) : null,
    penalties: plan.penalties.map((penalty) => ({ name: penalty.type, settings: {}, formulas: null })),
    n_theta: plan.n_theta,
  };
}

export function identity(n: number): Argument {
  return { name: "Identity", settings: {}, n_in: n, n_out: n, parts: [], formula: null, intervals: null };
}

export function nativeLayer(plan: Compiled, stage: Stage, penalized: boolean): Argument {
  const facts = info("layers", stage.layer);
  return {
    name: stage.layer.type,
    settings: Object.fromEntries(facts.numbers.map((name) => [name, stage.layer[name] as number])),
    n_in: stage.n_in,
    n_out: stage.n_out,
    parts: stage.arrays.map((array, i) => ({
      begin: array.begin,
      rate: rateOf(stage, facts, facts.arrays[i]),
      terms: plan.terms
        .filter((term) => penalized && term.begin === array.begin)
        .map((term) => ({
          penalty: plan.penalties.indexOf(term.penalty),
          strength: term.strength,
          by_batch: Boolean(term.penalty.per_batch),
        })),
    })),
    formula: null,
    intervals: intervalsOf(stage.layer),
  };
}

function rateOf(stage: Stage, facts: LayerInfo, array: ArrayInfo): number {
  if (array.statistic) return 0;
  if (array.rate === null) return 1;
  const rate = stage.layer[array.rate];
  if (typeof rate === "number") return rate;
  if (rate !== "ntk") throw new Refusal(`${facts.name}: weight_rate must be a number or "ntk"; got ${shown(rate)}`);
  return 1 / Math.sqrt(Math.floor(stage.n_in / (stage.layer.groups as number)));
}

function intervalsOf(layer: Part): Argument {
  if (layer.type !== "PiecewiseLinear") return null;
  const pieces = knotsOf(layer).flatMap((each, column) => each.slice(1).map((high, j) => ({ column, low: each[j], high })));
  return {
    column: pieces.map((piece) => piece.column),
    low: pieces.map((piece) => piece.low),
    factor: pieces.map((piece) => 1 / (piece.high - piece.low)),
  };
}

export function nativeLoss(plan: Compiled): Argument {
  const settings: Record<string, Argument> = { reduction: reductionOf(plan.loss) };
  for (const [name, value] of Object.entries(plan.loss)) {
    if (typeof value === "number") settings[name] = name === "epsilon" ? Math.max(value, TINY) : value;
    else if (Array.isArray(value)) settings[name] = value.map((one) => Math.fround(one as number));
  }
  return { name: plan.loss.type, settings, fused: plan.fused, formulas: null };
}

function reductionOf(loss: Part): string {
  const given: Value | undefined = loss.reduction;
  if (given === undefined) return info("losses", loss).reduction;
  if (given === "mean" || given === "sum") return given;
  throw new Refusal(`${loss.type}: reduction must be "mean" or "sum"; got ${shown(given)}`);
}
