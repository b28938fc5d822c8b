/** Writes the list of the built files and their version into offline.js, and a content security policy into index.html. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Plugin } from "vite";

const POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; " +
  "img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'none'";

/** What no page loads: the service worker itself, and files for others. */
const LEFT_OUT = new Set(["offline.js", "front.js"]);

export function offline(): Plugin {
  let folder = "";
  return {
    name: "layerwise-offline",
    apply: "build",
    configResolved(config) {
      folder = config.publicDir;
    },
    transformIndexHtml: () => [
      { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: POLICY }, injectTo: "head-prepend" },
    ],
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const contents = new Map<string, string | Uint8Array>();
        for (const file of Object.values(bundle)) contents.set(file.fileName, file.type === "chunk" ? file.code : file.source);
        for (const name of publicFiles(folder)) contents.set(name, readFileSync(join(folder, name)));
        const worker = bundle["offline.js"];
        if (worker?.type !== "chunk") return;
        const names = [...contents.keys()].filter((name) => !LEFT_OUT.has(name)).sort();
        const version = createHash("sha256");
        for (const name of ["offline.js", ...names]) version.update(name).update(contents.get(name)!);
        worker.code = worker.code
          .replace("__FILES__", () => JSON.stringify(names))
          .replace("__VERSION__", () => JSON.stringify(version.digest("hex").slice(0, 16)));
      },
    },
  };
}

function publicFiles(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  } catch {
    return []; // there is no such folder
  }
}
