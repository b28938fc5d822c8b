/** What the page was opened with: `layerwise play FILE`, a site with a file in it, or `net.play()`. */
import { ServerEngine } from "../engine/server";
import { opened, start } from "../start";
import { current, runners, theEngine } from "../ui/current.svelte";
import { t } from "../words/words.svelte";
import { openModel } from "./restoring";

/** Opens it, and says which view shows it; null if there is nothing. Tables and pictures are opened by their own views. */
export async function openFirst(): Promise<{ view: string | null; refusal: string }> {
  const { open, view } = await start();
  if (open?.kind !== "model" && open?.kind !== "network") return { view, refusal: "" };
  try {
    if (open.kind === "network") await openOwn();
    else await openModel((await opened())!);
    return { view: view ?? (open.kind === "network" ? "inside" : current.trainer), refusal: "" };
  } catch (error) {
    return { view: view ?? "out", refusal: error instanceof Error ? error.message : String(error) };
  }
}

/** The network that `net.play()` was called on, with the data that it was given. */
async function openOwn(): Promise<void> {
  const engine = await theEngine();
  const own = engine instanceof ServerEngine ? await engine.own() : null;
  if (!own) throw new Error(t("own.gone"));
  const { model, data } = own;
  if (!data) throw new Error(t("own.no_data"));
  const trainer = model.n_in === 784 ? "digits" : "tables";
  const runner = runners[trainer];
  const shape: [number, number] | null = model.n_in === 784 ? [28, 28] : null;
  const about = { source: { kind: "notebook" }, names: null, shape };
  if (!(await runner.create(model.training, data, undefined, about))) throw new Error(runner.words ?? "");
  await runner.setTheta(model.theta);
  current.trainer = trainer;
}
