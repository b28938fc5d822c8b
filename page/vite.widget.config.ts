/** The page as one script and one style sheet, for the frame of a notebook's widget, which has no addresses of its own. */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

import { words } from "./plugins/words";

export default defineConfig({
  base: "./",
  plugins: [words((key) => !key.startsWith("figures.")), svelte()],
  // Files come from Python by name: src/widget.ts.
  experimental: { renderBuiltUrl: (name, { hostType }) => (hostType === "js" ? { runtime: `layerwiseAddress(${JSON.stringify(name)})` } : {}) },
  build: {
    outDir: "../src/layerwise/app/play/site",
    emptyOutDir: false,
    copyPublicDir: false,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    rollupOptions: {
      input: { widget: "src/main.ts" },
      output: { codeSplitting: false, entryFileNames: "[name].js", assetFileNames: "widget[extname]" },
    },
  },
  worker: {
    format: "es",
    rollupOptions: { output: { entryFileNames: "assets/[name].js", assetFileNames: "assets/[name][extname]" } },
  },
});
