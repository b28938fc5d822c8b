/** Model files: the published digests of BLAKE2b, and a file that Python wrote, read and written again byte by byte. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { blake2b, Blake2b, hexadecimal } from "../../src/files/blake2b.ts";
import { floats, numbers, readContainer, writeContainer } from "../../src/files/container.ts";

const file = new Uint8Array(readFileSync(new URL("tiny.safetensors", import.meta.url)));
const bytes = (text: string) => new TextEncoder().encode(text);

test("RFC 7693, appendix A", () => {
  expect(hexadecimal(blake2b(bytes("abc")))).toBe(
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1" +
      "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
  );
});

test("a digest does not depend on how the bytes come", () => {
  const data = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 251);
  const parts = new Blake2b(32);
  for (let at = 0; at < 1000; at += 128) parts.update(data.subarray(at, at + 128));
  expect(hexadecimal(parts.digest())).toBe(hexadecimal(blake2b(data, 32)));
  // hashlib.blake2b(bytes(i * 7 % 251 for i in range(1000)), digest_size=32)
  expect(hexadecimal(blake2b(data, 32))).toBe("a494537cc57474059ebe7a7f7a76c03306551355abebb1967408ed04e7564fa9");
});

test("a file of Python is read, and written again to the same bytes", () => {
  const container = readContainer(file);
  expect(JSON.parse(container.text)).toMatchObject({ kind: "network", n_in: 2, format_version: 3 });
  expect([...container.arrays.keys()]).toContain("layers.0.W");
  expect(Buffer.compare(Buffer.from(writeContainer(container)), Buffer.from(file))).toBe(0);
});

test("what is damaged is refused", () => {
  const other = file.slice();
  other[other.length - 1] ^= 1;
  expect(() => readContainer(other, "net.safetensors")).toThrow(/^net.safetensors is damaged: its contents/);
  expect(() => readContainer(file.subarray(0, file.length - 8))).toThrow("does not take the bytes");
  expect(() => readContainer(file.subarray(0, 5))).toThrow("is not a whole safetensors file");
  expect(() => readContainer(bytes("hello, this is text and nothing else"))).toThrow("its header would take");
  expect(() => readContainer(writeContainer({ text: "{}", arrays: new Map() }))).not.toThrow();
});

test("arrays are given back", () => {
  const arrays = new Map([["b", floats(Float64Array.of(0.1, -2), [2])], ["a", floats(Float32Array.of(1.5, 3), [1, 2])]]); // prettier-ignore
  const found = readContainer(writeContainer({ text: '{"a": "ü"}', arrays }));
  expect(found.text).toBe('{"a": "ü"}');
  expect([...numbers(found.arrays.get("b")!)]).toEqual([0.1, -2]);
  expect([...numbers(found.arrays.get("a")!)]).toEqual([1.5, 3]);
});
