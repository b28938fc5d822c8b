/**
 * The engine for figures that train. It lies beside this script as engine.js, which the documentation's build writes: the
 * module as text, since a page that is read from a file can load scripts and nothing else. It works in a worker made
 * from this script.
 */
import type { Engine } from "../engine/engine";
import { WasmEngine } from "../engine/wasm";
import EngineWorker from "../engine/worker.ts?worker&inline";

declare global {
  var layerwiseEngine: string | undefined;
}

/** Where this script is. */
export const here = (document.currentScript as HTMLScriptElement | null)?.src ?? document.baseURI;
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
  globalThis.layerwiseEngine ?? (await script(new URL("engine.js", here).href));
  const bytes = Uint8Array.from(atob(globalThis.layerwiseEngine!), (letter) => letter.charCodeAt(0));
  return new WasmEngine(await WebAssembly.compile(bytes), () => new EngineWorker());
}

export function script(src: string): Promise<void> {
  const element = Object.assign(document.createElement("script"), { src });
  return new Promise((resolve, reject) => {
    element.onload = () => resolve();
    element.onerror = () => reject(new Error(`${src} could not be loaded`));
    document.head.append(element);
  });
}
