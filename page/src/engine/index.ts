/** The engine that is there: Python's, where the page comes from `layerwise play`, else the one in this browser. */
import type { Engine } from "./engine";
import { ServerEngine } from "./server";
import { WasmEngine } from "./wasm";

export * from "./engine";
export { CATALOGUE, shown } from "./catalogue";

export async function connect(): Promise<Engine> {
  let loaded: Promise<Engine> | null = null;
  const browser = () => (loaded ??= WasmEngine.load());
  return (await ServerEngine.find(browser)) ?? browser();
}
