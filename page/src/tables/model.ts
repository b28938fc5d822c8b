/**
 * The network of a table as a file that Python's `lw.load` opens as MLPClassifier or MLPRegressor, encoder and rules for
 * reading files included: `layerwise predict model.safetensors new.csv` then answers for rows as they are in a file.
 */

import { type Part, type Training, type Value } from "../engine/engine.ts";
import { FORMAT_VERSION, readContainer, writeContainer } from "../files/container.ts";
import { describedEncoder } from "./encoding/encoder.ts";
import { type Prepared, takesStandardized, unitsOf } from "./prepared.ts";

/** A value as a model file has it: an object says its type. */
export function encoded(value: unknown): Value {
  if (Array.isArray(value)) return value.map(encoded);
  if (value === null || typeof value !== "object") return value as Value;
  const pairs = Object.entries(value);
  if (Object.hasOwn(value, "type") || Object.hasOwn(value, "__proto__")) {
    return { type: "pairs", items: pairs.map(([name, part]) => [name, encoded(part)]) };
  }
  return Object.fromEntries([["type", "dict"], ...pairs.map(([name, part]) => [name, encoded(part)])]) as Value;
}

function array(dtype: string, items: Value[], shape = [items.length]): Value {
  return { type: "array", dtype, shape, items };
}

/** The layers before the last dense one, as the estimator's own parameter has them. */
function hidden(layers: readonly Part[]): Part[] {
  const last = layers.map((layer) => layer.type).lastIndexOf("Dense");
  return layers.slice(0, Math.max(0, last));
}

/** The file of the estimator, from that of its network alone. */
export function modelFile(network: Uint8Array, prepared: Prepared, training: Training, losses: readonly number[]): Uint8Array {
  const { text, arrays } = readContainer(network);
  const own = JSON.parse(text) as Record<string, Value>;
  const { format_version: _version, library, kind: _kind, ...rest } = own;
  const isClassifier = prepared.target.kind === "classes";
  const steps = typeof own.steps === "number" ? own.steps : 0;
  const nOut = isClassifier ? outputsOf(training, prepared) : 1;
  const attributes: Record<string, Value> = {
    n_iter_: losses.length, n_outputs_: nOut, n_features_in_: prepared.encoder.columns.length,
    n_layers_: training.layers.filter((layer) => layer.type === "Dense").length + 1, n_members_: 1, t_: steps,
    loss_curve_: [...losses], best_loss_: losses.length ? losses.reduce((a, b) => Math.min(a, b)) : null,
    validation_scores_: null, best_validation_score_: null, _no_improvement_count: 0,
  }; // prettier-ignore
  if (isClassifier) {
    const { classes } = prepared;
    attributes.classes_ = array(typeof classes[0] === "number" ? "int64" : "str", classes);
    attributes._multilabel = false;
  } else {
    const { mean, deviation } = takesStandardized(training.loss.type) ? unitsOf(prepared) : { mean: 0, deviation: 1 };
    attributes.target_mean_ = array("float64", [mean], []);
    attributes.target_scale_ = array("float64", [deviation], []);
  }
  const description = {
    format_version: FORMAT_VERSION,
    library,
    kind: "estimator",
    estimator: isClassifier ? "MLPClassifier" : "MLPRegressor",
    parameters: {
      preset: "tabular",
      layers: hidden(training.layers),
      loss: training.loss,
      random_state: training.random_state,
      batch_size: training.batch_size,
      shuffle: training.shuffle,
      kinds: { type: "pairs", items: prepared.encoder.kinds },
    },
    attributes,
    encoder: describedEncoder(prepared.encoder),
    network: { ...rest, kind: "network", notes: encodedNotes(own.notes, prepared) },
  };
  const prefixed = new Map([...arrays].map(([name, stored]) => [`network.${name}`, stored]));
  return writeContainer({ text: JSON.stringify(description), arrays: prefixed });
}

function encodedNotes(notes: Value | undefined, prepared: Prepared): Value {
  const known = typeof notes === "object" && notes !== null && !Array.isArray(notes) ? notes : {};
  return { ...known, type: "dict", table: encoded(prepared.table) };
}

/** How many outputs the network has: the units of the last dense layer. */
function outputsOf(training: Training, prepared: Prepared): number {
  const last = training.layers.findLast((layer) => layer.type === "Dense");
  return typeof last?.units === "number" ? last.units : prepared.classes.length;
}
