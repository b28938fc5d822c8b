/** The parts of a network as Python has them (generated/catalogue.json): their arguments, arrays, formulas and code. */
import { float } from "../trace/numbers.ts";
import catalogue from "../generated/catalogue.json";
import { type Part, Refusal, type Value } from "./engine";

export interface ArgumentInfo {
  name: string;
  kind: "float" | "int" | "bool" | "other";
  default?: Value;
  choices?: string[];
  above?: number;
  least?: number;
  below?: number;
  most?: number;
}

export interface PartInfo {
  name: string;
  /** The first line of what Python's documentation says. */
  doc: string;
  arguments: ArgumentInfo[];
  /** In words, and in LaTeX; and the derivative. Empty where there is none. */
  formula: { text: string; latex: string; slope?: string; slope_text?: string };
}

export interface ArrayInfo {
  name: string;
  shape: string[];
  bias: boolean;
  statistic: boolean;
  /** Which argument says how much of each step it makes. */
  rate: string | null;
  /** What it starts from: an argument that is an initializer, or an initializer without arguments. */
  first: string;
}

export interface LayerInfo extends PartInfo {
  activation: boolean;
  draws: boolean;
  differentiable: boolean;
  gives: "unknown" | "values" | "probabilities" | "distribution";
  arrays: ArrayInfo[];
  numbers: string[];
}

export interface LossInfo extends PartInfo {
  takes: "values" | "probabilities" | "distribution";
  fuses_with: string | null;
  reduction: string;
  numbers: string[];
  codes: FormInfo[];
}

/** A formula for the engine's interpreter, in one of the forms that a part's arguments give it. */
export interface FormInfo {
  when: Record<string, boolean>;
  number_names: string[];
  code: Code;
}

export interface PenaltyInfo extends PartInfo {
  code: Code;
  slope: Code;
}

export type Code = {
  instructions: number[][];
  numbers: number[];
  slots: number;
  results: number[];
};

export interface RuleInfo {
  when: Record<string, boolean>;
  state_names: string[];
  number_names: string[];
  rule: {
    states: number;
    formula: Code;
    scalars: Code;
    numbers: number;
    compiled: number;
    descent: number;
    moves_without_gradient: boolean;
  };
}

export interface OptimizerInfo extends PartInfo {
  rules: RuleInfo[];
}

export interface ScheduleInfo extends PartInfo {
  read_at: "start" | "middle" | "ends";
  codes: FormInfo[];
}

export interface Catalogue {
  /** Of layerwise, that these are of. */
  version: string;
  layers: LayerInfo[];
  losses: LossInfo[];
  optimizers: OptimizerInfo[];
  penalties: PenaltyInfo[];
  initializers: PartInfo[];
  scalers: PartInfo[];
  schedules: ScheduleInfo[];
  /** What is said of a training that has diverged, and from what size on data are called large. */
  divergence: { words: Record<string, string>; large: number };
}

export const CATALOGUE = catalogue as unknown as Catalogue;

type Family = Exclude<keyof Catalogue, "version" | "divergence">;
const SINGULAR: Record<Family, string> = {
  layers: "layer",
  losses: "loss",
  optimizers: "optimizer",
  penalties: "penalty",
  initializers: "initializer",
  scalers: "scaling",
  schedules: "schedule",
};

/** What Python's class of that name is. */
export function info<F extends Family>(family: F, part: Part): Catalogue[F][number] {
  const known = CATALOGUE[family] as Catalogue[F][number][];
  const name = typeof part === "object" && part !== null ? part.type : part;
  const found = known.find((one) => one.name === name);
  if (found) return found;
  const names = known.map((one) => one.name).join(", ");
  throw new Refusal(`${SINGULAR[family]}='${String(name)}' is not known; choose one of ${names}`);
}

/** A part with all its arguments: those that were left out have Python's defaults, the others are checked. */
export function complete<F extends Family>(family: F, part: Part): Part {
  const found = info(family, part);
  const whole: Part = { type: found.name };
  for (const argument of found.arguments) {
    const given = part[argument.name];
    if (given === undefined && argument.default === undefined)
      throw new Refusal(`${found.name} needs its argument ${argument.name}`);
    whole[argument.name] = given === undefined ? argument.default! : checked(found.name, argument, given);
  }
  const unknown = Object.keys(part).find((name) => name !== "type" && !(name in whole));
  if (unknown !== undefined) throw new Refusal(`${found.name} has no argument ${unknown}`);
  return whole;
}

function checked(owner: string, argument: ArgumentInfo, value: Value): Value {
  const { name, kind } = argument;
  if (kind === "bool") return Boolean(value);
  if (argument.choices && !argument.choices.includes(value as string)) {
    const choices = argument.choices.map((choice) => `"${choice}"`).join(" or ");
    throw new Refusal(`${owner}: ${name} must be ${choices}; got ${shown(value)}`);
  }
  if (kind === "other" || (value === null && argument.default === null)) return value;
  if (kind === "float" && typeof value === "string" && typeof argument.default !== "string" && name === "weight_rate")
    return value;
  if (kind === "float" && Array.isArray(value)) return value.map((one) => checked(owner, argument, one));
  if (kind === "int" && !(Number.isSafeInteger(value) && (value as number) >= (argument.least ?? -Infinity)))
    throw new Refusal(`${owner}: ${name} must be a whole number, at least ${argument.least}; got ${shown(value)}`);
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new Refusal(`${owner}: ${name} must be a finite number; got ${shown(value)}`);
  const { above, least, below, most } = argument;
  const bounds: [boolean, string][] = [
    [above === undefined || value > above, `above ${above}`],
    [least === undefined || value >= least, `at least ${least}`],
    [below === undefined || value < below, `below ${below}`],
    [most === undefined || value <= most, `at most ${most}`],
  ];
  const broken = bounds.filter(([holds]) => !holds).map(([, words]) => words);
  if (broken.length) throw new Refusal(`${owner}: ${name} must be ${broken.join(" and ")}; got ${shown(value)}`);
  return value;
}

/** A value or a part as Python shows it. */
export function shown(value: Value | undefined): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return `'${value}'`;
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  const part = value as Part;
  const family = (Object.keys(SINGULAR) as Family[]).find((one) =>
    (CATALOGUE[one] as PartInfo[]).some((known) => known.name === part.type),
  );
  if (!family) return String(part.type);
  const words: string[] = [];
  for (const argument of info(family, part).arguments) {
    const given = part[argument.name];
    if (given === undefined) continue;
    if (argument.default === undefined) words.push(written(argument, given));
    else if (!isDefault(given, argument.default)) words.push(`${argument.name}=${written(argument, given)}`);
  }
  return `${part.type}(${words.join(", ")})`;
}

function written({ kind }: ArgumentInfo, value: Value): string {
  return kind === "float" && typeof value === "number" ? float(value) : shown(value);
}

/** Whether it is the default; an initializer may be a name, or a part that has no arguments of its own. */
function isDefault(given: Value, usual: Value): boolean {
  if (JSON.stringify(given) === JSON.stringify(usual)) return true;
  const plain = (name: string) => name.replaceAll("_", "").toLowerCase();
  const name = typeof given === "string" ? given : shown(given).replace("()", "");
  return typeof usual === "string" && plain(name) === plain(usual);
}

/** Of several forms of a part's formula that which its arguments have. */
export function formOf<T extends { when: Record<string, boolean> }>(forms: T[], part: Part): T {
  return forms.find((form) => Object.entries(form.when).every(([name, value]) => Boolean(part[name]) === value))!;
}
