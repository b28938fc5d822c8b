/** The theme of the page around, for what is drawn with its colours. */
import { createSubscriber } from "svelte/reactivity";

/** An effect that calls this runs again when the theme changes: canvases are drawn anew. */
export const themed = createSubscriber((changed) => {
  const again = () => requestAnimationFrame(changed);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", again);
  const observer = new MutationObserver(again);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    dark.removeEventListener("change", again);
    observer.disconnect();
  };
});
