/** What was saved, or a model file, becomes a network of the page again. */

import type { Data, Model } from "../engine/engine";
import type { Name } from "../data2d/sets";
import { TEST_ROWS } from "../digits/mnist";
import { mnist } from "../start";
import { current, runners, theEngine, type Trainer } from "../ui/current.svelte";
import type { Runner } from "../ui/runner.svelte";
import { dataOf, type Plane, type Saved, thetaOf, Unreadable } from "./saved";

/** Makes it the network of the view that it was saved from. */
export async function restore(saved: Saved): Promise<void> {
  const theta = thetaOf(saved);
  if (saved.plane) return restorePlane(saved.plane, saved, theta);
  const { data, heldOut } = saved.data
    ? { data: dataOf(saved.data), heldOut: saved.held_out ? dataOf(saved.held_out) : null }
    : await digits(saved.about.source);
  const runner = runners[saved.trainer];
  if (runner.running) await runner.stop();
  await make(runner, saved.trainer, { training: saved.training, theta, data, heldOut, about: saved.about });
}

/** The playground holds more than its network: points, and what they were drawn from. */
async function restorePlane({ kind, ...plane }: Plane, { training }: Saved, theta: Float32Array | null): Promise<void> {
  const { playground } = await import("../views/playground/state.svelte");
  playground.set({ ...plane, kind: kind as Name | "own", training });
  if (!(await playground.prepare())) throw new Error(playground.runner.words ?? "");
  if (theta) await playground.runner.setTheta(theta);
  if (playground.runner.words) throw new Error(playground.runner.words);
  current.trainer = "playground";
}

interface Made {
  training: Saved["training"];
  theta: Float32Array | null;
  data: Data;
  heldOut: Data | null;
  about: Saved["about"];
}

async function make(runner: Runner, trainer: Trainer, made: Made): Promise<void> {
  const isMade = await runner.create(made.training, made.data, made.heldOut ?? undefined, made.about);
  if (!isMade) throw new Error(runner.words ?? "");
  if (made.theta) await runner.setTheta(made.theta);
  if (runner.words) throw new Error(runner.words);
  current.trainer = trainer;
}

/** The rows of MNIST that a source names. */
async function digits(source: { [detail: string]: unknown }): Promise<{ data: Data; heldOut: Data | null }> {
  const rows = (name: string, standard: number) => (typeof source[name] === "number" ? (source[name] as number) : standard);
  const [train, test] = await Promise.all([mnist("train", rows("rows", 10_000)), mnist("test", rows("held_out", TEST_ROWS))]);
  return { data: ofImages(train), heldOut: ofImages(test) };
}

function ofImages({ X, labels, n }: Awaited<ReturnType<typeof mnist>>): Data {
  return { task: "classification", n, n_in: 784, X, labels, classes: Array.from({ length: 10 }, (_, i) => i) };
}

/**
 * A model file goes on with data that fit it: those of the page's network if they have as many inputs and classes, else
 * MNIST for a network of its size.
 */
export async function openModel(file: Uint8Array): Promise<void> {
  const model = await (await theEngine()).open(file);
  const fitting = (Object.keys(runners) as Trainer[]).filter((name) => fits(model, runners[name].data));
  const trainer = fitting.includes(current.trainer) ? current.trainer : fitting[0];
  if (trainer) {
    const { data, heldOut, about } = runners[trainer];
    return make(runners[trainer], trainer, { training: model.training, theta: model.theta, data: data!, heldOut, about });
  }
  if (model.n_in !== 784 || (model.classes && model.classes.length !== 10))
    throw new Unreadable("out.model.no_data", { n_in: model.n_in });
  const found = await digits({});
  const about = { source: { kind: "mnist", rows: found.data.n }, names: null, shape: [28, 28] as [number, number] };
  await make(runners.digits, "digits", { training: model.training, theta: model.theta, ...found, about });
}

function fits(model: Model, data: Data | null): boolean {
  if (!data || data.n_in !== model.n_in) return false;
  return (model.classes === null) === (data.task === "regression") && (!model.classes || model.classes.length === data.classes?.length);
}
