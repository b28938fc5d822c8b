/** A table as its file has it, before anything is known of its columns. */

export interface RawTable {
  /** What messages call it: the file's name. */
  source: string;
  /** The columns, each with a name of its own; x1, x2, … where the file has none. */
  names: string[];
  /** The cells of each column, without spaces around, "" where empty. */
  columns: string[][];
  /** The line of the file on which each row begins, from 1. */
  lines: Int32Array | number[];
  has_header: boolean;
  /** What was found, overruled or left out, a sentence each. */
  notes: string[];
  how: HowRead;
  /** Names that columns got because the file's own header has none for them. */
  unnamed: string[];
  /**
   * The places of columns of numbers whose point or comma may be before decimals or between thousands, where no other
   * column shows which, and nobody has said so.
   */
  unclear: number[];
}

/** How a table was read; another file can be read likewise. */
export interface HowRead {
  encoding: string;
  delimiter: string;
  header: boolean;
  decimal: string;
  na: string[];
  skip: number;
  names: string[];
}

export function nRows(raw: RawTable): number {
  return raw.columns.length ? raw.columns[0].length : 0;
}
