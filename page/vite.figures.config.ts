/** The live figures of the documentation as classic scripts and one style sheet, which work from files too. */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

import { catalogue } from "./plugins/catalogue";
import { classic } from "./plugins/classic";
import { sources } from "./plugins/sources";
import { within } from "./plugins/within";
import { words } from "./plugins/words";

const WORDS = /^(figures|table|number|trace|training|playground\.(set|confusion)|network\.(undo|redo)|digits\.(confidence|digit|pad|eraser|clear|pen|keys|row))\b/;
const seen = sources();

export default defineConfig({
  plugins: [words((key) => WORDS.test(key)), catalogue(false), svelte(), seen.page, classic()],
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
      output: { format: "cjs", entryFileNames: "[name].js", chunkFileNames: "figures-[name].js", assetFileNames: "figures[extname]" },
    },
  },
  worker: { format: "iife", plugins: () => [catalogue(true), seen.worker] },
});
