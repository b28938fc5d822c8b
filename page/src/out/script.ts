/**
 * The Python that gives the same network: the same seed, data and settings, and what was done while it trained.
 *
 *     data ──► literals, load_mnist, or a file beside the script      settings ──► Network(…), fit(…)
 *     weights that no fit gives (edited by hand, single samples)  ──► read from the model file that the page saves
 */

import type { Data, Training } from "../engine/engine.ts";
import { float } from "../trace/numbers.ts";
import { factsOf, quoted, repr } from "../trace/parts.ts";
import type { About } from "../ui/runner.svelte.ts";
import type { Story } from "../ui/story.ts";
import { npz } from "./npz.ts";

export interface Told {
  training: Training;
  data: Data;
  heldOut: Data | null;
  about: About;
  story: Story;
  /** How many steps were made, and how many an epoch has. */
  steps: number;
  stepsPerEpoch: number;
  /** It was trained by Python on this machine, and not by the engine in the browser. */
  byPython?: boolean;
}

export interface Script {
  text: string;
  /** Data too long for the script: a file to be put beside it. */
  files: { name: string; bytes: Uint8Array<ArrayBuffer> }[];
  /** The weights are in a model file, to be saved beside it. */
  needsModel: boolean;
}

export const MODEL = "network.safetensors";
const DATA = "data.npz";
const MOST_LITERALS = 20_000; // numbers in the script itself
const WIDTH = 100;

export function script(told: Told): Script {
  const files: Script["files"] = [];
  const needsModel = !canBeTrained(told);
  const isPaused = !needsModel && isWithin(told);
  const data = dataLines(told, files);
  const parts = [
    heading(needsModel, told.byPython ?? false),
    `${data.includes("np.") ? "import numpy as np\n\n" : ""}import layerwise as lw`,
    ...(isPaused ? [callback(told)] : []),
    data,
    networkLines(told.training),
    trainingLines(told, isPaused, needsModel),
  ];
  return { text: `${parts.join("\n\n")}\n`, files, needsModel };
}

function heading(needsModel: boolean, byPython: boolean): string {
  const lines = needsModel
    ? ["The network of the page: its weights are those of a file that the page saves."]
    : [
        "The network of the page, trained again: the same seed, data and settings.",
        "",
        ...(byPython
          ? ["On the same machine the weights are the page's to the bit; on others they may differ by rounding."]
          : ["With LAYERWISE_ISA=baseline in the environment the weights are the page's to the bit; without it they differ by", "rounding."]),
      ];
  return `"""${lines.join("\n")}${lines.length > 1 ? "\n" : ""}"""`;
}

// ------------------------------------------------------------------ what was done

/** Whether calls of `fit` give these weights. */
function canBeTrained({ story, training, steps, stepsPerEpoch }: Told): boolean {
  if (story.edited || story.samples || steps === 0) return !story.edited && !story.samples;
  const isLonger = steps > training.epochs * stepsPerEpoch;
  return !training.schedule || (!isLonger && !story.rates.some(({ step }) => step > 0));
}

/** Whether something was done within an epoch, or before the last one that the schedule knows. */
function isWithin({ story, training, steps, stepsPerEpoch }: Told): boolean {
  const isShort = training.schedule !== null && steps < training.epochs * stepsPerEpoch;
  return steps > 0 && (later(story, steps).length > 0 || steps % stepsPerEpoch !== 0 || isShort);
}

const later = (story: Story, steps: number) => story.rates.filter(({ step }) => step > 0 && step < steps);

/** The learning rate of the first step. */
function firstRate(story: Story): number {
  const before = story.rates.filter(({ step }) => step === 0);
  return before.length ? before[before.length - 1].learning_rate : story.learning_rate;
}

function callback({ story, steps }: Told): string {
  const rates = later(story, steps).map(({ step, learning_rate }) => `${step}: ${float(learning_rate)}`);
  const given = rates.length ? `RATES = {${rates.join(", ")}}  # set while it trained, after so many steps\n` : "";
  const change = rates.length
    ? "        if run.step in RATES:\n            run.optimizer.learning_rate = RATES[run.step]\n"
    : "";
  return `${given}LAST = ${steps}  # the step after which it was paused


class AsOnThePage(lw.Callback):
    """Trains as the page did."""

    def on_step_end(self, run):
        """${rates.length ? "Set the learning rate, or stop," : "Stop"} where the page did."""
${change}        if run.step == LAST:
            run.stop("paused here on the page")
`;
}

