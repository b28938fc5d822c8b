/** What the figure trains: points of the plane, and the network that shall tell their classes. */
import { type Choices, KINDS, type Name } from "../../data2d/sets";
import type { Part, Training } from "../../engine/engine";

export interface Preset {
  data?: string;
  classes?: number;
  points?: number;
  noise?: number;
  seed?: number;
  layers?: number[];
  activation?: string | Part | null;
  weights?: string | Part | null;
  optimizer?: string | Part | null;
  loss?: string | Part | null;
  batch_size?: number;
  epochs?: number;
  units?: boolean;
}

export interface Settings {
  data: Name;
  choices: Choices;
  layers: number[];
  activation: Part | null;
  /** Null: He's for rectifiers, Glorot's for others. */
  weights: Part | null;
  optimizer: Part;
  loss: Part;
  batch_size: number;
  epochs: number;
}

/** The sets of points with classes; `gauss` is another name of `clouds`. */
export const SETS = (Object.keys(KINDS) as Name[]).filter((name) => KINDS[name].task === "classification");
export const ACTIVATIONS = ["ReLU", "Tanh", "Sigmoid", "Identity"];
const OTHER_NAMES: Record<string, Name> = { gauss: "clouds" };
const RECTIFIERS = ["ReLU", "LeakyReLU", "ELU", "GELU", "SiLU", "Mish", "Softplus"];

export const partOf = (given: string | Part): Part => (typeof given === "string" ? { type: given } : given);

export function settingsOf(preset: Preset): Settings {
  const { data = "spiral", classes, points = 300, noise = 0.08, seed = 0, layers = [16, 16], activation = "ReLU", weights, optimizer, loss, batch_size = 32, epochs = 300 } = preset;
  const name = OTHER_NAMES[data] ?? (SETS.includes(data as Name) ? (data as Name) : "spiral");
  return {
    data: name,
    choices: { points, noise, classes: classes ?? (name === "spiral" ? 3 : 2), seed },
    layers: [...layers],
    activation: activation === null ? null : partOf(activation),
    weights: weights ? partOf(weights) : null,
    optimizer: partOf(optimizer ?? { type: "Adam", learning_rate: 0.01 }),
    loss: partOf(loss ?? "CategoricalCrossEntropy"),
    batch_size,
    epochs,
  };
}

/** How many classes a set has when so many are wished. */
export function classesOf({ data, choices }: Settings): number {
  const range = (KINDS[data] as { classes?: readonly number[] }).classes ?? [2, 2];
  return Math.min(range[1], Math.max(range[0], choices.classes));
}

export function trainingOf(settings: Settings): Training {
  const { layers, activation, optimizer, loss, batch_size, epochs } = settings;
  const classes = classesOf(settings);
  const rectifies = RECTIFIERS.includes(activation?.type ?? "");
  const weights = settings.weights ?? { type: rectifies ? "HeNormal" : "GlorotUniform" };
  const hidden = layers.flatMap((units): Part[] => [{ type: "Dense", units, weights }, ...(activation && activation.type !== "Identity" ? [activation] : [])]);
  const single = loss.type === "BinaryCrossEntropy" && classes === 2;
  const end: Part[] = [{ type: "Dense", units: single ? 1 : classes, ...(settings.weights ? { weights } : {}) }, { type: loss.type === "CategoricalCrossEntropy" ? "Softmax" : "Sigmoid" }];
  return { layers: [...hidden, ...end], random_state: settings.choices.seed, scaling: null, loss, optimizer, penalties: [], schedule: null, epochs, batch_size, shuffle: true, clip_norm: null }; // prettier-ignore
}
