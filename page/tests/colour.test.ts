import { expect, test } from "vitest";

import { parseColour } from "../src/ui/colour";

test("a colour in both lengths", () => {
  expect(parseColour("#fff")).toEqual([255, 255, 255]);
  expect(parseColour(" #0072b2 ")).toEqual([0, 114, 178]);
  expect(parseColour("#07b")).toEqual([0, 119, 187]);
});
