/** The engine of this browser, from the files that lie beside the page's scripts. */
import { compile } from "./module";
import { WasmEngine } from "./wasm";

const start = () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

export async function load(): Promise<WasmEngine> {
  if (globalThis.layerwiseFiles) return new WasmEngine(await WebAssembly.compile(await globalThis.layerwiseFiles("engine.wasm")), start);
  // In the built page this file lies in assets/, and the engine beside that folder.
  const path = import.meta.env.DEV ? "/engine.wasm" : "../engine.wasm";
  return new WasmEngine(await compile(new URL(path, import.meta.url)), start);
}
