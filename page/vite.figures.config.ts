/** The live figures of the documentation as one classic script and one style sheet, which work from files too. */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

import { sources } from "./plugins/sources";
import { within } from "./plugins/within";
import { words } from "./plugins/words";

export default defineConfig({
  plugins: [words((key) => /^(figures|table|number|trace|training|digits|network\.(undo|redo)|playground\.(set|confusion))\b/.test(key)), svelte(), sources()],
  css: { postcss: { plugins: [within("ui/theme.css", ".live-figure")] } },
  build: {
    outDir: "../docs/_static/figures",
    emptyOutDir: true,
    copyPublicDir: false,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    rollupOptions: {
      input: { figures: "src/figures/main.ts" },
      output: { format: "iife", codeSplitting: false, entryFileNames: "[name].js", assetFileNames: "figures[extname]" },
    },
  },
  worker: { format: "iife" },
});
