/**
 * All that is needed to make a network of the page again, as JSON: settings, data, and if wanted the weights. A link and
 * a file hold the same. What comes from outside is believed in nothing: `check` takes it or says what is wrong.
 */

import type { Data, Part, Training, Value } from "../engine/engine.ts";
import { isKnown } from "../trace/parts.ts";
import { type Feature, possible } from "../data2d/features.ts";
import { MOST_CLASSES, MOST_POINTS, type Points } from "../data2d/points.ts";
import { type Choices, NAMES } from "../data2d/sets.ts";
import type { Trainer } from "../ui/current.svelte.ts";
import type { About } from "../ui/runner.svelte.ts";
import { fromBase64, toBase64 } from "./base64.ts";

export const VERSION = 1;

/** Data whose numbers are written out; where the source says where they are (MNIST), there are none. */
export interface SavedData {
  task: Data["task"];
  n: number;
  n_in: number;
  X: number[];
  /** "uint8", "float32" or "float64". */
  type: "uint8" | "float32" | "float64";
  labels?: number[];
  classes?: (string | number)[];
  targets?: number[];
  n_out?: number;
}

export interface Saved {
  layerwise: typeof VERSION;
  trainer: Trainer;
  training: Training;
  about: About;
  data: SavedData | null;
  held_out: SavedData | null;
  /** The parameters: float32, little-endian, in base64. */
  theta: string | null;
  /** Of the playground: its points and what they were drawn from, in place of `data`. */
  plane: Plane | null;
}

export interface Plane {
  kind: string;
  choices: Choices;
  testShare: number;
  points: Points;
  features: Feature[];
}

/** What is wrong, as a key of the words file. */
export class Unreadable extends Error {
  override name = "Unreadable";
  constructor(
    readonly key: string,
    readonly values: { [name: string]: string | number } = {},
  ) {
    super(`${key} ${JSON.stringify(values)}`);
  }
}

/** What a runner holds. */
export interface Held {
  trainer: Trainer;
  training: Training;
  data: Data;
  heldOut: Data | null;
  about: About;
  plane?: Plane | null;
}

const MOST_VALUES = 2_000_000;

export function save(held: Held, theta: Float32Array | null): Saved {
  const plane = held.plane ?? null;
  const isElsewhere = held.about.source.kind === "mnist" || plane !== null;
  const kept = (data: Data | null) => (data && !isElsewhere ? savedData(data) : null);
  return {
    layerwise: VERSION,
    trainer: held.trainer,
    training: held.training,
    about: held.about,
    data: kept(held.data),
    held_out: kept(held.heldOut),
    theta: theta && toBase64(bytesOf(theta)),
    plane,
  };
}

function savedData({ X, n, n_in, task, labels, classes, targets, n_out }: Data): SavedData {
  const type = X instanceof Uint8Array ? "uint8" : X instanceof Float32Array ? "float32" : "float64";
  const shown = type === "float32" ? Array.from(X, short) : Array.from(X);
  return {
    task, n, n_in, X: shown, type,
    ...(labels && { labels: Array.from(labels) }),
    ...(classes && { classes }),
    ...(targets && { targets: Array.from(targets) }),
    ...(n_out !== undefined && { n_out }),
  }; // prettier-ignore
}

/** The number of the fewest digits that is this float32. */
function short(x: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const found = Number(x.toPrecision(digits));
    if (Math.fround(found) === x) return found;
  }
  return x;
}

/** Little-endian, whatever the machine is. */
function bytesOf(theta: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * theta.length));
  theta.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return new Uint8Array(view.buffer);
}

export function thetaOf(saved: Saved): Float32Array | null {
  if (saved.theta === null) return null;
  const bytes = fromBase64(saved.theta);
  if (!bytes || bytes.length % 4) throw new Unreadable("out.wrong.field", { field: "theta" });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

export function dataOf(saved: SavedData): Data {
  const X =
    saved.type === "uint8" ? Uint8Array.from(saved.X)
    : saved.type === "float32" ? Float32Array.from(saved.X)
    : Float64Array.from(saved.X); // prettier-ignore
  const { task, n, n_in, classes, n_out } = saved;
  return {
    task, n, n_in, X,
    ...(saved.labels && { labels: Int32Array.from(saved.labels) }),
    ...(classes && { classes }),
    ...(saved.targets && { targets: Float64Array.from(saved.targets) }),
    ...(n_out !== undefined && { n_out }),
  }; // prettier-ignore
}

// ------------------------------------------------------------------ reading

type Unknown = { [name: string]: unknown };

export function parse(text: string): Saved {
  let value: unknown;
  try {
    value = JSON.parse(text, (key, item: unknown) => (key === "__proto__" ? undefined : item));
  } catch {
    throw new Unreadable("out.wrong.json");
  }
  return check(value);
}

/** The value as what was saved, or an `Unreadable` that says which part of it cannot be. */
export function check(value: unknown): Saved {
  if (!isObject(value) || !("layerwise" in value)) throw new Unreadable("out.wrong.kind");
  if (value.layerwise !== VERSION) {
    const found = typeof value.layerwise === "number" ? value.layerwise : "?";
    throw new Unreadable("out.wrong.version", { found: String(found), known: VERSION });
  }
  need(["playground", "digits", "tables"].includes(value.trainer as string), "trainer");
  checkTraining(value.training);
  const about = checkAbout(value.about);
  const data = checkData(value.data, "data");
  const heldOut = checkData(value.held_out, "held_out");
  const plane = checkPlane(value.plane);
  need(data !== null || plane !== null || about.source.kind === "mnist", "data");
  need(value.theta === null || typeof value.theta === "string", "theta");
  return {
    layerwise: VERSION,
    trainer: value.trainer as Trainer,
    training: value.training as unknown as Training,
    about,
    data,
    held_out: heldOut,
    theta: value.theta as string | null,
    plane,
  };
}

function need(condition: boolean, field: string): asserts condition {
  if (!condition) throw new Unreadable("out.wrong.field", { field });
}

const isObject = (value: unknown): value is Unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown, least = 0): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least;

