/** Factors of the learning rate: a schedule's formula, computed by the engine's interpreter (parts/schedules.py). */
import { complete, formOf, info, shown } from "./catalogue";
import { type Part, Refusal } from "./engine";
import type { Module } from "./module";

/** The t of each of an epoch's steps from `first` on; steps are counted from 0 over the whole fit. */
export function moments(schedule: Part, first: number, last: number, steps_per_epoch: number, epochs: number): number[] {
  const { read_at } = info("schedules", schedule);
  const all = Math.max(steps_per_epoch * epochs - 1, 1);
  return Array.from({ length: last - first }, (_, i) => {
    const step = first + i;
    if (read_at === "ends") return step * (epochs / all);
    return (read_at === "start" ? step : step + 0.5) / steps_per_epoch;
  });
}

export function factors(module: Module, given: Part, t: number[], epochs: number): Float64Array {
  const schedule = complete("schedules", given);
  const { code, number_names } = formOf(info("schedules", schedule).codes, schedule);
  const own = number_names.map((name) => schedule[name] as number);
  const found = module.call("compute", { code: { ...code }, inputs: [t, epochs, ...own], count: t.length });
  const bad = found.findIndex((factor) => !(Number.isFinite(factor) && factor >= 0));
  if (bad >= 0)
    throw new Refusal(
      `schedule ${shown(schedule)} gave ${found[bad]} at t=${t[bad]} of ${epochs} epochs; it must give a finite number, at ` +
        "least 0: the factor of the optimizer's learning rate",
    );
  return found;
}
