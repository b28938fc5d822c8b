/** The figures by their names in the documentation; presets.json says what each may be given. */
import type { Component } from "svelte";

import Backprop from "./Backprop.svelte";
import Neuron from "./Neuron.svelte";
import Spiral from "./Spiral.svelte";

// Each takes its own kind of preset, which the documentation's build has checked.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Content = Component<{ preset: any }>;

export const FIGURES = { backprop: Backprop, neuron: Neuron, spiral: Spiral } satisfies Record<string, Content>;

export type FigureName = keyof typeof FIGURES;

export const isFigure = (name: string): name is FigureName => Object.hasOwn(FIGURES, name);
