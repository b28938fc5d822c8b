import { expect, test } from "vitest";

import { inThePage } from "../src/tables/advice";

test("options of the command become controls of the page", () => {
  expect(inThePage("it is the last column; --target y takes 'y'")).toBe("it is the last column; choose 'y' above to predict it");
  expect(inThePage("if letters are wrong, choose another (--encoding, encoding=)")).toBe("if letters are wrong, choose another");
  expect(inThePage("how many lines to leave out first (--skip, skip=), or mend the rows")).toBe("how many lines to leave out first, or mend the rows");
  expect(inThePage("Name another column with --target")).toBe("Name another column above");
  expect(inThePage("column 'a--b (x, y=)' is left out")).toBe("column 'a--b (x, y=)' is left out");
});
