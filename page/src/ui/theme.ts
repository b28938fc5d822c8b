/** A number that changes with the theme of the page, so that canvases are drawn anew. */
export class Theme {
  version = $state(0);

  /** Watches until the function that it returns is called. */
  watch(): () => void {
    const again = () => requestAnimationFrame(() => (this.version += 1));
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", again);
    const observer = new MutationObserver(again);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      dark.removeEventListener("change", again);
      observer.disconnect();
    };
  }
}
