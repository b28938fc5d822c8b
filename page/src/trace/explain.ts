/** What a part of a trace does, in words, and what its symbols mean: keys of the words file, under "trace.". */

import type { Block, Document, Section } from "./document.ts";
import { isKnown } from "./parts.ts";

/** What happens in a block, as a key: "trace.does.dense". */
export function doesKey(section: Section, block: Block, layerType: string | null): string {
  const { stage } = section;
  if (stage === "inputs") return block.formula ? "trace.does.scaling" : "trace.does.inputs";
  if (stage === "after") return block.name === "C'" ? "trace.does.new_cost" : "trace.does.new_outputs";
  if (stage === "cost") return costKey(block);
  if (stage === "forward") return block.name === "\\text{mask}" ? "trace.does.mask" : forwardKey(layerType);
  if (stage === "backward") return backwardKey(block, layerType);
  return updateKey(block);
}

function costKey({ name }: Block): string {
  if (name === "y") return "trace.does.target";
  if (name === "\\ell") return "trace.does.term";
  if (name.startsWith("\\text")) return "trace.does.penalty";
  return name === "C" ? "trace.does.cost" : "trace.does.sample_cost";
}

const OWN = ["Dense", "Dropout", "BatchNorm", "LayerNorm", "Softmax", "Scale", "PiecewiseLinear"];

function forwardKey(layerType: string | null): string {
  if (layerType && OWN.includes(layerType)) return `trace.does.${layerType.toLowerCase()}`;
  return layerType && isKnown(layerType) ? "trace.does.activation" : "trace.does.layer";
}

function backwardKey({ name, formula }: Block, layerType: string | null): string {
  if (layerType === null) return "trace.does.loss_gradient";
  const found = /^\\dd\{(?:\\tilde\{)*([A-Za-z\\]+)/.exec(name);
  if (found?.[1].toUpperCase() === "W") return "trace.does.weight_gradient";
  if (found?.[1] === "b") return "trace.does.bias_gradient";
  if (["\\gamma", "\\beta", "s"].includes(found?.[1] ?? "")) return "trace.does.parameter_gradient";
  if (layerType === "Dense") return "trace.does.back_through_dense";
  return formula ? "trace.does.back_through_layer" : "trace.does.layer";
}

function updateKey({ name }: Block): string {
  if (name.startsWith("g_")) return "trace.does.with_penalty";
  if (/^\\mu|^\{\\sigma/.test(name)) return "trace.does.running_mean";
  return /^([Ww]|b|\\gamma|\\beta|s)_?/.test(name) ? "trace.does.update" : "trace.does.state";
}

/** The symbols that stand in a formula, as keys: "trace.symbol.eta". */
export function symbolKeys(...formulas: string[]): string[] {
  const text = formulas.join(" ");
  return SYMBOLS.filter(([pattern]) => pattern.test(text)).map(([, key]) => `trace.symbol.${key}`);
}

const SYMBOLS: [RegExp, string][] = [
  [/(^|[^a-z\\])x(?![a-z])/, "x"],
  [/(^|[^A-Za-z])z(_|\b)/, "z"],
  [/(^|[^A-Za-z])a_/, "a"],
  [/(^|[^A-Za-z])h_/, "h"],
  [/W_|w_\{?\d/, "W"],
  [/(^|[^A-Za-z])b_/, "b"],
  [/(^|[^A-Za-z\\])y(?![a-z])/, "y"],
  [/\\ell/, "ell"],
  [/(^|[^A-Za-z])C(?![A-Za-z])/, "C"],
  [/\\dd\{/, "gradient"],
  [/\\delta/, "delta"],
  [/\\eta/, "eta"],
  [/\^\{T\}/, "T"],
  [/\\sum/, "sum"],
  [/\\gamma/, "gamma"],
  [/\\mu/, "mu"],
  [/\\sigma/, "sigma"],
  [/\\lambda/, "lambda"],
  [/\\epsilon/, "epsilon"],
  [/\\beta_\{[12]\}|\\rho/, "beta"],
  [/mask/, "mask"],
  [/g_\{/, "g"],
  [/(^|[^A-Za-z])[mv]_\{|velocity|cache/, "state"],
  [/'/, "prime"],
];

// ------------------------------------------------------------------ one operation at a time

/** One number of a document: which section, block and cell of its rows. */
export interface Operation {
  section: number;
  block: number;
  cell: number;
}

/** All numbers of a document that come about by an operation, in their order. */
export function operations(document: Document): Operation[] {
  return document.sections.flatMap((section, s) =>
    section.blocks.flatMap((block, b) => block.rows.flat().map((_, cell) => ({ section: s, block: b, cell }))),
  );
}
