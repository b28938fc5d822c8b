/**
 * The engine for figures that train. It lies beside this script as engine.js, which the documentation's build writes: the
 * module as text, since a page that is read from a file can load scripts and nothing else. It works in a worker made
 * from this script.
 */
import type { Engine } from "../engine/engine";
import { WasmEngine } from "../engine/wasm";
import EngineWorker from "../engine/worker.ts?worker&inline";
import { script } from "./loading";

declare global {
  var layerwiseEngine: string | undefined;
}

let loaded: Promise<Engine> | null = null;

/** The engine, loaded once for all figures of a page. */
export function engine(): Promise<Engine> {
  loaded ??= load().catch((error: unknown) => {
    loaded = null;
    throw error;
  });
  return loaded;
}

async function load(): Promise<Engine> {
  globalThis.layerwiseEngine ?? (await script("engine.js"));
  const bytes = Uint8Array.from(atob(globalThis.layerwiseEngine!), (letter) => letter.charCodeAt(0));
  return new WasmEngine(await WebAssembly.compile(bytes), () => new EngineWorker());
}
