/** Drawings become in the page what they become in Python: `golden/drawings.json.gz`, made by tests/page/golden_drawings.py. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { toMnist } from "../src/digits/form";
import { pictureOf } from "../src/digits/prepare";
import type { Plane } from "../src/digits/pixels";
import { type Reading, readPicture } from "../src/digits/reading";
import { type Reason, Unreadable } from "../src/digits/unreadable";
import english from "../src/words/en.json";

interface GoldenDigit {
  answer: string | null;
  guess: string;
  confidence: number;
  place: number[];
  image: string;
}
interface GoldenReading {
  single: boolean;
  answer: string | null;
  confidence: number;
  reason: string | null;
  asked: string;
  probabilities: string;
  rows: GoldenDigit[][];
}
interface Golden {
  least_confidence: number;
  pictures: { name: string; height: number; width: number; grey: string; mnist: string; readings: GoldenReading[] }[];
  colours: { name: string; height: number; width: number; data: string; grey: string }[];
}

const file = new URL("golden/drawings.json.gz", import.meta.url);
const golden: Golden = JSON.parse(gunzipSync(readFileSync(file)).toString());

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

function words(reason: Reason | null): string | null {
  if (!reason) return null;
  const template = (english as Record<string, string>)[reason.key];
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(reason.values![name]));
}

function inParts<T>(all: T[] | Uint8Array | Float32Array, size: number): Uint8Array[] {
  const whole = all as Uint8Array;
  return Array.from({ length: whole.length / size }, (_, i) => whole.slice(i * size, (i + 1) * size));
}

/** Read with the answers that Python's network gave; every image asked about has to be the one that Python asked about. */
async function read(grey: Plane, kept: GoldenReading): Promise<Reading> {
  const images = inParts(bytes(kept.asked), 784);
  const floats = bytes(kept.probabilities);
  const answers = new Float32Array(floats.buffer, floats.byteOffset, floats.length / 4);
  let next = 0;
  const probabilities = async (asked: Uint8Array[]) =>
    asked.map((image) => {
      expect(next, "asked more than Python").toBeLessThan(images.length);
      expect(differences(image, images[next])).toEqual([]);
      next += 1;
      return answers.slice((next - 1) * 10, next * 10);
    });
  const picture = { grey, scale: 1, size: [grey.width, grey.height] as [number, number] };
  const classes = Array.from({ length: 10 }, (_, digit) => digit);
  const reader = { probabilities, classes, leastConfidence: golden.least_confidence };
  const reading = await readPicture(picture, reader, kept.single);
  expect(next, "asked less than Python").toBe(images.length);
  return reading;
}

function differences(image: Uint8Array, other: Uint8Array): string[] {
  const found: string[] = [];
  image.forEach((value, at) => value !== other[at] && found.push(`${at}: ${value}, Python ${other[at]}`));
  return found;
}

describe.each(golden.pictures)("$name", ({ height, width, grey: packed, mnist, readings }) => {
  const grey = { height, width, values: Float32Array.from(bytes(packed)) };

  it("has Python's 784 bytes", () => {
    if (mnist.startsWith("the picture")) expect(() => toMnist(grey)).toThrow(Unreadable);
    else expect(differences(toMnist(grey), bytes(mnist))).toEqual([]);
  });

  it.each(readings)("is read as Python reads it, single: $single", async (kept) => {
    const reading = await read(grey, kept);
    expect(reading.answer).toBe(kept.answer);
    expect(words(reading.reason)).toBe(kept.reason);
    expect(reading.confidence).toBeCloseTo(kept.confidence, 12);
    expect(reading.rows.map((row) => row.map(({ place, answer, guess }) => ({ place, answer, guess })))).toEqual(
      kept.rows.map((row) => row.map(({ place, answer, guess }) => ({ place, answer, guess }))),
    );
    reading.rows.flat().forEach((digit, i) => {
      expect(differences(digit.image, bytes(kept.rows.flat()[i].image))).toEqual([]);
    });
  });
});

it.each(golden.colours)("$name: colours and opacity become Python's grey values", ({ height, width, data, grey }) => {
  const kept = bytes(grey);
  const found = pictureOf({ height, width, data: bytes(data) });
  expect(Array.from(found.grey.values)).toEqual(Array.from(new Float32Array(kept.buffer, kept.byteOffset, kept.length / 4)));
  expect(found.size).toEqual([width, height]);
});
