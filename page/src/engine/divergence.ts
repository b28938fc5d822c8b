/** Why a training came to NaN or infinity, in Python's words (training/divergence.py). */
import { general } from "../trace/numbers.ts";
import { CATALOGUE, info, shown } from "./catalogue";
import type { Fit } from "./fit";
import { nameOf } from "./plan";
import { rowsOf, Tracer } from "./trace";

const { words, large } = CATALOGUE.divergence;

/** The error of a training whose weights are still those of the step that failed; `good` are the last good ones. */
export function divergenceOf(fit: Fit, rows: number[], good: Float32Array): string {
  const tracer = new Tracer(fit, rowsOf(fit.data, rows));
  const found = tracer.looked((x) => ({ x, outputs: tracer.outputsOf(fit.module.floats(fit.network.theta).slice(), x) }));
  const bad = found.outputs.findIndex((y) => !y.every(Number.isFinite));
  const { stages, loss } = fit.plan;
  const layer = bad >= 0 ? nameOf(stages[bad]) : `the loss (${shown(loss)}) after ${nameOf(stages[stages.length - 1])}`;
  const { epochs_made } = fit;
  const kept = epochs_made ? filled(words.epoch, { epoch: epochs_made }) : words.start;
  const cure = advice(fit, found.x, good);
  return filled(words.diverged, { step: fit.step, epoch: epochs_made + 1, layer, kept, cure });
}

function advice(fit: Fit, x: Float32Array, good: Float32Array): string {
  const rate = fit.coming_rate();
  const decay = (fit.plan.optimizer.weight_decay as number | undefined) ?? 0;
  if (rate * decay > 1) return filled(words.weight_decay, { decay });
  const penalty = strongPenalty(fit, rate, x.length / fit.plan.n_in, good);
  if (penalty !== null) return filled(words.penalty, { penalty });
  const sizes: [string, number][] = [["inputs", largest(x)], ["targets", largest(fit.data.targets ?? [])]]; // prettier-ignore
  for (const [name, size] of sizes) if (size > large) return filled(words[name], { largest: size, rate });
  return filled(words.rate, { rate });
}

/** The first penalty of which one step is longer than the weights that it is about. */
function strongPenalty(fit: Fit, rate: number, n: number, good: Float32Array): string | null {
  for (const { penalty, begin, length, strength } of fit.plan.terms) {
    const w = good.slice(begin, begin + length);
    const slope = fit.module.call("compute", { code: { ...info("penalties", penalty).slope }, inputs: [[...w]], count: length });
    const step = (penalty.per_batch ? strength / n : strength) * Math.hypot(...slope);
    const strong =
      fit.plan.optimizer.type === "SGD" ? rate * step > Math.hypot(...w) : !Number.isFinite(Math.fround(Math.fround(step) ** 2));
    if (strong) return shown(penalty);
  }
  return null;
}

function largest(values: ArrayLike<number>): number {
  let found = 0;
  for (let i = 0; i < values.length; i++) found = Math.max(found, Math.abs(values[i]));
  return found;
}

/** A template of Python's format: {name}, {name:g} and {name:.3g}. */
function filled(template: string, values: Record<string, string | number>): string {
  return template.replace(/\{(\w+)(:(?:\.(\d))?g)?\}/g, (_, name: string, isNumber?: string, digits?: string) =>
    isNumber ? general(values[name] as number, Number(digits ?? 6)) : String(values[name]),
  );
}
