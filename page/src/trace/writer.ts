/**
 * What is shown of a trace, and in which order (explain/trace/writer.py).
 *
 *     inputs ─► forward, layer by layer ─► cost ─► backward, layer by layer ─► update ─► after the step
 */

import { Blocks, describe, type Options } from "./blocks.ts";
import { type Block, block, type Document, only, type Section } from "./document.ts";
import { costBlocks, lossGradientBlock, updateBlocks } from "./learning.ts";
import { plain, symbol } from "./notation.ts";
import { repr } from "./parts.ts";
import { type LayerTrace, type StepTrace, symbolOf, type Trace } from "./record.ts";
import type { Say } from "./sums.ts";

/** The whole trace. */
export function whole(trace: Trace, say: Say, options: Options = {}): Document {
  const blocks = new Blocks(trace, say, options);
  const { layers, step } = trace;
  const sections = [section("inputs", null, say("trace.inputs"), "", [blocks.given()])];
  for (const part of layers) {
    const found = blocks.forward(part, blocks.neurons(part));
    sections.push(section("forward", part, say("trace.forward_of", { layer: describe(part, say) }), "", found));
  }
  if (step) sections.push(...learning(blocks, step));
  return { ...title(blocks), sections };
}

function learning(blocks: Blocks, step: StepTrace): Section[] {
  const { say, trace } = blocks;
  const sections = [section("cost", null, say("trace.cost"), "", costBlocks(blocks, step)), ...backward(blocks, step)];
  for (const part of trace.layers) {
    const found = updateBlocks(blocks, part, step, blocks.neurons(part));
    if (found.length)
      sections.push(section("update", part, say("trace.update_of", { layer: describe(part, say) }), "", found));
  }
  return [...sections, after(blocks, step)];
}

function section(stage: Section["stage"], part: LayerTrace | null, title: string, note: string, blocks: Block[]) {
  return { title, note, blocks, stage, layer: part ? part.index : null };
}

/** What the trace is, and of which sample. */
function title({ trace, say, sample }: Blocks): { title: string; note: string } {
  const { step, layers } = trace;
  const n = trace.x.rows;
  const dense = layers.filter(({ layer }) => layer.type === "Dense");
  const sizes = [trace.x.columns, ...dense.map((part) => part.y.columns)].join("-");
  const which = n === 1 ? "" : ` ${say("trace.which_sample", { sample, n })}`;
  if (!step) {
    const answer = say("trace.answer", { answer: trace.answers[sample] });
    return { title: say("trace.prediction", { sizes }), note: `${answer}${which}` };
  }
  const weights = layers.flatMap((part) => Object.keys(part.names).map((key) => symbolOf(part, key)));
  const prime = say("trace.prime", { name: plain(weights[0] ?? "w_{1}") });
  const [loss, optimizer] = [repr(step.loss), repr(step.optimizer)];
  const how = say("trace.step_of", { number: step.number, loss, optimizer });
  return { title: say("trace.step", { sizes }), note: `${how}${which} ${prime}` };
}

function backward(blocks: Blocks, step: StepTrace): Section[] {
  const { say, trace } = blocks;
  const begin = lossGradientBlock(blocks, step);
  const last = trace.layers[trace.layers.length - 1];
  const pair = { layer: last.layer.type, loss: step.loss.type };
  const note = step.fused ? say("trace.joint_gradient", pair) : "";
  const sections = begin ? [section("backward", null, say("trace.backward_of_loss"), note, [begin])] : [];
  for (const part of [...trace.layers].reverse()) {
    const dx = blocks.backward(part, blocks.sources(part));
    const found = [...blocks.gradients(part, blocks.neurons(part)), ...(dx ? [dx] : [])];
    if (found.length)
      sections.push(section("backward", part, say("trace.backward_of", { layer: describe(part, say) }), "", found));
  }
  return sections;
}

function after(blocks: Blocks, step: StepTrace): Section {
  const { say, trace, numbers, sample } = blocks;
  const found = trace.layers.flatMap((part) =>
    part.newY
      ? [blocks.vector(`${symbol(part.name)}'`, "", part.newY.row(sample), blocks.neurons(part), () => null)]
      : [],
  );
  const [from, to] = [numbers.of(step.cost, true), numbers.of(step.newCost, true)];
  const cost = block("C'", "", [[{ name: "C'", numbers: null, value: to }]]);
  const way = step.newCost < step.cost ? "falls" : step.newCost > step.cost ? "rises" : step.newCost === step.cost ? "stays" : "changes"; // to NaN
  const note = `${say("trace.same_samples")} ${say(`trace.cost_${way}`, { from, to })}`;
  return section("after", null, say("trace.after"), note, [...found, cost]);
}

// ------------------------------------------------------------------ one neuron

/** The arithmetic of one neuron, in full: its sum, what the activation makes of it, and what it learns. */
export function neuron(trace: Trace, layer: number, j: number, say: Say, options: Options = {}): Document {
  const blocks = new Blocks(trace, say, { ...options, expand: [[layer, j]] });
  const part = trace.layers.find((other) => other.index === layer)!;
  const { step } = trace;
  const chain = blocks.chain(part);
  const forward = chain.flatMap((other) => only(blocks.forward(other, [j])));
  const sections = [section("forward", part, say("trace.forward"), "", forward)];
  if (step) {
    sections.push(section("backward", part, say("trace.backward"), "", learnedBackward(blocks, part, chain, j, step)));
    const update = chain.flatMap((other) => only(updateBlocks(blocks, other, step, [j])));
    if (update.length) sections.push(section("update", part, say("trace.update"), "", update));
  }
  const head = title(blocks);
  const isDense = part.layer.type === "Dense";
  const unused = isDense ? part.parameters.W.rows - blocks.inputs(part, j).length : 0;
  const left = unused ? ` ${say("trace.inputs_left_out", { count: unused })}` : "";
  return {
    title: say("trace.neuron_of", { j, layer: describe(part, say) }),
    note: `${head.title}. ${head.note}${left}`,
    sections,
  };
}

function learnedBackward(blocks: Blocks, part: LayerTrace, chain: LayerTrace[], j: number, step: StepTrace): Block[] {
  const found = only([gradientOf(blocks, chain[chain.length - 1], j, step)]);
  for (const other of [...chain].reverse()) {
    found.push(...only(blocks.gradients(other, [j])));
    const isOwn = other === part && part.layer.type === "Dense";
    if (!isOwn && j < other.x.columns) found.push(...only([blocks.backward(other, [j])]));
  }
  return found;
}

/** The gradient by the neuron's output, from the layer that takes it, or from the loss. */
function gradientOf(blocks: Blocks, part: LayerTrace, j: number, step: StepTrace): Block | null {
  const { layers } = blocks.trace;
  const last = layers[layers.length - 1];
  const next = layers.find((other) => other.source === part.name);
  if (part === last || (step.fused && next === last)) return lossGradientBlock(blocks, step, [j]);
  return next ? blocks.backward(next, [j]) : null;
}
