/**
 * Writes chunks as classic scripts, since a page that is read from a file cannot load modules. The entry loads the
 * others, from where it lies itself. Each of them calls
 *
 *     layerwiseChunk("Spiral.js", ["figures.js", "CurveChart.js"], (require, exports) => { … });
 *
 * with its name, the chunks that it needs, and its code.
 */
import { createHash } from "node:crypto";

import type { Plugin } from "vite";

const LOADER = `
const from = document.currentScript.src, exports = {}, chunks = { ENTRY: exports }, waiting = {};
globalThis.layerwiseChunk = (name, needs, make) => waiting[name]({ needs, make });
const load = (name) => (chunks[name] ??= start(name).catch((error) => { delete chunks[name]; throw error; }));
async function start(name) {
  const { needs, make } = await new Promise((resolve, reject) => {
    waiting[name] = resolve;
    const onerror = () => reject(new Error(name + " could not be loaded"));
    document.head.append(Object.assign(document.createElement("script"), { src: new URL(name + "?v=VERSION", from).href, onerror }));
  });
  const found = await Promise.all(needs.map(load)), exports = {};
  make((path) => found[needs.indexOf(path.slice(2))], exports);
  return exports;
}
const require = (path) => load(path.slice(2));
`;

export function classic(): Plugin {
  return {
    name: "layerwise-classic",
    apply: "build",
    enforce: "pre",
    /** In place of Vite's own, which is for modules. */
    load: (id) => (id.endsWith("vite/preload-helper.js") ? "export const __vitePreload = (load) => load();" : null),
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
        const version = createHash("sha256").update(chunks.map(({ code }) => code).join()).digest("hex").slice(0, 12);
        for (const chunk of chunks) {
          if (chunk.isEntry && chunk.imports.length) throw new Error(`the entry needs ${chunk.imports.join()}, which it cannot load at once`);
          const name = JSON.stringify(chunk.fileName);
          const loader = LOADER.replace("ENTRY", () => name).replace("VERSION", version);
          chunk.code = chunk.isEntry
            ? `(() => {${loader}${chunk.code}})();\n`
            : `layerwiseChunk(${name}, ${JSON.stringify(chunk.imports)}, (require, exports) => {${chunk.code}});\n`;
        }
      },
    },
  };
}
