/**
 * Layerwise's model file, as `lw.load` opens it: a safetensors file with a description in JSON and a checksum over both.
 *
 *     8 bytes   how long the header is
 *     header    {"__metadata__": {"layerwise": "{…}", "layerwise.checksum": "…"}, "layers.0.W": {"dtype": "F32", …}, …}
 *     arrays    one after the other
 */

import { Refusal } from "../engine/engine.ts";
import { Blake2b, blake2b, hexadecimal } from "./blake2b.ts";

export const FORMAT_VERSION = 3;
const KEY = "layerwise";
const CHECKSUM = "layerwise.checksum";
const PIECE = 2 ** 22; // bytes that are hashed together
const LONGEST_HEADER = 100_000_000;

/** NumPy's name of each type, and its bytes. */
const TYPES: Record<string, { name: string; width: number }> = {
  F64: { name: "float64", width: 8 }, F32: { name: "float32", width: 4 }, F16: { name: "float16", width: 2 },
  I64: { name: "int64", width: 8 }, I32: { name: "int32", width: 4 }, I8: { name: "int8", width: 1 },
  U64: { name: "uint64", width: 8 }, U32: { name: "uint32", width: 4 }, U8: { name: "uint8", width: 1 },
  BOOL: { name: "bool", width: 1 },
}; // prettier-ignore

/** An array of a file: its bytes, little-endian. */
export interface Stored {
  dtype: keyof typeof TYPES;
  shape: number[];
  bytes: Uint8Array;
}

export interface Container {
  /** The description's own text, which the checksum is over. */
  text: string;
  arrays: Map<string, Stored>;
}

export function floats(values: Float32Array | Float64Array, shape: number[]): Stored {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { dtype: values instanceof Float64Array ? "F64" : "F32", shape, bytes };
}

/** The numbers of an array of floats. */
export function numbers(array: Stored): Float32Array | Float64Array {
  const { buffer } = array.bytes.slice();
  return array.dtype === "F64" ? new Float64Array(buffer) : new Float32Array(buffer);
}

function byName(a: [string, Stored], b: [string, Stored]): number {
  return a[0] < b[0] ? -1 : 1;
}

/** The bytes of a file. */
export function writeContainer({ text, arrays }: Container): Uint8Array {
  const ordered = [...arrays].sort(byName).sort((a, b) => TYPES[b[1].dtype].width - TYPES[a[1].dtype].width);
  const header: Record<string, unknown> = { __metadata__: { [KEY]: text, [CHECKSUM]: checksum(text, arrays) } };
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of ordered) {
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  let head = new TextEncoder().encode(JSON.stringify(header));
  head = new TextEncoder().encode(JSON.stringify(header) + " ".repeat((8 - (head.length % 8)) % 8));
  const file = new Uint8Array(8 + head.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(head.length), true);
  file.set(head, 8);
  let at = 8 + head.length;
  for (const [, { bytes }] of ordered) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/** Reads a file; whatever is wrong with it is refused. */
export function readContainer(file: Uint8Array, name = "the file"): Container {
  const bad = (what: string): Refusal => new Refusal(`${name} is not a whole safetensors file: ${what}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = file.length < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (length > Math.min(file.length - 8, LONGEST_HEADER)) {
    throw bad(`of ${file.length} bytes, its header would take ${Number.isFinite(length) ? length : "8 or more"}`);
  }
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(8, 8 + length))) as typeof header;
  } catch (error) {
    throw bad(`its header is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  const metadata = (header?.__metadata__ ?? {}) as Record<string, unknown>;
  const text = metadata[KEY];
  if (typeof text !== "string") {
    throw new Refusal(
      `${name} is a safetensors file, but not a model of layerwise: its header has no '${KEY}'`,
    );
  }
  const arrays = new Map<string, Stored>();
  const start = 8 + length;
  for (const [key, entry] of Object.entries(header)) {
    if (key !== "__metadata__") arrays.set(key, stored(file, start, key, entry, bad));
  }
  if (metadata[CHECKSUM] !== undefined && metadata[CHECKSUM] !== checksum(text, arrays)) {
    throw new Refusal(`${name} is damaged: its contents are not what its checksum says; take another copy`);
  }
  return { text, arrays };
}

function stored(file: Uint8Array, start: number, key: string, entry: unknown, bad: (what: string) => Refusal): Stored {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const areSizes = (value: unknown): value is number[] =>
    Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (typeof dtype !== "string" || !Object.hasOwn(TYPES, dtype) || !areSizes(shape) || !areSizes(offsets)) {
    throw bad(`'${key.slice(0, 60)}' must have a dtype, a shape and data_offsets`);
  }
  const [begin, end] = offsets;
  const size = shape.reduce((a, b) => a * b, TYPES[dtype].width);
  if (offsets.length !== 2 || end - begin !== size || start + end > file.length) {
    throw bad(`'${key.slice(0, 60)}' does not take the bytes ${begin} to ${end}`);
  }
  return { dtype, shape, bytes: file.subarray(start + begin, start + end) };
}

/** BLAKE2b, 32 bytes, over the text, and array by array over a line and the digests of its bytes in pieces of 4 MiB. */
export function checksum(text: string, arrays: ReadonlyMap<string, Stored>): string {
  const whole = new Blake2b(32).update(new TextEncoder().encode(text));
  for (const [name, { dtype, shape, bytes }] of [...arrays].sort(byName)) {
    const written = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
    whole.update(new TextEncoder().encode(`\n${name} ${TYPES[dtype].name} ${written}\n`));
    for (let at = 0; at < bytes.length; at += PIECE) whole.update(blake2b(bytes.subarray(at, at + PIECE)));
  }
  return hexadecimal(whole.digest());
}
