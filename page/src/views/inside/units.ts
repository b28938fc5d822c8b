/** Units of a layer: where their outgoing weights lie, and which of them answer. */

import type { Plan, Stage } from "../../engine/engine";
import { argumentOf } from "../../trace/parts";

/** A piece of theta. */
export interface Piece {
  begin: number;
  count: number;
}

const PASSING = ["Dropout", "Scale", "BatchNorm", "LayerNorm"];

/** The weights that lead from a unit of a layer to the next dense one; none where there is none, or no such weights. */
export function outgoing(plan: Plan, layer: number, unit: number): Piece[] {
  const place = plan.stages.findIndex((stage) => stage.index === layer);
  for (const stage of plan.stages.slice(place + 1)) {
    if (stage.layer.type === "Dense") return rowOf(stage, unit);
    if (stage.n_out !== stage.n_in || (stage.arrays.length && !PASSING.includes(stage.layer.type))) return [];
  }
  return [];
}

/** A row of W: of the columns that read the input's group. */
function rowOf(stage: Stage, input: number): Piece[] {
  const W = stage.arrays.find((array) => array.name === "W")!;
  const [rows, columns] = W.shape;
  const groups = Number(argumentOf(stage.layer, "groups"));
  const count = columns / groups;
  const group = Math.floor(input / rows);
  return [{ begin: W.begin + (input % rows) * columns + group * count, count }];
}

/** The hidden dense layers, whose units can be switched off, each with the layer that gives their answers. */
export function hidden(plan: Plan): { dense: Stage; answers: Stage }[] {
  return plan.stages.flatMap((stage, i) => {
    if (stage.layer.type !== "Dense" || !outgoing(plan, stage.index, 0).length) return [];
    const next = plan.stages[i + 1];
    const answers = next.layer.type === "Dense" || PASSING.includes(next.layer.type) ? afterNorm(plan, i) : next;
    return [{ dense: stage, answers }];
  });
}

/** The activation after a normalization, or else the dense layer itself. */
function afterNorm(plan: Plan, place: number): Stage {
  let at = place + 1;
  while (plan.stages[at] && PASSING.includes(plan.stages[at].layer.type)) at++;
  const found = plan.stages[at];
  return found && found.layer.type !== "Dense" && found.n_out === plan.stages[place].n_out ? found : plan.stages[place];
}

/** Dead: always 0. Saturated: nearly always at an end of its range. Constant: always the same. */
export type Condition = "" | "dead" | "saturated" | "constant";

export interface Unit {
  unit: number;
  /** The share of rows in which it answers: not 0, or of a sigmoid or tanh not at an end. */
  active: number;
  mean: number;
  low: number;
  high: number;
  condition: Condition;
}

const NEAR = 0.02; // an end of a range of length 1
const SHARE = 0.95; // of the rows

/** What each unit of a layer answers over rows: `outputs` are rows of so many units. */
export function unitsOf(outputs: ArrayLike<number>, units: number, type: string): Unit[] {
  const n = outputs.length / units;
  return Array.from({ length: units }, (_, unit) => {
    let [sum, low, high, active] = [0, Infinity, -Infinity, 0];
    for (let i = unit; i < outputs.length; i += units) {
      const y = outputs[i];
      sum += y;
      low = Math.min(low, y);
      high = Math.max(high, y);
      active += Number(!isAtEnd(y, type));
    }
    const found = { unit, active: active / n, mean: sum / n, low, high };
    return { ...found, condition: conditionOf(found, type) };
  });
}

function isAtEnd(y: number, type: string): boolean {
  if (type === "Sigmoid") return y < NEAR || y > 1 - NEAR;
  if (type === "Tanh") return Math.abs(y) > 1 - 2 * NEAR;
  return y === 0;
}

function conditionOf({ active, low, high }: Omit<Unit, "condition">, type: string): Condition {
  if (type === "ReLU" && active === 0) return "dead";
  if ((type === "Sigmoid" || type === "Tanh") && active <= 1 - SHARE) return "saturated";
  return high - low <= 1e-6 * Math.max(1, Math.abs(low), Math.abs(high)) ? "constant" : "";
}
