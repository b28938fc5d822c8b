/** The engine: the one that was built last, else that of the site. */
import { existsSync, readFileSync } from "node:fs";

const places = ["../public/engine.wasm", "../../src/layerwise/app/play/site/engine.wasm"];
const built = places.map((place) => new URL(place, import.meta.url)).find(existsSync);
if (!built) throw new Error("there is no engine: run python tools/build_page.py --engine");

export const compiled = new WebAssembly.Module(readFileSync(built));
