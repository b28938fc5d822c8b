/**
 * The live figures of the documentation: each element of the class `live-figure` becomes the figure that it names, with
 * its preset. What it held before stays until the figure is there.
 */
import { mount } from "svelte";

import { speak, t } from "../words/words.svelte";
import "../ui/theme.css";
import "./figures.css";
import Figure from "./Figure.svelte";
import "./loading";
import { FIGURES, isFigure } from "./registry";

async function show(target: HTMLElement): Promise<void> {
  const { figure: name = "", preset = "{}", title = "" } = target.dataset;
  if (!isFigure(name)) return;
  const given = JSON.parse(preset) as Record<string, unknown>;
  try {
    const content = await FIGURES[name]();
    target.replaceChildren();
    target.classList.add("is-live");
    mount(Figure, { target, props: { name, title, content, preset: given } });
  } catch (error) {
    const words = t("figures.missing", { words: error instanceof Error ? error.message : String(error) });
    target.append(Object.assign(document.createElement("p"), { className: "error", textContent: words }));
  }
}

speak(document.documentElement.lang);
for (const target of document.querySelectorAll<HTMLElement>(".live-figure")) void show(target);
