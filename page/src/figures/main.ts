/**
 * The live figures of the documentation: each element of the class `live-figure` becomes the figure that it names, with
 * its preset. The script is a classic one, so that it works from files too.
 */
import { mount } from "svelte";

import { speak } from "../words/words.svelte";
import "../ui/theme.css";
import "./figures.css";
import Figure from "./Figure.svelte";
import { FIGURES, isFigure } from "./registry";

function show(target: HTMLElement): void {
  const { figure: name = "", preset = "{}", title = "" } = target.dataset;
  if (!isFigure(name)) return;
  const given = JSON.parse(preset) as Record<string, unknown>;
  target.replaceChildren();
  target.classList.add("is-live");
  mount(Figure, { target, props: { name, title, content: FIGURES[name], preset: given } });
}

speak(document.documentElement.lang);
for (const target of document.querySelectorAll<HTMLElement>(".live-figure")) show(target);
