/**
 * A network as a model file (files/model.py): written so that Python's `lw.load` opens it, and read from one.
 *
 *     description  {"kind": "network", "layers": [{"type": "Dense", "units": 30, …}, …], "loss": …, …}
 *     arrays       layers.0.W, layers.0.b, …, scaling.offset, scaling.factor, history.loss, …
 */
import { CATALOGUE, complete, info } from "../engine/catalogue.ts";
import { type Data, type Model, type Part, Refusal, type Row, type Stage, type Training, type Value } from "../engine/engine.ts";
import { compileLayers, sizeOfArray } from "../engine/plan.ts";
import type { Scaling } from "../engine/scaling.ts";
import { floats, FORMAT_VERSION, readContainer, type Stored, writeContainer } from "./container.ts";

type Described = Record<string, Value>;

export interface Trained {
  training: Training;
  data: Data;
  stages: Stage[];
  theta: Float32Array;
  scaler: Part | null;
  scaling: Scaling | null;
  input_range: [number, number];
  rows: Row[];
  steps: number;
  stopped_by: string;
}

// ---------------------------------------------------------------- writing

export function writeModel(trained: Trained): Uint8Array {
  const { training, data, scaler, rows, steps } = trained;
  const arrays = arraysOf(trained);
  const description: Described = {
    format_version: FORMAT_VERSION,
    library: CATALOGUE.version,
    kind: "network",
    dtype: "float32",
    n_in: data.n_in,
    layers: trained.stages.map((stage) => written(stage.layer)),
    scaling: scaler && written(withoutFitted(complete("scalers", withoutFitted(scaler)))),
    loss: written(complete("losses", training.loss)),
    penalties: training.penalties.map((penalty) => complete("penalties", penalty)),
    optimizer: complete("optimizers", training.optimizer),
    iterations: 0,
    task: taskOf(data),
    input_range: trained.input_range,
    random_state: training.random_state,
    seed: training.random_state,
    steps,
    frozen: [],
    columns: null,
    history: rows.length ? { columns: columnsOf(rows), stopped_by: trained.stopped_by } : null,
    last_fit: rows.length ? lastFit(training, data, rows.length) : { type: "dict" },
    notes: { type: "dict" },
  };
  return writeContainer({ text: JSON.stringify(description), arrays });
}

function arraysOf({ stages, theta, scaling, rows }: Trained): Map<string, Stored> {
  const arrays = new Map<string, Stored>();
  for (const { index, arrays: own } of stages)
    for (const { name, begin, shape } of own)
      arrays.set(`layers.${index}.${name}`, floats(theta.slice(begin, begin + sizeOfArray(shape)), shape));
  if (scaling) {
    arrays.set("scaling.offset", floats(scaling.offset, [scaling.offset.length]));
    arrays.set("scaling.factor", floats(scaling.factor, [scaling.factor.length]));
  }
  if (rows.length)
    for (const name of columnsOf(rows))
      arrays.set(`history.${name}`, floats(Float64Array.from(rows, (row) => row[name as "loss"]), [rows.length]));
  return arrays;
}

