/** A file or pasted text as a raw table; a large one by a sample of its rows, which is said. */

import { DataError } from "./errors.ts";
import { thousands } from "./python.ts";
import { nRows, type RawTable } from "./raw.ts";
import { decode } from "./reading/encodings.ts";
import { quoted, readDecoded, readRaw, refuseOthers } from "./reading/read.ts";
import { LARGE, MOST_ROWS, sample, SEED } from "./reading/sampling.ts";
import { type Settings } from "./reading/text.ts";

const MOST_CELLS = 8_000_000;
const MOST_COLUMNS = 2000;

export interface Loaded {
  raw: RawTable;
  /** Where only a sample was kept: how many rows of how many. */
  sampled: { kept: number; total: number } | null;
}

/** Reads a file; `told` hears how many of its bytes have been read. */
export async function load(
  file: Blob,
  name: string,
  settings: Partial<Settings> = {},
  told: (bytes: number) => void = () => undefined,
): Promise<Loaded> {
  const first = new Uint8Array(await file.slice(0, 65_536).arrayBuffer());
  const isPacked = first[0] === 0x1f && first[1] === 0x8b;
  if (!isPacked) refuseOthers(first, name);
  let stream = counting(file.stream(), told);
  if (isPacked) stream = unpacked(stream, name);
  if (file.size <= LARGE && !isPacked) {
    return { raw: checked(readRaw(await whole(stream), name, settings)), sampled: null };
  }
  const found = await sample(stream, undefined, MOST_ROWS + 1); // one has the names of the columns
  refuseOthers(found.bytes, name);
  const notes: string[] = [];
  const [text, encoding] = decode(found.bytes, name, notes);
  const raw = readDecoded(text, name, settings, notes, (line) => found.lines[line - 1] ?? line);
  raw.how.encoding = found.encoding ?? encoding;
  keepFirst(raw, MOST_ROWS);
  const kept = nRows(raw);
  const total = found.total - found.begins.filter((line) => line < raw.lines[0]).length; // no titles, no names
  const isAll = total <= MOST_ROWS && total - kept < 1000;
  if (isAll) return { raw: checked(raw), sampled: null };
  raw.notes.unshift(
    `${name} has ${thousands(total)} rows; ${thousands(kept)} of them, drawn by chance (seed ${SEED}), are used ` +
      `here. All of them: layerwise train ${quoted(name)}`,
  );
  return { raw: checked(raw), sampled: { kept, total } };
}

/** Leaves out rows at the end: one, where a sample has no names of columns. */
function keepFirst(raw: RawTable, most: number): void {
  if (nRows(raw) <= most) return;
  raw.columns = raw.columns.map((column) => column.slice(0, most));
  raw.lines = raw.lines.slice(0, most);
}

function checked(raw: RawTable): RawTable {
  if (raw.columns.length > MOST_COLUMNS) {
    throw new DataError(
      `${raw.source} has ${thousands(raw.columns.length)} columns; the page takes up to ${thousands(MOST_COLUMNS)}. Leave ` +
        `some out, or train on it with Python: layerwise train ${quoted(raw.source)}`,
    );
  }
  const cells = nRows(raw) * raw.columns.length;
  if (cells <= MOST_CELLS) return raw;
  throw new DataError(
    `${raw.source} has ${thousands(cells)} cells; the page reads up to ${thousands(MOST_CELLS)}. Leave rows or columns ` +
      `out, or train on it with Python: layerwise train ${quoted(raw.source)}`,
  );
}

function counting(stream: ReadableStream<Uint8Array>, told: (bytes: number) => void): ReadableStream<Uint8Array> {
  let read = 0;
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        read += part.length;
        told(read);
        controller.enqueue(part);
      },
    }),
  );
}

function unpacked(stream: ReadableStream<Uint8Array>, name: string): ReadableStream<Uint8Array> {
  const reader = stream.pipeThrough(new DecompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>).getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(new DataError(`${name} is compressed, but damaged (${(error as Error).message}); get it again`));
      }
    },
  });
}

async function whole(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
