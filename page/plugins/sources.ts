import { relative } from "node:path";

import type { Plugin } from "vite";

/** Writes sources.json: the files of this folder that the output is made from. tools/build_page.py adds their digests. */
export function sources(): Plugin {
  return {
    name: "sources",
    generateBundle() {
      const here = [...this.getModuleIds()].map((id) => relative(process.cwd(), id.split("?")[0]).replaceAll("\\", "/"));
      const own = [...new Set(here)].filter((path) => !path.startsWith("..") && !path.startsWith("node_modules") && !path.includes("\0"));
      this.emitFile({ type: "asset", fileName: "sources.json", source: JSON.stringify(own.sort()) });
    },
  };
}