/** The columns that every row has, and only finite numbers in them. */
function columnsOf(rows: Row[]): string[] {
  const names = ["loss", "penalty", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"] as const;
  return names.filter((name) => rows.every((row) => Number.isFinite(row[name])));
}

function taskOf({ task, classes, n_out }: Data): Value {
  const flat = task === "classification" || n_out === 1;
  return { kind: task, classes: task === "classification" ? (classes ?? null) : null, flat, threshold: 0.5 };
}

function lastFit(training: Training, data: Data, epochs: number): Value {
  const { batch_size, shuffle, schedule, clip_norm } = training;
  return {
    type: "dict", rows: data.n, batch_size, epochs, shuffle, task: null, classes: null, validation_split: null,
    schedule: schedule && complete("schedules", schedule), clip_norm, augmentation: null, metrics: [], others: [],
    first_step: 0, start: null,
  }; // prettier-ignore
}

/** A part as files have it: initializers are parts too, and lists that cannot be changed are tuples. */
function written(part: Part): Part {
  const found: Part = { type: part.type };
  for (const [name, value] of Object.entries(part)) {
    if (name === "weights" || name === "biases") found[name] = initializerOf(value);
    else if (name === "penalty" && value !== null) found[name] = tuple(value);
    else found[name] = name === "pos_weight" && Array.isArray(value) ? tuple(value) : value;
  }
  return found;
}

function initializerOf(value: Value): Value {
  if (typeof value === "number") return value; // λ of a penalty
  if (Array.isArray(value) || (value as Part).type === "array" || (value as Part).type === "Given") return { type: "Zeros" };
  if (typeof value !== "string") return complete("initializers", value as Part);
  const plain = (text: string) => text.replaceAll("_", "").toLowerCase();
  const known = CATALOGUE.initializers.find((one) => plain(one.name) === plain(value));
  return complete("initializers", { type: known?.name ?? value });
}

function tuple(value: Value): Value {
  if (Array.isArray(value)) return { type: "tuple", items: value };
  return (value as Part).type === "tuple" ? value : { type: "tuple", items: [value] };
}

function withoutFitted({ offset: _offset, factor: _factor, ...scaler }: Part): Part {
  return scaler as Part;
}

// ---------------------------------------------------------------- reading

/** The network of a file; whatever is wrong with it is refused. */
export function readModel(file: Uint8Array): Model {
  const { text, arrays } = readContainer(file);
  let description: Described;
  try {
    description = JSON.parse(text) as Described;
  } catch (error) {
    throw new Refusal(`the file: its description is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  try {
    return modelOf(description, arrays);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(`the file: ${error.message}`);
    throw new Refusal(`the file: its description is not that of a model (${String(error).slice(0, 200)})`);
  }
}

function modelOf(whole: Described, all: Map<string, Stored>): Model {
  if (!isObject(whole)) throw new Refusal("its description is no JSON object");
  if (![1, 2, 3].includes(whole.format_version as number))
    throw new Refusal(`its format version is ${String(whole.format_version).slice(0, 40)}; the page reads 1, 2, 3`);
  if (whole.kind !== "network" && whole.kind !== "estimator" && whole.format_version !== 1)
    throw new Refusal(`the page has no place for a ${String(whole.kind).slice(0, 40)}: use lw.load in Python`);
  const isEstimator = whole.kind === "estimator";
  const description = isEstimator ? (whole.network as Described) : whole;
  const prefix = isEstimator ? "network." : "";
  const arrays = new Map(
    [...all].filter(([name]) => name.startsWith(prefix)).map(([name, stored]) => [name.slice(prefix.length), stored]),
  );
  if (!isObject(description) || !Array.isArray(description.layers)) throw new Refusal("layers must be a list");
  if (!(Number.isSafeInteger(description.n_in) && (description.n_in as number) >= 1))
    throw new Refusal("n_in must be a whole number, at least 1");
  const n_in = description.n_in as number;
  const stages = compileLayers(description.layers as unknown as Part[], n_in);
  const task = description.task as Described | null;
  return {
    training: trainingOf(description, stages, arrays, n_in),
    n_in,
    classes: classesOf(task, stages[stages.length - 1].n_out),
    theta: thetaOf(stages, arrays),
    description: whole,
  };
}

const isObject = (value: unknown): value is Described =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function classesOf(task: Described | null, n_out: number): (string | number)[] | null {
  if (!isObject(task) || task.kind !== "classification" || !Array.isArray(task.classes)) return null;
  const classes = task.classes.map((one) => (typeof one === "boolean" ? Number(one) : one));
  if (!classes.every((one) => typeof one === "string" || Number.isFinite(one)) || new Set(classes).size !== classes.length)
    throw new Refusal("task: classes must be different labels of one type");
  if (classes.length !== Math.max(n_out, 2)) throw new Refusal(`${classes.length} classes do not belong to ${n_out} outputs`);
  return classes as (string | number)[];
}

function trainingOf(found: Described, stages: Stage[], arrays: Map<string, Stored>, n_in: number): Training {
  const fit = isObject(found.last_fit) ? found.last_fit : {};
  const part = (name: string, value: Value | undefined): Part | null => {
    if (value === null || value === undefined) return null;
    if (!isObject(value) || typeof value.type !== "string") throw new Refusal(`${name} must be a part`);
    return value as Part;
  };
  const whole = (value: Value | undefined, least: number, otherwise: number) =>
    Number.isSafeInteger(value) && (value as number) >= least ? (value as number) : otherwise;
  const scaling = part("scaling", found.scaling);
  const loss = part("loss", found.loss) ?? lossFor(stages[stages.length - 1]);
  const optimizer = part("optimizer", found.optimizer) ?? { type: "Adam" };
  const penalties = Array.isArray(found.penalties) ? found.penalties : [];
  const schedule = part("last_fit.schedule", fit.schedule);
  return {
    layers: stages.map((stage) => stage.layer),
    random_state: whole(found.seed, 0, 0),
    scaling: scaling && withConstants(complete("scalers", scaling), arrays, n_in),
    loss: complete("losses", untupled(loss)),
    optimizer: complete("optimizers", optimizer),
    penalties: penalties.map((penalty, i) => complete("penalties", part(`penalties[${i}]`, penalty)!)),
    schedule: schedule && complete("schedules", schedule),
    epochs: whole(fit.epochs, 1, 10),
    batch_size: whole(fit.batch_size, 1, 32),
    shuffle: fit.shuffle !== false,
    clip_norm: typeof fit.clip_norm === "number" && fit.clip_norm > 0 ? fit.clip_norm : null,
  };
}

function lossFor({ layer }: Stage): Part {
  const fused = CATALOGUE.losses.find((loss) => loss.fuses_with === layer.type);
  return { type: fused?.name ?? "MeanSquaredError" };
}

function untupled(loss: Part): Part {
  const weight = loss.pos_weight;
  return isObject(weight) && weight.type === "tuple" ? { ...loss, pos_weight: weight.items } : loss;
}

/** A scaler with what it has learned: its constants are arguments of their own in the page. */
function withConstants(scaler: Part, arrays: Map<string, Stored>, n_in: number): Part {
  if (!arrays.has("scaling.offset")) return scaler;
  const [offset, factor] = ["scaling.offset", "scaling.factor"].map((name) => {
    const found = arrays.get(name);
    if (!found) throw new Refusal(`there is no array ${name}; its layers and its arrays do not belong together`);
    const values = valuesOf(name, found, found.shape.length ? [n_in] : []);
    return Array.from({ length: n_in }, (_, j) => values[values.length === 1 ? 0 : j]);
  });
  return { ...scaler, offset, factor };
}

function thetaOf(stages: Stage[], arrays: Map<string, Stored>): Float32Array {
  const all = stages.flatMap((stage) => stage.arrays);
  const theta = new Float32Array(all.reduce((sum, array) => sum + sizeOfArray(array.shape), 0));
  for (const { index, layer, arrays: own } of stages)
    for (const [i, { name, begin, shape }] of own.entries()) {
      const full = `layers.${index}.${name}`;
      const values = weightsOf(full, shape, arrays);
      const isVariance = info("layers", layer).arrays[i].statistic && name === "var";
      if (isVariance && values.some((x) => x < 0)) throw new Refusal(`${full} must be at least 0`);
      theta.set(values, begin);
    }
  if (!theta.every(Number.isFinite)) throw new Refusal("its weights hold numbers that are too large for float32");
  return theta;
}

/** Weights in floats; or in 8 bits, with a scale for each column: W = scale · I8. */
function weightsOf(name: string, shape: number[], arrays: Map<string, Stored>): ArrayLike<number> & Iterable<number> & { some(f: (x: number) => boolean): boolean } {
  const found = arrays.get(name);
  if (!found) throw new Refusal(`there is no array ${name}; its layers and its arrays do not belong together`);
  if (found.dtype !== "I8") return valuesOf(name, found, shape);
  checkShape(name, found, shape);
  const full = `${name}.scale`;
  const kept = arrays.get(full);
  if (shape.length !== 2 || !kept) throw new Refusal(`stored: ${name} of int8 must be a matrix with a scale`);
  const scale = valuesOf(full, kept, kept.shape.length ? [shape[1]] : []);
  if (scale.some((x) => x < 0)) throw new Refusal(`${full} must be at least 0`);
  const whole = new Int8Array(found.bytes.slice().buffer);
  return Float32Array.from(whole, (x, i) => Math.fround(x * scale[scale.length === 1 ? 0 : i % shape[1]]));
}

function checkShape(name: string, { shape, dtype }: Stored, wanted: number[]): void {
  if (shape.length !== wanted.length || shape.some((n, axis) => n !== wanted[axis]))
    throw new Refusal(`${name} has shape (${shape.join(", ")}) and type ${dtype}; (${wanted.join(", ")}) was expected`);
}

function valuesOf(name: string, found: Stored, shape: number[]): Float32Array | Float64Array {
  checkShape(name, found, shape);
  if (found.dtype !== "F32" && found.dtype !== "F64") throw new Refusal(`${name} is of type ${found.dtype}, not of floats`);
  const { buffer } = found.bytes.slice();
  const values = found.dtype === "F64" ? new Float64Array(buffer) : new Float32Array(buffer);
  if (!values.every(Number.isFinite)) throw new Refusal(`${name} holds NaN or infinity`);
  return values;
}