// ------------------------------------------------------------------ data

function dataLines(told: Told, files: Script["files"]): string {
  const { data, heldOut, about } = told;
  if (about.source.kind === "mnist") return mnistLines(data.n, heldOut ? heldOut.n : 0);
  const sets: [string, Data][] = [["", data], ...(heldOut ? [["_test", heldOut] as [string, Data]] : [])];
  const count = sets.reduce((sum, [, set]) => sum + set.n * (set.n_in + (set.n_out ?? 1)), 0);
  const names = about.names ? [`# Columns: ${about.names.map(inComment).join(", ")}`] : [];
  const from = typeof about.source.name === "string" ? [`# From ${inComment(about.source.name)}`] : [];
  if (count <= MOST_LITERALS) return [...from, ...names, ...sets.map(([end, set]) => literals(end, set))].join("\n");
  const arrays = Object.fromEntries(sets.flatMap(([end, set]) => arraysOf(end, set)));
  files.push({ name: DATA, bytes: npz(arrays) });
  const lines = sets.map(([end, set]) => {
    const y = set.classes && !isCounted(set) ? `np.array(classes)[data["y${end}"]]` : `data["y${end}"]`;
    return `X${end}, y${end} = data["X${end}"], ${y}`;
  });
  const load = `data = np.load("${DATA}")  # as the page has read it`;
  return [...from, ...names, ...classLines(data), load, ...lines].join("\n");
}

function mnistLines(rows: number, held: number): string {
  const load = "(X, y), (X_val, y_val), (X_test, y_test) = lw.datasets.load_mnist()";
  const cut = rows < 50_000 ? [`X, y = X[:${rows}], y[:${rows}]`] : [];
  const test = held && held < 10_000 ? [`X_test, y_test = X_test[:${held}], y_test[:${held}]`] : [];
  return [load, ...cut, ...test].join("\n");
}

/** Text that cannot end a comment. */
const inComment = (text: string): string => text.replace(/[\p{C}\u2028\u2029]/gu, " ");

/** Labels that count from 0, which Python takes as they are. */
function isCounted({ classes }: Data): boolean {
  return classes !== undefined && classes.every((name, i) => name === i);
}

function classLines(data: Data): string[] {
  if (!data.classes || isCounted(data)) return [];
  return [`classes = ${list(data.classes.map(className(data.classes)))}`];
}

/** A class as Python writes it: all as text where one of them is text. */
function className(classes: (string | number)[]): (name: string | number) => string {
  const isText = classes.some((name) => typeof name === "string");
  return (name) => (isText ? quoted(String(name)) : Number.isInteger(name) ? String(name) : float(Number(name)));
}

const list = (items: string[]): string => `[${items.join(", ")}]`;

function literals(end: string, data: Data): string {
  const single = data.X instanceof Float32Array;
  const write = data.X instanceof Uint8Array ? String : (x: number) => float(x, single);
  const type = single ? "np.float32" : data.X instanceof Uint8Array ? "np.uint8" : "np.float64";
  const rows = Array.from({ length: data.n }, (_, i) =>
    list(Array.from(data.X.subarray(i * data.n_in, (i + 1) * data.n_in), write)),
  );
  const X = `X${end} = np.array(${wrapped(rows)}, ${type})`;
  return [X, ...(end ? [] : classLines(data)), targets(end, data)].join("\n");
}

function targets(end: string, data: Data): string {
  if (data.task === "classification") {
    const labels = wrapped(Array.from(data.labels!, String));
    return isCounted(data)
      ? `y${end} = np.array(${labels})`
      : `y${end} = np.array(classes)[${labels}]`;
  }
  const n_out = data.n_out ?? 1;
  const numbers = Array.from(data.targets!, (x) => float(x));
  if (n_out === 1) return `y${end} = np.array(${wrapped(numbers)})`;
  const rows = Array.from({ length: data.n }, (_, i) => list(numbers.slice(i * n_out, (i + 1) * n_out)));
  return `y${end} = np.array(${wrapped(rows)})`;
}

