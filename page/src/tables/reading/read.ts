/** A table from the bytes of anybody's file: what it is, is told from its content. */

import { DataError } from "../errors.ts";
import { type RawTable } from "../raw.ts";
import { decode } from "./encodings.ts";
import { FOUND, readText, type Settings } from "./text.ts";

/** Beginnings of files that only Python reads, and what they are. */
const OTHERS: [string, string][] = [
  ["PK\x03\x04", "a workbook or a zip archive"],
  ["\xd0\xcf\x11\xe0", "an old Excel workbook"],
  ["PAR1", "Parquet"],
  ["ARROW1", "Arrow"],
  ["SQLite format 3", "an SQLite database"],
  ["\x93NUMPY", "an array of NumPy"],
  ["BZh", "packed by bzip2"],
  ["\xfd7zXZ", "packed by xz"],
];

/** Reads a table as its file has it; gzip must have been unpacked. */
export function readRaw(data: Uint8Array, name: string, settings: Partial<Settings> = {}): RawTable {
  refuseOthers(data, name);
  const notes: string[] = [];
  const [text, encoding] = decode(data, name, notes);
  const table = readDecoded(text, name, settings, notes);
  table.how.encoding = encoding;
  return table;
}

/** Refuses what is no table of text. */
export function refuseOthers(data: Uint8Array, name: string): void {
  const first = String.fromCharCode(...data.subarray(0, 16));
  const other = OTHERS.find(([mark]) => first.startsWith(mark));
  if (other !== undefined) {
    throw new DataError(
      `${name} is ${other[1]}, which the page does not read; save it as CSV, or train on it with Python: ` +
        `layerwise train ${quoted(name)}`,
    );
  }
  if (!data.some((byte) => ![0, 9, 10, 13, 26, 32].includes(byte))) {
    throw new DataError(`${name} is empty; expected a table with a row for each sample`);
  }
}

export function readDecoded(
  text: string,
  name: string,
  settings: Partial<Settings>,
  notes: string[],
  lineOf?: (line: number) => number,
): RawTable {
  if (/^\s*<(!doctype|html|\?xml|svg)/i.test(text.slice(0, 200))) {
    throw new DataError(
      `${name} is a web page or XML, not a table; give the address or the file of the data itself`,
    );
  }
  if (text.startsWith("version https://git-lfs")) {
    throw new DataError(`${name} is a pointer of Git LFS, not the table itself; get it with 'git lfs pull'`);
  }
  if (isJson(text)) {
    throw new DataError(
      `${name} is JSON, which the page does not read; save it as CSV, or train on it with Python: ` +
        `layerwise train ${quoted(name)}`,
    );
  }
  return readText(text, name, { ...FOUND, ...settings }, notes, lineOf);
}

function isJson(text: string): boolean {
  const bare = text.trimStart();
  if (!/^[[{]/.test(bare)) return false;
  for (const part of [bare.slice(0, bare.indexOf("\n") >>> 0), ...(bare.length < 1e7 ? [bare] : [])]) {
    try {
      JSON.parse(part);
      return true;
    } catch {
      // no JSON then
    }
  }
  return /^\[\s*\{\s*"/.test(bare);
}

/** A file's name as a shell takes it. */
export function quoted(name: string): string {
  return /^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
