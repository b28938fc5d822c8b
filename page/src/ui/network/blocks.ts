/**
 * The layers of a network in groups, as people speak of them: a dense layer with its normalization, activation and
 * dropout. A network stays a plain list of layers; the groups are read from it and written back in the same order.
 */
import type { Part, Value } from "../../engine/engine";
import { NORMALIZATIONS, activations, part } from "./catalogue";

export interface Block {
  /** Null of what comes before the first dense layer. */
  dense: Part | null;
  /** The layers after it, in order. */
  after: Part[];
}

export type Slot = "normalization" | "activation" | "dropout";
const ORDER: Slot[] = ["normalization", "activation", "dropout"];

export function slotOf(layer: Part): Slot | null {
  if (NORMALIZATIONS.includes(layer.type)) return "normalization";
  if (layer.type === "Dropout") return "dropout";
  return activations().includes(layer.type) ? "activation" : null;
}

export function blocks(layers: Part[]): Block[] {
  const found: Block[] = [];
  for (const layer of layers) {
    if (layer.type === "Dense") found.push({ dense: layer, after: [] });
    else if (found.length) found[found.length - 1].after.push(layer);
    else found.push({ dense: null, after: [layer] });
  }
  return found;
}

export function flat(groups: Block[]): Part[] {
  return groups.flatMap((block) => (block.dense ? [block.dense, ...block.after] : block.after));
}

/** The first layer of a kind after the dense one. */
export function inSlot(block: Block, slot: Slot): Part | null {
  return block.after.find((layer) => slotOf(layer) === slot) ?? null;
}

/** The layers of a group that have no field of their own: a second activation, a custom layer. */
export function others(block: Block): Part[] {
  const first = ORDER.map((slot) => inSlot(block, slot));
  return block.after.filter((layer) => !first.includes(layer));
}

/** A group with another layer of a kind, or none. A new one takes its usual place. */
export function withSlot(block: Block, slot: Slot, layer: Part | null): Block {
  const old = inSlot(block, slot);
  if (old) return { ...block, after: block.after.flatMap((a) => (a !== old ? [a] : layer ? [layer] : [])) };
  if (!layer) return block;
  const later = ORDER.slice(ORDER.indexOf(slot) + 1);
  const at = block.after.findIndex((a) => later.includes(slotOf(a) as Slot));
  const place = at < 0 ? block.after.length : at;
  return { ...block, after: [...block.after.slice(0, place), layer, ...block.after.slice(place)] };
}

export function withoutOther(block: Block, layer: Part): Block {
  return { ...block, after: block.after.filter((a) => a !== layer) };
}

function replaced(layers: Part[], index: number, made: Block[]): Part[] {
  const groups = blocks(layers);
  groups.splice(index, 1, ...made);
  return flat(groups);
}

export function setBlock(layers: Part[], index: number, block: Block): Part[] {
  return replaced(layers, index, [block]);
}

export function removeBlock(layers: Part[], index: number): Part[] {
  return replaced(layers, index, []);
}

/** Another hidden layer before the last dense one, like the hidden layer before it. */
export function addBlock(layers: Part[]): Part[] {
  const groups = blocks(layers);
  const dense = groups.flatMap((block, i) => (block.dense ? [i] : []));
  const last = dense[dense.length - 1] ?? groups.length;
  const like = dense.length > 1 ? groups[dense[dense.length - 2]] : null;
  const made: Block = like ? structuredClone(like) : { dense: part("layers", "Dense"), after: [part("layers", "Tanh")] };
  groups.splice(last, 0, made);
  return flat(groups);
}

/** Two groups change places; the number of outputs stays with the last one. */
export function moveBlock(layers: Part[], index: number, by: -1 | 1): Part[] {
  const groups = blocks(layers);
  const other = index + by;
  if (!groups[index]?.dense || !groups[other]?.dense) return layers;
  [groups[index], groups[other]] = [groups[other], groups[index]];
  return flat(groups);
}

/** A part with an argument; its default is left out where `given` is undefined. */
export function withArgument(from: Part, name: string, given: Value | undefined): Part {
  const made = { ...from };
  if (given === undefined) delete made[name];
  else made[name] = given;
  return made;
}
