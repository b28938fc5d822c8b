/** Loads what lies beside the figures' script. All of it is scripts, since a page that is read from a file loads nothing else. */

// Known while the script itself runs: main.ts has this module in it.
const here = (document.currentScript as HTMLScriptElement | null)?.src ?? document.baseURI;

export function script(path: string): Promise<void> {
  const element = Object.assign(document.createElement("script"), { src: new URL(path, here).href });
  return new Promise((resolve, reject) => {
    element.onload = () => resolve();
    element.onerror = () => reject(new Error(`${path} could not be loaded`));
    document.head.append(element);
  });
}
