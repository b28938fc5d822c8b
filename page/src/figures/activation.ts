/** Activations by Python's own formulas: their values, their formula as text, and the names that may be chosen. */
import type { Part } from "../engine/engine";
import generated from "../generated/trace.json";
import { latex } from "../trace/latex";
import { plain } from "../trace/notation";
import { formulasOf, numbersOf } from "../trace/parts";
import { compute, replace } from "../trace/tree";

export interface Activation {
  part: Part;
  f(x: number): number;
  slope(x: number): number;
  /** The formula with something in place of x. */
  text(x: string): string;
}

type Facts = { is_activation?: boolean; forms?: unknown[] };

/** All activations that are functions of one number. */
export const NAMES: string[] = Object.entries(generated.parts as unknown as Record<string, Facts>)
  .filter(([, facts]) => facts.is_activation && facts.forms)
  .map(([name]) => name);

export const isActivation = (part: Part | null): part is Part => part !== null && formulasOf(part) !== null;

export function activationOf(part: Part): Activation {
  const formulas = formulasOf(part)!;
  const [f, slope] = [replace(formulas.f, numbersOf(part)), replace(formulas.slope, numbersOf(part))];
  return {
    part,
    f: (x) => compute(f, { x }),
    slope: (x) => compute(slope, { x, y: compute(f, { x }) }),
    text: (x) => plain(latex(f, { x })).replaceAll("-", "−"),
  };
}

/** From where to where its values lie: those of a bounded one, or null. */
export function bounds({ f }: Activation): [number, number] | null {
  const [low, high] = [f(-60), f(60)];
  return Math.max(Math.abs(low), Math.abs(high)) < 4 ? [Math.min(low, high, 0), Math.max(low, high, 0)] : null;
}
