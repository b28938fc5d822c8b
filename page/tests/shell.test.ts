import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

import { shellName } from "../src/out/shell";

test.each(["photo.png", "digits ü.png", "it's.png", 'a "b" $HOME `id`.png', "-rf.png", "it's $5.png", "a;b|c&d (1).png"])(
  "a shell takes %s as one word",
  (name) => {
    const word = execFileSync("/bin/sh", ["-c", `printf '[%s]' ${shellName(name)}`]).toString();
    expect(word).toBe(`[${name.startsWith("-") ? `./${name}` : name}]`);
  },
);

test("quotes only where they are needed, and such as Windows reads", () => {
  expect(shellName("photo-1.png")).toBe("photo-1.png");
  expect(shellName("digits ü.png")).toBe('"digits ü.png"');
});
