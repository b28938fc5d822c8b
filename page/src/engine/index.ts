/** The engine that is there: Python's, where the page comes from `layerwise play`, else the one in this browser. */
import type { Engine } from "./engine";
import { WasmEngine } from "./wasm";

export * from "./engine";
export { CATALOGUE, shown } from "./catalogue";

export async function connect(): Promise<Engine> {
  return WasmEngine.load();
}
