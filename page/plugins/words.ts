import { readFileSync } from "node:fs";

import type { Plugin } from "vite";

/** Leaves out the words of other parts of the page: those whose keys are not chosen. */
export function words(chosen: (key: string) => boolean): Plugin {
  return {
    name: "words",
    enforce: "pre",
    load(id) {
      if (!/\/src\/words\/\w+\.json$/.test(id)) return null;
      const all = Object.entries(JSON.parse(readFileSync(id, "utf-8")) as Record<string, string>);
      return JSON.stringify(Object.fromEntries(all.filter(([key]) => chosen(key))));
    },
  };
}
