import { afterEach, expect, test } from "vitest";

import german from "../src/words/de.json";
import english from "../src/words/en.json";
import { number, parse, percent, setLanguage, t } from "../src/words/words.svelte";

afterEach(() => setLanguage("en"));

test("every language has all words, with the same values in them", () => {
  expect(Object.keys(german).sort()).toEqual(Object.keys(english).sort());
  const values = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const [key, words] of Object.entries(english)) expect(values(german[key as keyof typeof german]), key).toEqual(values(words));
});

test("numbers are written as the language writes them", () => {
  expect(number(0.123456)).toBe("0.1235");
  expect(number(-1234.5)).toBe("−1,235");
  expect(number(7.802e-6)).toBe("7.802·10⁻⁶");
  expect(number(-1.5e12)).toBe("−1.5·10¹²");
  expect(number(NaN)).toBe("NaN");
  setLanguage("de");
  expect(number(0.5)).toBe("0,5");
  expect(number(7.802e-6)).toBe("7,802·10⁻⁶");
  expect(percent(0.983).replace(/\s/, " ")).toBe("98,3 %");
  expect(t("number.least", { least: 0.5 })).toBe("Mindestens 0,5");
});

test("a word has the form that goes with its number", () => {
  expect(t("tables.size", { rows: 1, columns: 2 })).toBe("1 row, 2 columns.");
  setLanguage("de");
  expect(t("tables.size", { rows: 1, columns: 1 })).toBe("1 Zeile, 1 Spalte.");
});

test("numbers are read with a point, a comma, an exponent or as a fraction", () => {
  expect(["0.5", "0,5", " -1e-3 ", "−2", ",5", "1/4", "-1/2"].map(parse)).toEqual([0.5, 0.5, -0.001, -2, 0.5, 0.25, -0.5]);
  for (const wrong of ["", "a", "1,00.5", "1/0", "1/2/3", "0x10", "1 2", "Infinity"]) expect(parse(wrong), wrong).toBeNaN();
  expect(["1,000", "1,000.5", "0,125", "1.000"].map(parse)).toEqual([1000, 1000.5, 0.125, 1]);
  setLanguage("de");
  expect(["1.000", "1.000,5", "0.125", "1,000"].map(parse)).toEqual([1000, 1000.5, 0.125, 1]);
});
