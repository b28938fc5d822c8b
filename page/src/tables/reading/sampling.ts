/**
 * A file that is too large to be kept: read as a stream, of which the first rows and a sample of the others stay.
 *
 *     bytes ──► rows (line breaks outside of quotes) ─┬─ the first 1,000
 *                                                     └─ each other with equal chance (reservoir, seeded)
 */

import { encodingOf } from "./encodings.ts";

export const LARGE = 8 * 2 ** 20; // bytes from which on a file is read so
export const MOST_ROWS = 50_000;
export const SEED = 42;
const MOST_BYTES = 32 * 2 ** 20; // of all rows that stay
const HEAD_ROWS = 1000;
const HEAD_BYTES = 4 * 2 ** 20;
const LONGEST_ROW = 2 ** 20; // a longer one has a quote that stands alone

export interface Sample {
  bytes: Uint8Array;
  /** The line of the file on which each row of the sample begins. */
  lines: number[];
  /** The line on which each row begins, where a row may have several lines. */
  begins: number[];
  /** All rows of the file, blank ones left out; the names of columns are one. */
  total: number;
  /** The encoding of the file, where that was brought to UTF-8. */
  encoding: string | null;
}

/** Draws numbers in [0, 1), the same for a seed. */
function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0; // Weyl's sequence, mixed as by MurmurHash3
    let z = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** Rows of bytes, as text whose characters are the bytes: of these a browser keeps many in little room. */
class Reservoir {
  total = 0;
  private readonly head: { text: string; line: number }[] = [];
  private readonly rest: { text: string; line: number }[] = [];
  private headBytes = 0;
  private most: number;
  private readonly draw = drawing(SEED);

  constructor(most: number) {
    this.most = most;
  }

  take(row: Uint8Array, line: number): void {
    if (!row.some((byte) => byte !== 32 && byte !== 9 && byte !== 13 && byte !== 10)) return;
    this.total++;
    if (this.head.length < HEAD_ROWS && this.headBytes < HEAD_BYTES) {
      this.head.push({ text: textOf(row), line });
      this.headBytes += row.length;
      const usual = this.headBytes / this.head.length;
      this.most = Math.min(this.most, Math.max(10, Math.floor(MOST_BYTES / usual)));
      return;
    }
    const room = Math.max(0, this.most - this.head.length);
    const seen = this.total - this.head.length;
    const place = this.rest.length < room ? this.rest.length : Math.floor(this.draw() * seen);
    if (place < room) this.rest[place] = { text: textOf(row), line };
  }

  finish(encoding: string | null): Sample {
    const rows = [...this.head, ...this.rest].sort((a, b) => a.line - b.line);
    const bytes = new Uint8Array(rows.reduce((sum, { text }) => sum + text.length + 1, 0));
    const lines: number[] = [];
    let at = 0;
    for (const { text, line } of rows) {
      let last = line;
      lines.push(last);
      for (let i = 0; i < text.length; i++) {
        bytes[at++] = text.charCodeAt(i);
        if (bytes[at - 1] === 10) lines.push(++last);
      }
      bytes[at++] = 10;
    }
    return { bytes, lines, begins: rows.map(({ line }) => line), total: this.total, encoding };
  }
}

function textOf(row: Uint8Array): string {
  if (row.length < 8192) return String.fromCharCode(...row);
  const parts: string[] = [];
  for (let i = 0; i < row.length; i += 8192) parts.push(String.fromCharCode(...row.subarray(i, i + 8192)));
  return parts.join("");
}

/** Reads a stream to its end; `told` hears how many bytes have come. */
export async function sample(
  stream: ReadableStream<Uint8Array>,
  told: (bytes: number) => void = () => undefined,
  most = MOST_ROWS,
): Promise<Sample> {
  const reader = stream.getReader();
  const reservoir = new Reservoir(most);
  const rows = new Rows(reservoir);
  let decoder: TextDecoder | null = null;
  let encoding: string | null = null;
  let [read, isFirst] = [0, true];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (isFirst) {
      isFirst = false;
      const found = encodingOf(value);
      if (found?.unit === 2) {
        encoding = found.label;
        decoder = new TextDecoder(found.little ? "utf-16le" : "utf-16be");
      }
    }
    read += value.length;
    told(read);
    rows.take(decoder ? new TextEncoder().encode(decoder.decode(value, { stream: true })) : value);
  }
  rows.end();
  return reservoir.finish(encoding);
}

/** Parts bytes into rows: a line break within quotes is none, unless a quote stands alone. */
class Rows {
  private rest: Uint8Array = new Uint8Array(0);
  private line = 1;

  constructor(private readonly reservoir: Reservoir) {}

  take(bytes: Uint8Array): void {
    let data = bytes;
    if (this.rest.length) {
      data = new Uint8Array(this.rest.length + bytes.length);
      data.set(this.rest);
      data.set(bytes, this.rest.length);
    }
    let [start, lines, isQuoted, firstBreak] = [0, 0, false, -1];
    for (let i = 0; i < data.length; i++) {
      const byte = data[i];
      if (byte === 34) isQuoted = !isQuoted;
      else if (byte === 10 || (byte === 13 && i + 1 < data.length && data[i + 1] !== 10)) {
        lines++;
        if (firstBreak < 0) firstBreak = i;
        if (isQuoted && i - start < LONGEST_ROW) continue;
        if (isQuoted) [i, lines] = [firstBreak, 1]; // the row ends with its first line
        this.reservoir.take(data.subarray(start, i), this.line);
        this.line += lines;
        [start, lines, isQuoted, firstBreak] = [i + 1, 0, false, -1];
      }
    }
    this.rest = data.slice(start);
  }

  end(): void {
    if (this.rest.length) this.reservoir.take(this.rest, this.line);
  }
}
