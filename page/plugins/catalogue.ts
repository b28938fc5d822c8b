import { readFileSync } from "node:fs";

import type { Plugin } from "vite";

/** Leaves out what nobody reads of the parts: their words; and their code, where there is no engine that runs it. */
export function catalogue(hasEngine: boolean): Plugin {
  const isWords = (key: string, value: object) => key === "doc" || (key === "formula" && "latex" in value);
  const isCode = (key: string) => ["code", "slope", "rule"].includes(key);
  return {
    name: "catalogue",
    enforce: "pre",
    load(id) {
      if (!id.endsWith("/generated/catalogue.json")) return null;
      const kept = (key: string, value: object) => (isWords(key, value) || (!hasEngine && isCode(key)) ? undefined : value);
      return JSON.stringify(JSON.parse(readFileSync(id, "utf-8")), kept);
    },
  };
}
