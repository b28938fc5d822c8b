/** How rows are scaled as they are read: (x - offset) · factor, column by column (parts/scaling.py). */
import { complete, shown } from "./catalogue";
import { type Part, Refusal, type Rows } from "./engine";
import type { Module, Numbers } from "./module";
import type { Place } from "./values";

export interface Scaling {
  offset: Float64Array;
  factor: Float64Array;
}

/** What a scaler learns from rows; or what it has learned, if it comes from a model file. */
export function fitScaling(module: Module, scaler: Part | null, X: Place, n_in: number): Scaling | null {
  if (!scaler) return null;
  if (Array.isArray(scaler.offset) && Array.isArray(scaler.factor)) {
    const [offset, factor] = [scaler.offset, scaler.factor].map((each) => Float64Array.from(each as number[]));
    if (offset.length !== n_in || factor.length !== n_in)
      throw new Refusal(`${scaler.type} was fitted on ${offset.length} columns; got ${n_in}`);
    return { offset, factor };
  }
  const part = complete("scalers", scaler);
  const { low, high, to_low, to_high } = part as unknown as Record<string, number>;
  if (to_low !== undefined && !(to_high > to_low))
    throw new Refusal(`${part.type}: to_high must be above ${to_low}; got ${shown(to_high)}`);
  if (part.type === "RangeScaler") {
    if (!(high > low)) throw new Refusal(`RangeScaler: high must be above ${low}; got ${shown(high)}`);
    const ratio = (to_high - to_low) / (high - low);
    return { offset: new Float64Array(n_in).fill(low - to_low / ratio), factor: new Float64Array(n_in).fill(ratio) };
  }
  const found = module.call("fit_scaler", { kind: part.type, to_low: to_low ?? 0, to_high: to_high ?? 1, X });
  return { offset: found.slice(0, n_in), factor: found.slice(n_in) };
}

/** The arguments of `set_data` and `set_scaling`: an offset that is 0 throughout is none. */
export function nativeScaling(module: Module, scaling: Scaling | null): { offset: Place | null; factor: Place | null } {
  if (!scaling) return { offset: null, factor: null };
  const offset = scaling.offset.some((x) => x !== 0) ? module.put(scaling.offset) : null;
  return { offset, factor: module.put(scaling.factor) };
}

export function putRows(module: Module, rows: Rows): Place {
  return module.put(rows.X as Numbers, rows.n, rows.n_in);
}
