/** Whole settings to begin with, and settings brought to other data. */
import type { Data, Part, Training } from "../../engine/engine";
import { blocks, flat, withSlot } from "./blocks";
import { part } from "./catalogue";

export type Task = Data["task"];

/** What the data ask of the last layer. */
export interface Outputs {
  task: Task;
  n_out: number;
}

export type Preset = "small" | "deep" | "wide" | "regular" | "linear";
export const PRESETS: Preset[] = ["small", "deep", "wide", "regular", "linear"];

function hidden(units: number[], activation: string, weights: string, after: Part[] = []): Part[] {
  return units.flatMap((n) => [part("layers", "Dense", { units: n, weights: { type: weights } }), part("layers", activation), ...after]);
}

const HIDDEN: Record<Preset, () => Part[]> = {
  small: () => hidden([8, 8], "Tanh", "GlorotUniform"),
  deep: () => hidden([8, 8, 8, 8], "ReLU", "HeNormal"),
  wide: () => hidden([64], "ReLU", "HeNormal"),
  regular: () => hidden([32, 32], "ReLU", "HeNormal", [{ type: "Dropout", rate: 0.1 }]),
  linear: () => [],
};

export function preset(name: Preset, outputs: Outputs): Training {
  const training: Training = {
    layers: [...HIDDEN[name](), part("layers", "Dense", { units: 1 })],
    random_state: 0,
    scaling: null,
    loss: { type: "MeanSquaredError" },
    optimizer: { type: name === "regular" ? "AdamW" : "Adam", learning_rate: 0.01 },
    penalties: name === "regular" ? [{ type: "L2", weights: 0.0001 }] : [],
    schedule: null,
    epochs: 200,
    batch_size: 16,
    shuffle: true,
    clip_norm: null,
  };
  return forOutputs(training, outputs);
}

/** The losses of a task, the usual one first. */
const LOSSES: Record<Task, string[]> = {
  classification: ["CategoricalCrossEntropy", "BinaryCrossEntropy"],
  regression: ["MeanSquaredError", "MeanAbsoluteError", "Huber", "Poisson", "Quantile", "QuadraticCost"],
};
const LAST: Record<Task, string[]> = { classification: ["Softmax", "Sigmoid"], regression: [] };

/** The same settings for data that have other outputs: the last layer's units and, where the task is another, its end and loss. */
export function forOutputs(training: Training, { task, n_out }: Outputs, was?: Task): Training {
  const groups = blocks(training.layers);
  const last = groups[groups.length - 1];
  if (!last?.dense) return training;
  const same = was ? was === task : LOSSES[task].includes(training.loss.type);
  const single = same && task === "classification" && n_out === 2 && last.dense.units === 1;
  last.dense = { ...last.dense, units: single ? 1 : n_out };
  if (same) return { ...training, layers: flat(groups) };
  const [end] = LAST[task];
  groups[groups.length - 1] = withSlot(last, "activation", end ? { type: end } : null);
  return { ...training, layers: flat(groups), loss: { type: LOSSES[task][0] } };
}
