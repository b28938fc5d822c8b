/** Steps of layerwise's optimizers on a few parameters, by the formulas that Python has traced. */
import type { Part } from "../engine/engine";
import { argumentOf, numbersOf, ruleOf } from "../trace/parts";
import { compute, replace, type Tree } from "../trace/tree";
import type { Surface } from "./surfaces";

export interface Place {
  w: number[];
  loss: number;
}

export interface Walk {
  places: Place[];
  /** The last step went beyond the lowest point along its way. */
  overshoots: boolean;
  /** The parameters have grown beyond all bounds: there are no more steps. */
  diverged: boolean;
  states: Record<string, number>[];
}

const FAR = 1e6; // a parameter beyond it has diverged: the surfaces are a few units wide

export function begin(surface: Surface, start: number[]): Walk {
  const places = [{ w: start, loss: surface.value(start) }];
  return { places, overshoots: false, diverged: false, states: start.map(() => ({})) };
}

type Rule = { w: Tree; states: [string, Tree][] };

function ruleFor(optimizer: Part): Rule {
  const rule = ruleOf(optimizer)!;
  const numbers = numbersOf(optimizer);
  return { w: replace(rule.w, numbers), states: rule.states.map(([name, tree]) => [name, replace(tree, numbers)]) };
}

/** One more step; nothing changes after divergence. */
export function step(walk: Walk, surface: Surface, optimizer: Part): Walk {
  if (walk.diverged) return walk;
  const rule = ruleFor(optimizer);
  const made = walk.places.length - 1;
  const rate = Number(argumentOf(optimizer, "learning_rate")) / (1 + Number(argumentOf(optimizer, "decay")) * made);
  const { w } = walk.places[made];
  const gradient = surface.gradient(w);
  const values = w.map((one, i) => {
    const started = Object.fromEntries(rule.states.map(([name]) => [name, walk.states[i][name] ?? 0]));
    return { ...started, w: one, g: gradient[i], rate, t: made + 1 };
  });
  const next = values.map((known) => compute(rule.w, known));
  const states = values.map((known) => Object.fromEntries(rule.states.map(([name, tree]) => [name, compute(tree, known)])));
  const along = surface.gradient(next).reduce((sum, g, i) => sum + g * (next[i] - w[i]), 0);
  const diverged = !next.every((one) => Math.abs(one) < FAR);
  return { places: [...walk.places, { w: next, loss: surface.value(next) }], overshoots: along > 1e-12, diverged, states };
}