/** A list on as many lines as it needs. */
function wrapped(items: string[]): string {
  const whole = list(items);
  if (whole.length <= WIDTH - 20) return whole;
  const lines: string[] = [];
  let line = "   ";
  for (const item of items) {
    if (line.length + item.length + 2 > WIDTH) {
      lines.push(line);
      line = "   ";
    }
    line += ` ${item},`;
  }
  return `[\n${[...lines, line].join("\n")}\n]`;
}

function arraysOf(end: string, data: Data): [string, { values: Data["X"] | Int32Array; shape: number[] }][] {
  const { n, n_in, n_out = 1 } = data;
  const shape = n_out === 1 ? [n] : [n, n_out];
  const y = data.task === "classification" ? data.labels! : data.targets!;
  return [
    [`X${end}`, { values: data.X, shape: [n, n_in] }],
    [`y${end}`, { values: y, shape }],
  ];
}

// ------------------------------------------------------------------ network and training

function networkLines(training: Training): string {
  const layers = training.layers.map((layer) => repr(layer, true));
  const scaling = training.scaling ? [`scaling=${repr(training.scaling, true)}`] : [];
  return call("network = lw.Network", [wrappedParts(layers), `random_state=${training.random_state}`, ...scaling]);
}

function wrappedParts(parts: string[]): string {
  const whole = list(parts);
  if (whole.length <= WIDTH - 30) return whole;
  return `[\n${parts.map((part) => `        ${part},`).join("\n")}\n    ]`;
}

/** A call, with an argument a line where it is too long for one. */
function call(name: string, given: string[]): string {
  const line = `${name}(${given.join(", ")})`;
  if (line.length <= WIDTH && !line.includes("\n")) return line;
  return `${name}(\n${given.map((argument) => `    ${argument},`).join("\n")}\n)`;
}

function trainingLines(told: Told, isPaused: boolean, needsModel: boolean): string {
  const save = `network.save("${MODEL}")`;
  if (told.steps === 0 && !needsModel) return [`network.build(${told.data.n_in})  # not trained yet`, save].join("\n");
  const fit = call("history = network.fit", ["X", "y", ...fitArguments(told, isPaused)]);
  if (!needsModel) return [fit, save].join("\n");
  return [
    "# The weights were changed by hand, or learned from single samples: they are in the file that the page saves.",
    ...(told.steps > 0 ? [fit] : []),
    `network = lw.load("${MODEL}")`,
  ].join("\n");
}

function fitArguments({ training, data, heldOut, story, steps, stepsPerEpoch, about }: Told, isPaused: boolean): string[] {
  const optimizer = { ...training.optimizer, learning_rate: firstRate(story) };
  const epochs = training.schedule ? training.epochs : Math.max(1, Math.ceil(steps / stepsPerEpoch));
  const penalties = training.penalties.map((penalty) => repr(penalty, true));
  const isNamed = data.classes && !isCounted(data) && about.source.kind !== "mnist";
  const found: [boolean, string][] = [
    [needsTask(training, data), `task="${data.task}"`],
    [Boolean(isNamed), "classes=classes"],
    [true, `loss=${repr(training.loss, true)}`],
    [true, `optimizer=${repr(optimizer, true)}`],
    [penalties.length > 0, `penalty=${penalties.length === 1 ? penalties[0] : list(penalties)}`],
    [epochs !== 10, `epochs=${epochs}`],
    [training.batch_size !== 32, `batch_size=${training.batch_size}`],
    [!training.shuffle, "shuffle=False"],
    [heldOut !== null, "validation_data=(X_test, y_test)"],
    [training.schedule !== null, `schedule=${training.schedule && repr(training.schedule, true)}`],
    [training.clip_norm !== null, `clip_norm=${float(training.clip_norm ?? 1)}`],
    [isPaused, "callbacks=AsOnThePage()"],
  ];
  return found.filter(([isGiven]) => isGiven).map(([, text]) => text);
}

/** Whether y could be read as something else than what it is. */
function needsTask(training: Training, data: Data): boolean {
  return data.task === "regression" || !factsOf(training.loss).fuses_with;
}
