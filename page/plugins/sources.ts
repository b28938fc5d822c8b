import { relative } from "node:path";

import type { Plugin } from "vite";

/** Write sources.json: the files of this folder that the output is made from. tools/build_page.py adds their digests. */
export function sources(): { page: Plugin; worker: Plugin } {
  const found = new Set<string>();
  const worker: Plugin = {
    name: "sources-seen",
    transform(_, id) {
      found.add(relative(process.cwd(), id.split("?")[0]).replaceAll("\\", "/"));
    },
  };
  const page: Plugin = {
    ...worker,
    name: "sources",
    generateBundle() {
      const own = [...found].filter((path) => !path.startsWith("..") && !path.startsWith("node_modules") && !path.includes("\0"));
      this.emitFile({ type: "asset", fileName: "sources.json", source: JSON.stringify(own.sort()) });
    },
  };
  return { page, worker };
}
