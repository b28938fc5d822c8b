/**
 * What the page asks of an engine. Two give it: `wasm.ts`, the C++ engine as WebAssembly in a worker, and `server.ts`,
 * Python behind a WebSocket. A view never knows which of the two it has.
 *
 *     const engine = await connect();
 *     const session = await engine.create(training, data, heldOut);
 *     session.onprogress = show;
 *     await session.run({ epochs: 100 });
 *
 * Parts of a network are described as in a model file: {"type": "Dense", "units": 30}. What is left out has the default
 * of Python's class. Whatever is wrong rejects the promise with a `Refusal`, in the words that Python has for it.
 */

export type Value = number | string | boolean | null | Value[] | { [name: string]: Value };

/** A layer, loss, optimizer, penalty, scaler, schedule or initializer. */
export interface Part {
  type: string;
  [argument: string]: Value;
}

/** What `lw.Network(...)` and `Network.fit(...)` are given, besides the data. */
export interface Training {
  layers: Part[];
  random_state: number;
  scaling: Part | null;
  loss: Part;
  optimizer: Part;
  penalties: Part[];
  /** Factors of the optimizer's rate over `epochs` epochs. */
  schedule: Part | null;
  epochs: number;
  batch_size: number;
  shuffle: boolean;
  clip_norm: number | null;
}

/** Rows of numbers, one after the other: n rows of n_in. */
export interface Rows {
  X: Float64Array | Float32Array | Uint8Array;
  n: number;
  n_in: number;
}

/** Rows with what the network should answer. */
export interface Data extends Rows {
  task: "classification" | "regression";
  /** Of classification: the place of each row's class in `classes`. */
  labels?: Int32Array;
  classes?: (string | number)[];
  /** Of regression: n rows of n_out numbers. */
  targets?: Float64Array;
  n_out?: number;
}

/** A layer at its place, and where its arrays lie in theta. */
export interface Stage {
  index: number;
  layer: Part;
  n_in: number;
  n_out: number;
  arrays: { name: string; begin: number; shape: number[] }[];
}

export interface Plan {
  stages: Stage[];
  n_in: number;
  n_out: number;
  n_theta: number;
  /** The last layer's backward pass is part of the loss. */
  fused: boolean;
}

/** A row of the history: the means over an epoch so far. */
export interface Row {
  /** The number of the epoch, from 1; 0 before the first. Once it has ended, `step` is its number of steps. */
  epoch: number;
  /** Steps made in this epoch, and over the whole training. */
  step: number;
  steps: number;
  loss: number;
  penalty: number;
  accuracy?: number;
  val_loss?: number;
  val_accuracy?: number;
  learning_rate: number;
  seconds: number;
}

/** Until when to train. Without anything: until `stop`. */
export interface Goal {
  /** So many more; the rest of an epoch that has begun is one. */
  epochs?: number;
  steps?: number;
  /** Single samples: steps with a batch of one row, in the order of the epoch. Python refuses them. */
  samples?: number;
  /** The mean loss of an epoch is at most this. */
  loss?: number;
}

export interface Progress {
  /** The epochs that ended since the last report, and the one at work. */
  rows: Row[];
  current: Row;
  running: boolean;
  /** Why it stopped: "epochs", "steps", "samples", "loss", "stopped" or "diverged". */
  stopped_by: string | null;
  /** Of divergence: what Python's error says. */
  words: string | null;
}

/**
 * The numbers of one training step on some rows, layer by layer, as `lw.trace` has them (explain/trace/record.py);
 * arrays are rows of samples. The engine counts in single precision.
 */
export interface StepNumbers<Reals extends ArrayLike<number> = Float32Array> {
  n: number;
  /** What the first layer took: scaled. */
  x: Reals;
  targets: Reals;
  layers: LayerNumbers<Reals>[];
  /** The loss of each output (n rows of n_out; null where the loss is none of the outputs') and of each sample. */
  terms: Reals | null;
  losses: Reals;
  /** The mean loss before the step and after it, for the same rows and masks; without penalties. */
  cost: number;
  new_cost: number;
  /** The sum of what the penalties add to the cost, and each of them. */
  penalty: number;
  penalties: PenaltyNumbers[];
  /** Flat vectors like theta: the gradient without penalties, and what the optimizer was given. */
  before: Reals;
  gradient: Reals;
  total: Reals;
  after: Reals;
  states: { name: string; before: Reals; after: Reals }[];
  learning_rate: number;
  /** Which step of the training it is, from 0. */
  step: number;
}

