/**
 * The service worker of a site of plain files: after one visit the page is there without a network. It becomes
 * offline.js beside index.html; plugins/offline.ts writes the list of files and the version into it.
 *
 *     built files                 kept as they were installed, all of one version
 *     start.json, data/…          from the network, and as they were last read where there is none
 *
 * A new version is installed beside the old one and takes over at the next visit: page/src/keeping.ts asks for it.
 */
declare const __FILES__: string[];
declare const __VERSION__: string;

const worker = self as unknown as ServiceWorkerGlobalScope;
const scope = worker.registration.scope;
const BUILT = `layerwise ${scope} ${__VERSION__}`;
const READ = `layerwise ${scope} read`;
const addresses = new Set(__FILES__.map((name) => new URL(name, scope).href));

worker.addEventListener("install", (event) => {
  const fresh = [...addresses].map((url) => new Request(url, { cache: "reload" }));
  event.waitUntil(caches.open(BUILT).then((cache) => cache.addAll(fresh)));
  event.waitUntil(keep([new URL("start.json", scope).href]));
});

worker.addEventListener("activate", (event) => {
  const old = (name: string) => name.startsWith(`layerwise ${scope} `) && name !== BUILT && name !== READ;
  const forget = async () => {
    await Promise.all((await caches.keys()).filter(old).map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(forget());
});

worker.addEventListener("message", (event) => {
  if (event.data === "take over") event.waitUntil(takeOver());
  else if (Array.isArray(event.data)) event.waitUntil(keep(event.data.filter((url) => String(url).startsWith(scope))));
});

/** Keeps what a page has read before this worker was there. */
async function keep(urls: string[]): Promise<void> {
  const cache = await caches.open(READ);
  const one = async (url: string) => (await cache.match(url)) ?? cache.add(url);
  await Promise.allSettled(urls.map(one));
}

/** Where one page alone is open, and that one has only begun, nothing of the old version is in use. */
async function takeOver(): Promise<void> {
  const pages = await worker.clients.matchAll({ includeUncontrolled: true, type: "window" });
  if (pages.filter(({ url }) => url.startsWith(scope)).length <= 1) await worker.skipWaiting();
}

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  url.hash = url.search = "";
  if (request.method !== "GET" || !url.href.startsWith(scope)) return;
  if (url.href === scope) url.pathname += "index.html";
  if (addresses.has(url.href)) event.respondWith(kept(url.href));
  else if (!url.href.endsWith("/offline.js")) event.respondWith(read(request));
});

async function kept(url: string): Promise<Response> {
  return (await (await caches.open(BUILT)).match(url)) ?? fetch(url);
}

async function read(request: Request): Promise<Response> {
  const cache = await caches.open(READ);
  try {
    const response = await fetch(request);
    if (response.status === 200) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const before = await cache.match(request);
    if (before) return before;
    throw error;
  }
}
