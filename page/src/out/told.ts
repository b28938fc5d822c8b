/** What a runner knows, for the script and for what is saved. */

import type { Trainer } from "../ui/current.svelte";
import type { Runner } from "../ui/runner.svelte";
import type { Held } from "./saved";
import type { Told } from "./script";

export function toldOf(runner: Runner): Told | null {
  const { training, data, heldOut, about, story, current } = runner;
  if (!training || !data) return null;
  const stepsPerEpoch = Math.ceil(data.n / training.batch_size);
  return { training, data, heldOut, about, story, steps: current?.steps ?? 0, stepsPerEpoch };
}

export function heldOf(runner: Runner, trainer: Trainer): Held | null {
  const { training, data, heldOut, about } = runner;
  return training && data && { trainer, training, data, heldOut, about };
}
