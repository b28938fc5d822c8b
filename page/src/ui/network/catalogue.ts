/** What Python's classes say of themselves: names, arguments with ranges and defaults, formulas. Generated, never typed. */
import type { Part, Value } from "../../engine/engine";
import generated from "../../generated/catalogue.json";

export type Family = "layers" | "losses" | "optimizers" | "penalties" | "initializers" | "schedules" | "scalers";

export interface Argument {
  name: string;
  kind: "float" | "int" | "bool" | "other";
  /** Left out: the argument must be given. */
  default?: Value;
  least?: number;
  above?: number;
  most?: number;
  below?: number;
}

export interface Entry {
  name: string;
  /** The first line of what Python's documentation says. */
  doc: string;
  arguments: Argument[];
  formula: { text: string; latex: string } | null;
  /** Of a layer. */
  activation?: boolean;
}

const families = generated as unknown as Record<Family, Entry[]>;

export const NORMALIZATIONS = ["BatchNorm", "LayerNorm"];

export function entries(family: Family): Entry[] {
  return families[family];
}

export function names(family: Family): string[] {
  return families[family].map((entry) => entry.name);
}

export function activations(): string[] {
  return families.layers.filter((entry) => entry.activation && entry.name !== "PiecewiseLinear").map((entry) => entry.name);
}

export function entry(family: Family, name: string): Entry | undefined {
  return families[family].find((found) => found.name === name);
}

/** The arguments that are typed as numbers, ticked or chosen from a list. */
export function fields(family: Family, name: string): Argument[] {
  return (entry(family, name)?.arguments ?? []).filter((argument) => argument.kind !== "other");
}

/** A part with the arguments that must be given. */
export function part(family: Family, name: string, given: Record<string, Value> = {}): Part {
  const made: Part = { type: name };
  for (const argument of entry(family, name)?.arguments ?? [])
    if (argument.default === undefined) made[argument.name] = START[argument.name] ?? argument.least ?? 0;
  return { ...made, ...given };
}

/** Where Python has no default, the usual one. */
const START: Record<string, number> = { units: 8, rate: 0.2, weights: 0.001 };

/** What an argument is: given, or by default. */
export function valueOf(from: Part, argument: Argument): Value {
  return from[argument.name] ?? argument.default ?? null;
}

/** What a field offers for an argument: open ends are the field's own, as "above 0" has no least number. */
export function range(argument: Argument): { least: number; most: number; above: boolean; below: boolean } {
  return {
    least: argument.above ?? argument.least ?? -Infinity,
    most: argument.below ?? argument.most ?? Infinity,
    above: argument.above !== undefined,
    below: argument.below !== undefined,
  };
}
