/** Messages to and from Python: JSON and arrays in one binary frame. app/play/protocol.py says how, and is its twin. */
import { Refusal } from "./engine";

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

const TYPES = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array } as const;
type Name = keyof typeof TYPES;

interface Head {
  message: unknown;
  arrays: { type: Name; length: number }[];
}

export function pack(message: unknown): Uint8Array<ArrayBuffer> {
  const arrays: Numbers[] = [];
  const plain = takeOut(message, arrays);
  const about = arrays.map((array) => ({ type: nameOf(array), length: array.length }));
  const head = new TextEncoder().encode(JSON.stringify({ message: plain, arrays: about }));
  const begin = padded(4 + head.length);
  const frame = new Uint8Array(arrays.reduce((size, array) => size + padded(array.byteLength), begin));
  new DataView(frame.buffer).setUint32(0, begin - 4, true);
  frame.set(head, 4);
  frame.fill(0x20, 4 + head.length, begin);
  let at = begin;
  for (const array of arrays) {
    frame.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += padded(array.byteLength);
  }
  return frame;
}

export function unpack(frame: ArrayBuffer): unknown {
  const length = new DataView(frame).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(frame, 4, length))) as Head;
  let at = 4 + length;
  const arrays = head.arrays.map(({ type, length }) => {
    const array = new TYPES[type](frame, at, length);
    at += padded(array.byteLength);
    return array.slice() as Numbers; // each owns its memory, to be handed on
  });
  return putBack(head.message, arrays);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function nameOf(array: Numbers): Name {
  const name = (Object.keys(TYPES) as Name[]).find((name) => array instanceof TYPES[name]);
  if (!name) throw new Refusal("an array must be of float32, float64, int32 or uint8");
  return name;
}

function takeOut(value: unknown, arrays: Numbers[]): unknown {
  if (ArrayBuffer.isView(value)) return { $array: arrays.push(value as Numbers) - 1 };
  if (Array.isArray(value)) return value.map((item) => takeOut(item, arrays));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, takeOut(item, arrays)]));
}

function putBack(value: unknown, arrays: Numbers[]): unknown {
  if (Array.isArray(value)) return value.map((item) => putBack(item, arrays));
  if (value === null || typeof value !== "object") return value;
  if ("$array" in value) return arrays[value.$array as number];
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, putBack(item, arrays)]));
}
