import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";

vi.mock("../src/figures/loading.ts", () => ({ script: () => undefined }));
const { DigitNetwork } = await import("../src/figures/digits/network.ts");

const text = readFileSync(new URL("../../docs/_static/digits/network.js", import.meta.url), "utf-8");
const given = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
const golden = JSON.parse(readFileSync(new URL("golden/figure-digits.json", import.meta.url), "utf-8")) as { hidden: number[][]; probabilities: number[][] };
const network = new DigitNetwork(given);

test("the network of the figure answers as in Python", () => {
  expect(network.units).toBe(30);
  expect(network.examples.map(({ label }) => label)).toEqual(Array.from({ length: 20 }, (_, i) => Math.floor(i / 2)));
  network.examples.forEach(({ image, label }, i) => {
    const found = network.read(image);
    found.hidden.forEach((a, j) => expect(a).toBeCloseTo(golden.hidden[i][j], 5));
    found.probabilities.forEach((p, j) => expect(p).toBeCloseTo(golden.probabilities[i][j], 5));
    expect(found.answer).toBe(label);
  });
});

test("a unit's sum is that of its weights times the image, and its bias", () => {
  const { image } = network.examples[14];
  const { sums, hidden, probabilities } = network.read(image);
  const weights = network.weightsOf(11);
  const sum = network.biasOf(11) + image.reduce((all, pixel, i) => all + (pixel / 255) * weights[i], 0);
  expect(sums[11]).toBeCloseTo(sum, 10);
  expect(hidden[11]).toBeCloseTo(1 / (1 + Math.exp(-sum)), 10);
  expect(network.outwards(11)).toHaveLength(10);
  expect(probabilities.reduce((all, p) => all + p, 0)).toBeCloseTo(1, 12);
});