export interface LayerNumbers<Reals extends ArrayLike<number> = Float32Array> {
  y: Reals;
  new_y: Reals;
  /** The gradient of the cost by the outputs (null where it is fused into the loss) and by the inputs (null if unused). */
  dy: Reals | null;
  dx: Reals | null;
  /**
   * What forward has kept: "mask" of dropout (n rows); "normal" (n rows) of both normalizations, "inverse" (one a
   * sample of LayerNorm, one a column of BatchNorm); "batch_mean" and "batch_var" of BatchNorm.
   */
  kept: { [name: string]: Reals };
}

/** A penalty on one array: the array's place in theta, the factor λ, and what it adds to the cost. */
export interface PenaltyNumbers {
  penalty: Part;
  begin: number;
  factor: number;
  value: number;
}

export interface Score {
  loss: number;
  accuracy?: number;
  /** n rows of n_out. */
  outputs: Float32Array;
}

export interface Session {
  readonly plan: Plan;
  training: Training;
  /** Called at most 30 times a second while it trains, at each epoch's end if those are fewer, and when it stops. */
  onprogress: ((progress: Progress) => void) | null;
  /** Trains until the goal is reached; resolves with the last report. One run at a time. */
  run(goal: Goal): Promise<Progress>;
  /** Stops after the step at work. */
  stop(): Promise<void>;
  /** Back to the first weights, with the same settings and data; other random_state if given. */
  reset(random_state?: number): Promise<void>;
  /** Change what can be changed while it trains: learning_rate of the optimizer. */
  change(settings: { learning_rate?: number }): Promise<void>;
  /** Outputs of a layer (the last one if not given) for rows, as in prediction: n rows of its n_out. */
  outputs(rows: Rows, layer?: number): Promise<Float32Array>;
  evaluate(data: Data): Promise<Score>;
  /** The numbers of one more step on some rows of the training data (or others), which is then not made. */
  trace(rows: number[] | Data): Promise<StepNumbers>;
  theta(): Promise<Float32Array>;
  /** Set all parameters, or those from `at` on. */
  setTheta(values: Float32Array, at?: number): Promise<void>;
  /** A .safetensors file that Python's `lw.load` opens. */
  save(): Promise<Uint8Array>;
  close(): void;
}

/** What needs Python: exports, diagnosis, photographs. */
export interface PythonSession extends Session {
  /** "c", "onnx", "javascript", "numpy", "python": the file's name and its bytes. */
  export(form: string): Promise<{ name: string; bytes: Uint8Array }>;
  diagnose(): Promise<Finding[]>;
}

export interface Finding {
  name: string;
  severity: string;
  words: string;
  /** What to do, and the settings that do it: merged into `Training`. */
  cure: string;
  change: Partial<Training> | null;
}

export interface Engine {
  readonly kind: "browser" | "server";
  create(training: Training, data: Data, heldOut?: Data): Promise<Session>;
  /** The factors of the optimizer's rate that a schedule gives at `points` moments, evenly from 0 to `epochs`. */
  factors(schedule: Part, epochs: number, points: number): Promise<Float64Array>;
  /** The description, scaling, classes and parameters of a model file. */
  open(file: Uint8Array): Promise<Model>;
  close(): void;
}

/** What a model file holds; `create` with its training, then `setTheta`, goes on with it. */
export interface Model {
  training: Training;
  n_in: number;
  classes: (string | number)[] | null;
  theta: Float32Array;
  /** All that the file says, for what the page has no word for. */
  description: { [name: string]: Value };
}

export class Refusal extends Error {
  override name = "Refusal";
}

export function hasPython(session: Session): session is PythonSession {
  return "export" in session;
}
