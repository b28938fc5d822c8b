/** Large files: rows are drawn evenly, lines and quotes are right, memory is bounded, and small samples are said. */

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decode } from "../../src/tables/reading/encodings.ts";
import { sample } from "../../src/tables/reading/sampling.ts";
import { load } from "../../src/tables/table.ts";

function stream(text: string | Uint8Array, part = 65_537): ReadableStream<Uint8Array> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, (at += part)));
    },
  });
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("a file of few rows stays whole, in order, whatever its parts", async () => {
  const rows = "a,b\n" + Array.from({ length: 50 }, (_, i) => `${i},"x\n${i}"\n`).join("");
  for (const part of [1, 7, 65_536]) {
    const found = await sample(stream(rows, part));
    expect(text(found.bytes)).toBe(rows);
    expect(found.total).toBe(51);
    expect(found.lines.slice(0, 4)).toEqual([1, 2, 3, 4]);
  }
});

test("of many rows each has the same chance", async () => {
  const n = 200_000;
  const found = await sample(stream("i\n" + Array.from({ length: n }, (_, i) => `${i}\n`).join("")), undefined, 3000);
  const kept = text(found.bytes).trim().split("\n").slice(1).map(Number); // prettier-ignore
  expect(found.total).toBe(n + 1);
  expect(kept.length).toBe(2999);
  expect(found.lines.slice(0, -1).every((line, k) => k === 0 || line === kept[k - 1] + 2)).toBe(true);
  const rest = kept.slice(999);
  const mean = rest.reduce((a, b) => a + b, 0) / rest.length;
  expect(Math.abs(mean - (n + 999) / 2)).toBeLessThan((4 * n) / Math.sqrt(12 * rest.length)); // four standard errors
  const again = await sample(stream("i\n" + Array.from({ length: n }, (_, i) => `${i}\n`).join("")), undefined, 3000);
  expect(again.bytes).toEqual(found.bytes);
});

test("a quote that stands alone does not swallow the file", async () => {
  const rows = 'size,n\n' + Array.from({ length: 60_000 }, (_, i) => (i === 30 ? '5" pipe,1\n' : `aaaaaaaaaaaaaaaaaaaaaaaa${i},${i}\n`)).join(""); // prettier-ignore
  const found = await sample(stream(rows), undefined, 100_000);
  expect(found.total).toBe(60_001);
});

test("line breaks of old Macs, Windows and none at the end", async () => {
  for (const end of ["\r", "\r\n", "\n"]) {
    const found = await sample(stream(["a,b", "1,2", "", "3,4"].join(end), 3));
    expect(found.total).toBe(3);
    expect(text(found.bytes).trim().split(/[\r\n]+/)).toEqual(["a,b", "1,2", "3,4"]);
  }
});

test("UTF-16 is brought to UTF-8", async () => {
  const bytes = new Uint8Array(Buffer.from("\ufeffgröße,n\n1,2\n", "utf16le"));
  const found = await sample(stream(bytes, 5));
  expect(text(found.bytes)).toBe("größe,n\n1,2\n");
  expect(found.encoding).toBe("utf-16");
});

test("UTF-16 of the other order", async () => {
  const bytes = Buffer.from("\ufeffgröße\n1\n", "utf16le").swap16();
  expect((await sample(stream(new Uint8Array(bytes)))).bytes).toEqual(new TextEncoder().encode("größe\n1\n"));
});

describe("files", () => {
  const file = (text: BlobPart) => new Blob([text]);

  test("a million rows: a sample, said, in bounded memory and time", async () => {
    const part = Array.from({ length: 1000 }, (_, i) => `${i},${(i * 37) % 101},${i % 3 ? "yes" : "no"}\n`).join("");
    const large = new Blob(["a,b,c\n", ...Array.from({ length: 1000 }, () => part)]);
    const began = performance.now();
    const { raw, sampled } = await load(large, "large.csv");
    expect(sampled).toEqual({ kept: 50_000, total: 1_000_000 });
    expect(raw.notes[0]).toBe(
      "large.csv has 1,000,000 rows; 50,000 of them, drawn by chance (seed 42), are used here. All of them: layerwise " +
        "train large.csv",
    );
    expect(raw.names).toEqual(["a", "b", "c"]);
    expect(raw.lines[49_999]).toBeGreaterThan(990_000);
    expect(performance.now() - began).toBeLessThan(20_000);
  }, 40_000);

  test("titles and names above a sample are no rows of it, and a file without names has a sample as large", async () => {
    const n = 70_000;
    const rows = Array.from({ length: n }, (_, i) => `${(i * 37) % 101}.5,${i % 7},${"abcdefghijklmnopqrstuvwxyz"[i % 26].repeat(120)}\n`).join(""); // prettier-ignore
    for (const [above, kept] of [["a,b,c\n", 50_000], ["", 50_000], ["Sales of 2023\n\na,b,c\n", 49_999]] as const) {
      const { raw, sampled } = await load(new Blob([above, rows]), "large.csv");
      expect(sampled).toEqual({ kept, total: n });
      expect(raw.lines.length).toBe(kept);
      expect(raw.columns.map((column) => column.length)).toEqual([kept, kept, kept]);
    }
  }, 40_000);

  test("gzip is unpacked", async () => {
    const csv = readFileSync(new URL("files/duplicate_names.csv", import.meta.url));
    const { raw } = await load(file(new Uint8Array(gzipSync(csv))), "d.csv.gz");
    expect(raw.names).toEqual(["x", "x_2", "x_3", "y"]);
    await expect(load(file(new Uint8Array(gzipSync(csv)).slice(0, 60)), "d.csv.gz")).rejects.toThrow("damaged");
  });

  test("what is no table is refused, with what to do", async () => {
    const wrong: [BlobPart, RegExp][] = [
      ["", /is empty; expected a table/],
      ["\n \n", /is empty; expected a table/],
      ["PK\x03\x04 and so on", /a workbook or a zip archive, which the page does not read; .*layerwise train x.bin/],
      ['[{"a": 1}]', /is JSON, which the page does not read/],
      [new Uint8Array(300).map((_, i) => (i * 89) % 256), /neither text nor of a format that is known/],
      ["a", /no rows; expected a table/],
    ];
    for (const [part, words] of wrong) await expect(load(file(part), "x.bin")).rejects.toThrow(words);
  });

  test("a row of a hundred thousand columns", async () => {
    const n = 100_000;
    const names = Array.from({ length: n }, (_, i) => `c${i}`).join();
    const rows = Array.from({ length: 12 }, (_, r) => Array.from({ length: n }, (_, i) => (i * r) % 7).join());
    await expect(load(file([names, ...rows].join("\n")), "wide.csv")).rejects.toThrow(
      "wide.csv has 100,000 columns; the page takes up to 2,000",
    );
  }, 60_000);
});

test("bytes that are nothing in UTF-8 are replaced where all others are", () => {
  const notes: string[] = [];
  const bytes = new TextEncoder().encode("größe ".repeat(40));
  bytes[100] = 0xff;
  const [found, encoding] = decode(bytes, "x.csv", notes);
  expect(encoding).toBe("utf-8");
  expect(found).toContain("\ufffd");
  expect(notes[0]).toMatch(/bytes that cannot be in UTF-8 were replaced/);
});
