import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { offline } from "./plugins/offline";
import { words } from "./plugins/words";

// All addresses are relative, so that the page works in any folder of a site and behind a proxy.
export default defineConfig({
  base: "./",
  plugins: [words((key) => !key.startsWith("figures.")), svelte(), offline()],
  build: {
    outDir: "../src/layerwise/app/play/site",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    rollupOptions: {
      // assets/layerwise.js is the engine alone, for other pages and for the tests.
      input: { index: "index.html", layerwise: "src/engine/index.ts", offline: "src/offline.ts", front: "src/front.ts" },
      preserveEntrySignatures: "allow-extension",
      output: {
        entryFileNames: ({ name }) => (["offline", "front"].includes(name) ? "[name].js" : "assets/[name].js"),
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
  worker: {
    format: "es",
    rollupOptions: { output: { entryFileNames: "assets/[name].js", assetFileNames: "assets/[name][extname]" } },
  },
  test: { include: ["tests/**/*.test.ts"] },
});
