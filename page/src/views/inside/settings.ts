/** One setting of a training, changed to other values, as a sweep runs through them. */

import type { Part, Training } from "../../engine/engine";
import { argumentOf, factsOf } from "../../trace/parts";
import { parse } from "../../words/words.svelte";

export const NUMBERS = ["learning_rate", "batch_size", "random_state", "units", "l2"] as const;
export const NAMES = ["activation", "optimizer", "weights"] as const;
export type Setting = (typeof NUMBERS)[number] | (typeof NAMES)[number];

export const MOST_RUNS = 8;
export const MOST_EPOCHS = 1000;

export const isNumber = (setting: Setting): boolean => (NUMBERS as readonly string[]).includes(setting);

const isHiddenDense = (layers: Part[], i: number): boolean =>
  layers[i].type === "Dense" && layers.slice(i + 1).some((layer) => layer.type === "Dense");
const isActivation = (layer: Part): boolean => factsOf(layer).is_activation === true;

/** What the setting is now; null where the network has none. */
export function valueOf(training: Training, setting: Setting): string | number | null {
  const { layers, optimizer } = training;
  const dense = layers.findIndex((_, i) => isHiddenDense(layers, i));
  if (setting === "learning_rate") return argumentOf(optimizer, "learning_rate") as number;
  if (setting === "batch_size" || setting === "random_state") return training[setting];
  if (setting === "optimizer") return optimizer.type;
  if (setting === "l2") return (training.penalties.find(({ type }) => type === "L2")?.weights as number | undefined) ?? 0;
  if (dense < 0) return null;
  if (setting === "units") return layers[dense].units as number;
  if (setting === "weights") return ((layers[dense].weights as Part | undefined)?.type ?? "GlorotUniform") as string;
  return layers.slice(dense).find((layer, i) => isActivation(layer) && dense + i < layers.length - 1)?.type ?? null;
}

/** The same training with another value: units, activation and first weights are those of all hidden layers. */
export function withValue(training: Training, setting: Setting, value: string | number): Training {
  const { layers } = training;
  if (setting === "batch_size" || setting === "random_state") return { ...training, [setting]: Number(value) };
  if (setting === "learning_rate")
    return { ...training, optimizer: { ...training.optimizer, learning_rate: Number(value) } };
  if (setting === "optimizer") {
    const { learning_rate } = training.optimizer;
    return { ...training, optimizer: { type: String(value), ...(learning_rate !== undefined && { learning_rate }) } };
  }
  if (setting === "l2") {
    const others = training.penalties.filter(({ type }) => type !== "L2");
    return { ...training, penalties: Number(value) ? [...others, { type: "L2", weights: Number(value) }] : others };
  }
  const change = (layer: Part, i: number): Part => {
    if (setting === "activation") return isActivation(layer) && isBetween(layers, i) ? { type: String(value) } : layer;
    if (!isHiddenDense(layers, i)) return layer;
    return { ...layer, ...(setting === "units" ? { units: Number(value) } : { weights: { type: String(value) } }) };
  };
  return { ...training, layers: layers.map(change) };
}

/** After a hidden dense layer, and before the last one. */
function isBetween(layers: Part[], i: number): boolean {
  const isDense = ({ type }: Part) => type === "Dense";
  return layers.slice(0, i).some(isDense) && layers.slice(i + 1).some(isDense);
}

/** Typed values, apart by spaces or semicolons; null where one of them is no number. */
export function valuesOf(text: string): number[] | null {
  const values = text.split(/[\s;]+/).filter(Boolean).map(parse);
  return values.length && values.every(Number.isFinite) ? values : null;
}