function checkTraining(value: unknown): asserts value is Training {
  need(isObject(value), "training");
  need(Array.isArray(value.layers) && value.layers.length > 0 && value.layers.length <= 100, "training.layers");
  value.layers.forEach((layer, i) => checkPart(layer, `training.layers[${i}]`));
  for (const name of ["loss", "optimizer"]) checkPart(value[name], `training.${name}`);
  for (const name of ["scaling", "schedule"]) if (value[name] !== null) checkPart(value[name], `training.${name}`);
  need(Array.isArray(value.penalties) && value.penalties.length <= 20, "training.penalties");
  value.penalties.forEach((penalty, i) => checkPart(penalty, `training.penalties[${i}]`));
  need(isCount(value.random_state), "training.random_state");
  need(isCount(value.epochs, 1), "training.epochs");
  need(isCount(value.batch_size, 1), "training.batch_size");
  need(typeof value.shuffle === "boolean", "training.shuffle");
  need(value.clip_norm === null || Number.isFinite(value.clip_norm), "training.clip_norm");
}

function checkPart(value: unknown, field: string): asserts value is Part {
  need(isObject(value) && typeof value.type === "string" && isKnown(value.type), field);
  for (const [name, argument] of Object.entries(value)) need(isPlain(argument as Value, 4), `${field}.${name}`);
}

/** Numbers, text and lists or parts of them, not deep. */
function isPlain(value: unknown, depth: number): boolean {
  if (value === null || typeof value === "boolean") return true;
  if (typeof value === "string") return value.length <= 1000;
  if (typeof value === "number") return Number.isFinite(value);
  if (depth === 0) return false;
  const inner = Array.isArray(value) ? value : Object.values(value as Unknown);
  return inner.length <= 10_000 && inner.every((item) => isPlain(item, depth - 1));
}

function checkAbout(value: unknown): About {
  need(isObject(value), "about");
  const { source, names, shape } = value;
  need(isObject(source) && typeof source.kind === "string" && isPlain(source, 4), "about.source");
  need(names === null || isTexts(names), "about.names");
  need(shape === null || (Array.isArray(shape) && shape.length === 2 && shape.every((n) => isCount(n, 1))), "about.shape");
  return { source, names, shape } as About;
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= 10_000 && value.every((item) => typeof item === "string");

function checkData(value: unknown, field: string): SavedData | null {
  if (value === null || value === undefined) return null;
  need(isObject(value), field);
  const { task, n, n_in, X, type, labels, classes, targets, n_out } = value;
  need(task === "classification" || task === "regression", `${field}.task`);
  need(isCount(n, 1) && isCount(n_in, 1) && n * n_in <= MOST_VALUES, `${field}.n`);
  need(type === "uint8" || type === "float32" || type === "float64", `${field}.type`);
  const isValue = type === "uint8" ? (x: unknown) => isCount(x) && x <= 255 : Number.isFinite;
  need(Array.isArray(X) && X.length === n * n_in && X.every(isValue), `${field}.X`);
  if (task === "classification") {
    need(Array.isArray(classes) && classes.length >= 2 && classes.length <= 1000, `${field}.classes`);
    need(classes.every((c) => typeof c === "string" || Number.isFinite(c)), `${field}.classes`);
    const isLabel = (label: unknown) => isCount(label) && label < classes.length;
    need(Array.isArray(labels) && labels.length === n && labels.every(isLabel), `${field}.labels`);
  } else {
    need(isCount(n_out, 1), `${field}.n_out`);
    need(Array.isArray(targets) && targets.length === n * n_out && targets.every(Number.isFinite), `${field}.targets`);
  }
  return { task, n, n_in, X, type, labels, classes, targets, n_out } as SavedData;
}

const isNumber = (value: unknown): value is number => Number.isFinite(value);

/** What the playground holds, checked. */
function checkPlane(value: unknown): Plane | null {
  if (value === null || value === undefined) return null;
  need(isObject(value), "plane");
  const { kind, choices, testShare, points, features } = value;
  need(kind === "own" || NAMES.some((name) => name === kind), "plane.kind");
  need(isObject(choices) && [choices.points, choices.classes, choices.seed].every((n) => isCount(n)), "plane.choices");
  need(isNumber(choices.noise) && choices.noise >= 0, "plane.choices");
  need(isNumber(testShare) && testShare >= 0 && testShare < 1, "plane.testShare");
  need(isObject(points) && (points.inputs === 1 || points.inputs === 2), "plane.points");
  need(points.task === "classification" || points.task === "regression", "plane.points.task");
  const { classes, x, y, target, inputs } = points;
  need(isCount(classes, 2) && classes <= MOST_CLASSES, "plane.points.classes");
  for (const [name, list] of Object.entries({ x, y, target }))
    need(Array.isArray(list) && list.length <= MOST_POINTS && list.every(isNumber), `plane.points.${name}`);
  const lists = [x, y, target] as number[][];
  need(lists.every((list) => list.length === lists[0].length), "plane.points");
  if (points.task === "classification")
    need(lists[2].every((label) => isCount(label) && label < (classes as number)), "plane.points.target");
  const known: string[] = possible(inputs as 1 | 2);
  need(Array.isArray(features) && features.length > 0 && features.every((f) => known.includes(f as string)), "plane.features");
  return { kind, choices, testShare, points, features } as unknown as Plane;
}
