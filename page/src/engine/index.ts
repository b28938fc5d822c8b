/** The engine that is there: Python's, where the page comes from `layerwise play`, else the one in this browser. */
import type { Engine, Training } from "./engine";
import { load } from "./loading";
import { ServerEngine } from "./server";

export * from "./engine";
export { CATALOGUE, shown } from "./catalogue";

export async function connect(): Promise<Engine> {
  let loaded: Promise<Engine> | null = null;
  const browser = () => (loaded ??= load());
  const server = await ServerEngine.find(browser);
  if (!server) return browser();
  const idle = globalThis.requestIdleCallback ?? setTimeout;
  idle(() => browser().then(prove, () => undefined));
  return server;
}

/** Fetches all that the engine of this browser consists of, by a network of one unit: Python may go away without a word. */
async function prove(engine: Engine): Promise<void> {
  const training: Training = { layers: [{ type: "Dense", units: 1 }], random_state: 0, scaling: null, loss: { type: "MeanSquaredError" },
    optimizer: { type: "SGD" }, penalties: [], schedule: null, epochs: 1, batch_size: 1, shuffle: false, clip_norm: null }; // prettier-ignore
  const one = Float64Array.of(1);
  const session = await engine.create(training, { X: one, n: 1, n_in: 1, task: "regression", targets: one, n_out: 1 });
  session.close();
}
