/** The network that the address holds, if it holds one: opened once, and taken out of the address. */

import { current } from "../ui/current.svelte";
import { type Key, t } from "../words/words.svelte";
import { readLink } from "./link";
import { restore } from "./restoring";
import { Unreadable } from "./saved";

/** What went wrong, in words; empty if nothing did. */
export async function openAddress(): Promise<string> {
  let words = "";
  try {
    const saved = await readLink(location.hash);
    if (saved) await restore(saved);
  } catch (error) {
    words = error instanceof Unreadable ? t(error.key as Key, error.values) : error instanceof Error ? error.message : String(error);
  }
  const view = words ? location.hash.slice(1).split("?")[0] || "playground" : current.trainer;
  history.replaceState(null, "", `#${view}`);
  return words;
}
