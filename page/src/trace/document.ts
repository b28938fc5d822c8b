/** What a view shows: sections of blocks of cells, each a number with its name and how it came about (document.py). */

/** One number: what it is called, how it came about (null where it was given), and what it is. In LaTeX. */
export interface Cell {
  name: string;
  numbers: string | null;
  value: string;
}

/** A quantity: its formula in symbols (perhaps empty), and its numbers, row by row. */
export interface Block {
  name: string;
  formula: string;
  rows: Cell[][];
  /** What a view may fold away. */
  folded: Cell[];
  /** How many numbers there are besides. */
  hidden: number;
  /** Which neuron each cell of the first row is of, where it is of one. */
  neurons?: { layer: number; units: number[] };
}

export type Stage = "inputs" | "forward" | "cost" | "backward" | "update" | "after";

export interface Section {
  title: string;
  note: string;
  blocks: Block[];
  stage: Stage;
  /** Of which layer, where it is of one. */
  layer: number | null;
}

export interface Document {
  title: string;
  note: string;
  sections: Section[];
}

export function block(name: string, formula: string, rows: Cell[][], folded: Cell[] = [], hidden = 0): Block {
  return { name, formula, rows, folded, hidden };
}

/** Without what is folded away. */
export function only(blocks: (Block | null)[]): Block[] {
  return blocks.filter((b): b is Block => b !== null).map((b) => ({ ...b, folded: [], hidden: 0 }));
}
