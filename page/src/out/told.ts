/** What a runner knows, for the script and for what is saved. */

import { hasPython } from "../engine/engine";
import type { Trainer } from "../ui/current.svelte";
import type { Runner } from "../ui/runner.svelte";
import type { Held, Plane } from "./saved";
import type { Told } from "./script";

export function toldOf(runner: Runner): Told | null {
  const { session, training, data, heldOut, about, story, current } = runner;
  if (!session || !training || !data) return null;
  const stepsPerEpoch = Math.ceil(data.n / training.batch_size);
  return { training, data, heldOut, about, story, steps: current?.steps ?? 0, stepsPerEpoch, byPython: hasPython(session) };
}

export async function heldOf(runner: Runner, trainer: Trainer): Promise<Held | null> {
  const { training, data, heldOut, about } = runner;
  if (!training || !data) return null;
  const plane = trainer === "playground" && about.source.kind === "points" ? await planeOf() : null;
  return { trainer, training, data, heldOut, about, plane };
}

async function planeOf(): Promise<Plane> {
  const { playground } = await import("../views/playground/state.svelte");
  const { kind, choices, testShare, points, features } = playground.state;
  return { kind, choices, testShare, points, features };
}
