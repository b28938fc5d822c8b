/** What Python knows of its parts: arguments and defaults, `repr`, and formulas as trees, from the generated file. */

import type { Part, Value } from "../engine/engine.ts";
import generated from "../generated/trace.json";
import { float } from "./numbers.ts";
import { compute, fromData, replace, type Tree, type TreeData } from "./tree.ts";

export interface Argument {
  name: string;
  /** Of what type a number is: "float", "int" or "bool"; "other" for the rest. */
  kind: string;
  default?: Value;
}

type Form = { when: { [argument: string]: Value }; w?: TreeData; states?: { [name: string]: TreeData } } & {
  f?: TreeData;
  slope?: TreeData;
  joint?: TreeData;
};

interface Facts {
  /** How a script names the class: "lw.Dense". */
  path?: string;
  arguments: Argument[];
  statistics?: string[];
  is_activation?: boolean;
  reduction?: string;
  fuses_with?: string | null;
  forms?: Form[];
}

const PARTS = generated.parts as unknown as { [type: string]: Facts };

export function factsOf(part: Part): Facts {
  return PARTS[part.type] ?? { arguments: [] };
}

export const isKnown = (type: string): boolean => Object.hasOwn(PARTS, type);

/** An argument's value, or its default. */
export function argumentOf(part: Part, name: string): Value {
  return part[name] ?? factsOf(part).arguments.find((a) => a.name === name)?.default ?? null;
}

/** The numbers among a part's arguments, by name. */
export function numbersOf(part: Part): { [name: string]: number } {
  const found: { [name: string]: number } = {};
  for (const { name } of factsOf(part).arguments) {
    const value = argumentOf(part, name);
    if (typeof value === "number") found[name] = value;
  }
  return found;
}

/** The form of a part's trees for its arguments; nothing for one that has no formula. */
function formOf(part: Part): Form | undefined {
  return factsOf(part).forms?.find(({ when }) =>
    Object.entries(when).every(([name, wanted]) => {
      const value = argumentOf(part, name);
      return wanted === "other" ? value !== null && value !== 0 && value !== false : value === wanted;
    }),
  );
}

const read = (data: TreeData | undefined): Tree | null => (data ? fromData(data) : null);

/** The function of an activation, a loss or a penalty, its derivative, and a loss's joint gradient, as trees. */
export function formulasOf(part: Part): { f: Tree; slope: Tree; joint: Tree | null } | null {
  const form = formOf(part);
  const [f, slope] = [read(form?.f), read(form?.slope)];
  return f && slope && { f, slope, joint: read(form?.joint) };
}

/** An optimizer's rule: the new weight, and the new states by name. */
export function ruleOf(part: Part): { w: Tree; states: [string, Tree][] } | null {
  const form = formOf(part);
  if (!form?.w) return null;
  return { w: fromData(form.w), states: Object.entries(form.states ?? {}).map(([n, d]) => [n, fromData(d)]) };
}

/** The gradient of a penalty with λ = 1 by one weight. */
export function slopeOf(penalty: Part, w: number): number {
  const formulas = formulasOf(penalty);
  return formulas ? compute(replace(formulas.slope, numbersOf(penalty)), { w }) : NaN;
}

/** What share of a step a layer's parameters make, where that is not all of it. */
export function ratesOf(layer: Part, nIn: number): { [parameter: string]: number } {
  const rates: { [parameter: string]: Value } = {};
  if (layer.type === "Dense") {
    const own = argumentOf(layer, "weight_rate");
    rates.W = own === "ntk" ? 1 / Math.sqrt(Math.floor(nIn / Number(argumentOf(layer, "groups")))) : own;
    rates.b = argumentOf(layer, "bias_rate");
  }
  if (layer.type === "Scale") rates.s = argumentOf(layer, "rate");
  return Object.fromEntries(
    Object.entries(rates).filter((entry): entry is [string, number] => typeof entry[1] === "number" && entry[1] !== 1),
  );
}

// ------------------------------------------------------------------ repr

/**
 * A part as Python writes it: the arguments that have no default, and those that are not the default. In a script the
 * classes are named by their path.
 */
export function repr(part: Part, inScript = false): string {
  const shown = factsOf(part).arguments.flatMap((argument) => {
    const { name } = argument;
    if (!("default" in argument)) return [reprOfValue(part[name], argument.kind, inScript)];
    const value = part[name];
    if (value === undefined || isDefault(value, argument.default!)) return [];
    return [`${name}=${reprOfValue(value, argument.kind, inScript)}`];
  });
  return `${inScript ? (factsOf(part).path ?? part.type) : part.type}(${shown.join(", ")})`;
}

const named = (text: string) => text.replace(/[-_ ]/g, "").toLowerCase();

function isDefault(value: Value, standard: Value): boolean {
  if (isPart(value) && typeof standard === "string")
    return named(value.type) === named(standard) && repr(value).endsWith("()");
  return JSON.stringify(plainOf(value)) === JSON.stringify(plainOf(standard));
}

/** A tuple as the list of its items. */
export function plainOf(value: Value): Value {
  return isPart(value) && value.type === "tuple" ? value.items : value;
}

export function isPart(value: Value | undefined): value is Part {
  return typeof value === "object" && value !== null && !Array.isArray(value) && typeof value.type === "string";
}

/** A value as Python writes it; a number is a float or an int by its argument's type. */
export function reprOfValue(value: Value | undefined, kind = "other", inScript = false): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number")
    return kind === "int" || (kind === "other" && Number.isInteger(value)) ? String(value) : float(value);
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map((item) => reprOfValue(item, kind, inScript)).join(", ")}]`;
  if (value.type === "tuple") return tuple(value.items as Value[], kind, inScript);
  if (value.type === "float") return `float(${quoted(String(value.value))})`;
  return isPart(value) ? repr(value, inScript) : "{}";
}

function tuple(items: Value[], kind: string, inScript: boolean): string {
  const shown = items.map((item) => reprOfValue(item, kind, inScript));
  return `(${shown.join(", ")}${items.length === 1 ? "," : ""})`;
}

/** Text as Python writes it: nothing in it can end the quotes, and what is not to be seen is written as its code. */
export function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let found = "";
  for (const letter of text) {
    const code = letter.codePointAt(0)!;
    if (letter === "\\" || letter === quote) found += `\\${letter}`;
    else if (letter === "\n") found += "\\n";
    else if (letter === "\r") found += "\\r";
    else if (letter === "\t") found += "\\t";
    else if (isHidden(letter)) found += escaped(code);
    else found += letter;
  }
  return quote + found + quote;
}

const isHidden = (letter: string): boolean => letter !== " " && /[\p{C}\p{Z}]/u.test(letter);

function escaped(code: number): string {
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
