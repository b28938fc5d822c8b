/** The figures by their names in the documentation; presets.json says what each may be given. */
import type { Component } from "svelte";

import Backprop from "./Backprop.svelte";
import Descent from "./Descent.svelte";
import Digits from "./Digits.svelte";
import Forward from "./Forward.svelte";
import Neuron from "./Neuron.svelte";
import NeuronPair from "./NeuronPair.svelte";
import Softmax from "./Softmax.svelte";
import Spiral from "./Spiral.svelte";

// Each takes its own kind of preset, which the documentation's build has checked.
type Content = Component<{ preset: any }>;

export const FIGURES = {
  forward: Forward,
  neuron: Neuron,
  "neuron-pair": NeuronPair,
  softmax: Softmax,
  descent: Descent,
  backprop: Backprop,
  spiral: Spiral,
  digits: Digits,
} satisfies Record<string, Content>;

export type FigureName = keyof typeof FIGURES;

export const isFigure = (name: string): name is FigureName => Object.hasOwn(FIGURES, name);
