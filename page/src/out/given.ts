/** A network that the page was given, with its data or without, put where it is seen best. */
import { Draw } from "../data2d/philox";
import { MOST_CLASSES, MOST_POINTS, type Points } from "../data2d/points";
import type { Data, Engine, Model } from "../engine/engine";
import { current, runners, type Trainer } from "../ui/current.svelte";

const DRAWN = 200; // rows

/** Shows it: points of a plane in the playground, others in Inside; returns the view. */
export async function show(model: Model, data: Data): Promise<string> {
  const points = pointsOf(data);
  if (points) return showPlane(model, data, points);
  const trainer: Trainer = model.n_in === 784 ? "digits" : "tables";
  const runner = runners[trainer];
  const shape: [number, number] | null = model.n_in === 784 ? [28, 28] : null;
  const about = { source: { kind: "notebook" }, names: null, shape };
  if (!(await runner.create(model.training, data, undefined, about))) throw new Error(runner.words ?? "");
  await runner.setTheta(model.theta);
  if (runner.words) throw new Error(runner.words);
  current.trainer = trainer;
  return "inside";
}

async function showPlane(model: Model, data: Data, points: Points): Promise<string> {
  const { playground } = await import("../views/playground/state.svelte");
  const features = points.inputs === 2 ? (["x", "y"] as const) : (["x"] as const);
  const state = { ...playground.state, kind: "own" as const, testShare: 0, points, features: [...features], training: model.training };
  const done = await playground.show(state, data, model.theta);
  if (!done || playground.runner.words) throw new Error(playground.runner.words ?? "");
  current.trainer = "playground";
  return "playground";
}

/** Rows that the playground can draw, as points; else null. */
function pointsOf(data: Data): Points | null {
  const { n, n_in, X, task } = data;
  const isValue = task === "regression";
  const classes = data.classes?.length ?? 0;
  const isCounted = !!data.classes?.every((name, i) => name === i) && classes <= MOST_CLASSES && classes > 1;
  if (n > MOST_POINTS || n_in > 2 || (isValue ? data.n_out !== 1 : n_in !== 2 || !isCounted)) return null;
  const column = (at: number) => Array.from({ length: n }, (_, i) => Number(X[i * n_in + at]));
  const target = Array.from(isValue ? data.targets! : data.labels!, Number);
  const y = n_in === 2 ? column(1) : new Array<number>(n).fill(0);
  return { task, inputs: n_in === 2 ? 2 : 1, classes: isValue ? 2 : classes, x: column(0), y, target };
}

/** Rows for a network that came without any: standard normal ones, whose targets are its own answers. */
export async function drawnFor(engine: Engine, model: Model): Promise<Data> {
  const n = DRAWN;
  const draw = new Draw(0, 9);
  const X = Float64Array.from({ length: n * model.n_in }, () => draw.normal());
  const rows = { X, n, n_in: model.n_in };
  const isClasses = model.classes !== null || model.training.loss.type.endsWith("CrossEntropy");
  const { layers } = model.training;
  const units = Number([...layers].reverse().find((layer) => "units" in layer)?.units ?? 1);
  const classes = model.classes ?? Array.from({ length: Math.max(2, units) }, (_, i) => i);
  const begun: Data = isClasses
    ? { ...rows, task: "classification", labels: Int32Array.from({ length: n }, (_, i) => i % classes.length), classes }
    : { ...rows, task: "regression", targets: new Float64Array(n * units), n_out: units };
  const session = await engine.create(model.training, begun);
  try {
    await session.setTheta(model.theta);
    const answers = await session.outputs(rows);
    if (!isClasses) return { ...begun, targets: Float64Array.from(answers) };
    const width = answers.length / n;
    const likeliest = (of: Float32Array) => (width === 1 ? Number(of[0] > 0.5) : of.indexOf(Math.max(...of)));
    return { ...begun, labels: Int32Array.from({ length: n }, (_, i) => likeliest(answers.subarray(i * width, (i + 1) * width))) };
  } finally {
    session.close();
  }
}
