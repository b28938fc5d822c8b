/** A step of gradient descent in stages: what is shown at once, which numbers it finds, and what they are called. */
import type { Block, Cell, Document, Section, Stage } from "../../trace/document";

/** A number of the network: "z", "a", "w", "b", "x", "y", "ℓ" or "C"; which layer and unit; its gradient, or its new value. */
export interface Place {
  letter: string;
  /** Of which dense layer, from 1; 0 of inputs, targets and the cost. */
  layer: number;
  index: number[];
  gradient: boolean;
  isNew: boolean;
}

/** What stands together: a stage that the reader comes to by "next". */
export interface Moment {
  stage: Stage;
  section: Section;
  blocks: Block[];
  /** Of its first block. */
  place: Place;
}

const NAME = /^(\\dd\{)?(\\ell|[A-Za-z])(?:_\{(\d+)\})?('?)(?:\[(\d+)(?:,(\d+))?\])?('?)\}?$/;

/** What a name such as `\dd{w_{1}[0,1]}` or `z_{1}` is of. */
export function placeOf(name: string): Place {
  const found = NAME.exec(name);
  if (!found) return { letter: "", layer: 0, index: [], gradient: false, isNew: false };
  const [, dd, letter, layer, prime, i, j, late] = found;
  return {
    letter: letter === "\\ell" ? "ℓ" : letter === "W" ? "w" : letter,
    layer: Number(layer ?? 0),
    index: [i, j].filter((one) => one !== undefined).map(Number),
    gradient: dd !== undefined,
    isNew: prime === "'" || late === "'",
  };
}

/** A key by which a number is found; an index that is left out is 0. */
export function keyOf({ letter, layer, index, gradient, isNew }: Place): string {
  const [i = 0, j = 0] = index;
  return `${gradient ? "∂" : ""}${letter}${layer}${isNew ? "'" : ""}[${letter === "w" ? `${i},${j}` : i}]`;
}

/** The stages of a trace: each quantity by itself, but inputs, the cost, an update and what comes after it whole. */
export function momentsOf(document: Document): Moment[] {
  const found = document.sections.flatMap((section): Moment[] => {
    const { stage, blocks } = section;
    const place = placeOf(blocks[0].name);
    if (stage === "forward" || stage === "backward") return blocks.map((block) => ({ stage, section, blocks: [block], place: placeOf(block.name) }));
    return [{ stage, section, blocks, place }];
  });
  return found.reduce<Moment[]>((all, moment) => {
    const last = all[all.length - 1];
    if (moment.stage === "update" && last?.stage === "update") last.blocks = [...last.blocks, ...moment.blocks];
    else all.push({ ...moment });
    return all;
  }, []);
}

export interface Known {
  cell: Cell;
  place: Place;
  /** The number of the stage that finds it. */
  at: number;
}

/** All numbers of the stages by their keys, with the stage that finds each. */
export function numbersOf(moments: Moment[]): Map<string, Known> {
  const known = new Map<string, Known>();
  moments.forEach((moment, at) => {
    for (const block of moment.blocks)
      for (const cell of block.rows.flat()) {
        const place = placeOf(cell.name);
        const key = keyOf(place);
        if (!known.has(key)) known.set(key, { cell, place, at });
      }
  });
  return known;
}
