/** The columns of the diagram: the inputs, then each dense layer with what follows it. */
import type { Plan, Stage } from "../../../engine/engine";

export interface Column {
  /** The dense layer; null of the inputs. */
  dense: Stage | null;
  /** All its layers: the dense one and those after it. */
  stages: Stage[];
  /** The layer whose outputs it shows; -1: the inputs themselves. */
  last: number;
  n: number;
}

export function columnsOf(plan: Plan): Column[] {
  const columns: Column[] = [{ dense: null, stages: [], last: -1, n: plan.n_in }];
  for (const stage of plan.stages) {
    if (stage.layer.type === "Dense") columns.push({ dense: stage, stages: [stage], last: stage.index, n: stage.n_out });
    else {
      const column = columns[columns.length - 1];
      column.stages.push(stage);
      column.last = stage.index;
    }
  }
  return columns;
}

function array(column: Column, name: string): Stage["arrays"][number] | undefined {
  return column.dense?.arrays.find((found) => found.name === name);
}

/** Where the weight from an input to a neuron lies in theta; -1 if there is none. */
export function weightAt(column: Column, from: number, to: number): number {
  const weights = array(column, "W");
  return weights && weights.shape[0] === column.dense!.n_in ? weights.begin + from * weights.shape[1] + to : -1;
}

/** Where a neuron's bias lies in theta; -1 if it has none. */
export function biasAt(column: Column, neuron: number): number {
  const biases = array(column, "b");
  return biases ? biases.begin + neuron : -1;
}

/** The last layer after the dense one that changes what it shows: its activation, mostly. */
export function activationOf(column: Column): string | null {
  const after = column.stages.filter((stage) => stage !== column.dense && stage.layer.type !== "Dropout");
  return after[after.length - 1]?.layer.type ?? null;
}
