/** The figures by their names in the documentation; presets.json says what each may be given. */
import type { Component } from "svelte";

import Descent from "./Descent.svelte";
import Forward from "./Forward.svelte";
import Neuron from "./Neuron.svelte";
import NeuronPair from "./NeuronPair.svelte";
import Softmax from "./Softmax.svelte";

// Each takes its own kind of preset, which the documentation's build has checked.
export type Content = Component<{ preset: any }>;

/** Those that need a network's engine or its trace are loaded by the pages that have them. */
export const FIGURES = {
  forward: async () => Forward,
  neuron: async () => Neuron,
  "neuron-pair": async () => NeuronPair,
  softmax: async () => Softmax,
  descent: async () => Descent,
  backprop: async () => (await import("./Backprop.svelte")).default,
  spiral: async () => (await import("./Spiral.svelte")).default,
  digits: async () => (await import("./Digits.svelte")).default,
} satisfies Record<string, () => Promise<Content>>;

export type FigureName = keyof typeof FIGURES;

export const isFigure = (name: string): name is FigureName => Object.hasOwn(FIGURES, name);
