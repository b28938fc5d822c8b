/** What the page was opened with: `layerwise play FILE`, a site with a file in it, or `net.play()`. */
import type { Model } from "../engine/engine";
import { ServerEngine } from "../engine/server";
import { opened, start } from "../start";
import { current, theEngine } from "../ui/current.svelte";
import { t } from "../words/words.svelte";
import { drawnFor, show } from "./given";
import { openModel } from "./restoring";
import { Unreadable } from "./saved";

export interface First {
  /** Which view shows it; null if there is nothing. */
  view: string | null;
  refusal: string;
  /** It came without data. */
  isDrawn: boolean;
}

/** Opens it, and says which view shows it. Tables and pictures are opened by their own views. */
export async function openFirst(): Promise<First> {
  const { open, view } = await start();
  if (open?.kind !== "model" && open?.kind !== "network") return { view, refusal: "", isDrawn: false };
  try {
    const found = open.kind === "network" ? await openOwn() : await openFile((await opened())!);
    return { ...found, view: view ?? found.view, refusal: "" };
  } catch (error) {
    return { view: view ?? "out", refusal: error instanceof Error ? error.message : String(error), isDrawn: false };
  }
}

/** The network that `net.play()` was called on, with the data that it was given. */
async function openOwn(): Promise<Omit<First, "refusal">> {
  const engine = await theEngine();
  const own = engine instanceof ServerEngine ? await engine.own() : null;
  if (!own) throw new Error(t("own.gone"));
  return own.data ? { view: await show(own.model, own.data), isDrawn: false } : drawn(own.model);
}

/** A model file: with the page's own data where they fit it, else with rows that are drawn. */
async function openFile(file: Uint8Array): Promise<Omit<First, "refusal">> {
  try {
    await openModel(file);
    return { view: current.trainer, isDrawn: false };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return drawn(await (await theEngine()).open(file));
  }
}

async function drawn(model: Model): Promise<Omit<First, "refusal">> {
  return { view: await show(model, await drawnFor(await theEngine(), model)), isDrawn: true };
}
