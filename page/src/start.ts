/**
 * What the page opens first and where data lie, from `start.json` beside index.html: app/play/opening.py writes it, in a
 * site of plain files as at a server. Without it the page opens nothing and has no data.
 */
import { Refusal } from "./engine/engine";

export interface Start {
  /** Where Python's engine is, relative to the page: null in a site of plain files. */
  engine: string | null;
  /** What answers there: "layerwise 0.9.0". */
  server: string | null;
  /** The view to show first. */
  view: "playground" | "digits" | "tables" | "inside" | "out" | null;
  open: Opened | null;
  data: { mnist?: string; reader?: string };
}

export interface Opened {
  /** A model file, a table, a picture of digits; or a network that Python holds, which has no file. */
  kind: "model" | "table" | "picture" | "network";
  name: string;
  url: string | null;
}

export interface Images {
  /** n rows of 784 bytes, 0 paper to 255 ink. */
  X: Uint8Array;
  labels: Int32Array;
  n: number;
}

interface MnistPart {
  set: "train" | "validation" | "test";
  begin: number;
  rows: number;
  images: string;
  labels: string;
}

declare global {
  /** In a notebook's widget: files beside the page, from Python; front.ts puts it there. */
  var layerwiseFiles: ((name: string) => Promise<Uint8Array<ArrayBuffer>>) | undefined;
}

const NOTHING: Start = { engine: null, server: null, view: null, open: null, data: {} };
let found: Promise<Start> | null = null;

/** What `start.json` says; asked for once. */
export function start(): Promise<Start> {
  found ??= read().catch(() => NOTHING);
  return found;
}

async function read(): Promise<Start> {
  const response = globalThis.layerwiseFiles
    ? new Response(await globalThis.layerwiseFiles("start.json"))
    : await fetch(new URL("start.json", document.baseURI), { cache: "no-cache" });
  return response.ok ? { ...NOTHING, ...(await response.json()) } : NOTHING;
}

/** The bytes of what the page shall open; null if there is nothing, or nothing that is a file. */
export async function opened(): Promise<Uint8Array<ArrayBuffer> | null> {
  const { open } = await start();
  return open?.url ? bytes(open.url) : null;
}

/** A file beside the page, by its address relative to index.html. */
export async function bytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await response(url)).arrayBuffer());
}

async function response(url: string): Promise<Response> {
  if (globalThis.layerwiseFiles) return new Response(await globalThis.layerwiseFiles(url));
  let answer: Response;
  try {
    answer = await fetch(new URL(url, document.baseURI));
  } catch {
    throw new Refusal(`${url}: it cannot be reached; the page's server may have ended`);
  }
  if (!answer.ok) throw new Refusal(`${url}: status ${answer.status}`);
  return answer;
}

/** A file that was packed with gzip, unpacked. */
export async function unpacked(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const packed = (await response(url)).body;
  if (!packed) throw new Refusal(`${url}: it is empty`);
  return new Uint8Array(await new Response(packed.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}

/**
 * Rows of MNIST, cut as Python's `load_mnist` cuts it: 50,000 to train, 10,000 each to validate and to test. They come
 * in files of 10,000 rows, of which only those that are needed are read, each once.
 */
export async function mnist(set: MnistPart["set"], rows = 10_000): Promise<Images> {
  const { data } = await start();
  if (!data.mnist) throw new Refusal("this page comes without MNIST: layerwise play --static FOLDER writes one with it");
  const folder = data.mnist.slice(0, data.mnist.lastIndexOf("/") + 1);
  const about = JSON.parse(new TextDecoder().decode(await bytes(data.mnist))) as { n_in: number; parts: MnistPart[] };
  const parts = about.parts.filter((part) => part.set === set && part.begin < rows);
  const n = Math.min(rows, parts.reduce((sum, part) => sum + part.rows, 0));
  if (parts.length === 1 && n === parts[0].rows) {
    const [images, answers] = await Promise.all([once(folder + parts[0].images), once(folder + parts[0].labels)]);
    return { X: images, labels: Int32Array.from(answers), n }; // as it is read, for it is large
  }
  const X = new Uint8Array(n * about.n_in);
  const labels = new Int32Array(n);
  for (const part of parts) {
    const [images, answers] = await Promise.all([once(folder + part.images), once(folder + part.labels)]);
    const count = Math.min(part.rows, n - part.begin);
    X.set(images.subarray(0, count * about.n_in), part.begin * about.n_in);
    labels.set(answers.subarray(0, count), part.begin);
  }
  return { X, labels, n };
}

const kept = new Map<string, Promise<Uint8Array>>();

/** The unpacked file, read once; one that could not be read is asked for again. */
function once(url: string): Promise<Uint8Array> {
  let file = kept.get(url);
  if (!file) {
    file = unpacked(url);
    kept.set(url, file);
    file.catch(() => kept.delete(url));
  }
  return file;
}
