/** Keeps the page for visits without a network, where it is a site of plain files: offline.ts is its service worker. */
import { start } from "./start";

export async function keep(): Promise<void> {
  if (import.meta.env.DEV || globalThis.layerwiseFiles || !globalThis.isSecureContext || !("serviceWorker" in navigator)) return;
  if ((await start()).engine !== null) return; // Python's server: its address lasts no longer than it does
  const url = new URL("offline.js", document.baseURI);
  const registered = await navigator.serviceWorker.getRegistration(url);
  if (registered?.waiting) {
    // A version that came with the visit before: this visit begins again with it, unless other pages are open.
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    registered.waiting.postMessage("take over");
  }
  await navigator.serviceWorker.register(url);
  if (registered) {
    await registered.update().catch(() => undefined); // there is no network
    return; // whatever this visit reads comes by way of the worker
  }
  const { serviceWorker } = navigator;
  if (!serviceWorker.controller) await new Promise((resolve) => serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
  const read = performance.getEntriesByType("resource").map(({ name }) => name);
  serviceWorker.controller?.postMessage(read.filter((name) => name.startsWith(new URL("data/", document.baseURI).href)));
}
