/** The engine that is there: Python's, where the page comes from `layerwise play`, else the one in this browser. */
import { type Engine, Refusal } from "./engine";

export async function connect(): Promise<Engine> {
  throw new Refusal("the engine is not there yet");
}
