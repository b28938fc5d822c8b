/** The cells of the cost and of the update: what the loss says, and what the optimizer makes of the gradients. */

import { type Blocks, withDelta } from "./blocks.ts";
import { type Block, block } from "./document.ts";
import { formulaOf, type Text } from "./layers.ts";
import type { Names } from "./latex.ts";
import { gradient, symbol, words } from "./notation.ts";
import { enclosed, inFull } from "./numbers.ts";
import { factsOf } from "./parts.ts";
import { type LayerTrace, type PenaltyTrace, type StepTrace, symbolOf, type Table } from "./record.ts";
import * as steps from "./steps.ts";
import { summed } from "./sums.ts";

// ------------------------------------------------------------------ the cost

/** The loss of each output, of the sample, and of the batch; and what the penalties add. */
export function costBlocks(blocks: Blocks, step: StepTrace): Block[] {
  const { numbers, sample: s, trace, say } = blocks;
  const last = trace.layers[trace.layers.length - 1];
  const [n, m] = [step.targets.rows, step.targets.columns];
  const shown = blocks.neurons(last);
  const formula = steps.lossTerm(step.loss, symbol(last.name), "y") ?? "";
  const term = (j: number) =>
    steps.lossTerm(steps.ofOutput(step.loss, j), numbers.of(last.y.at(s, j)), numbers.of(step.targets.at(s, j)));
  const found = [blocks.vector("y", "", step.targets.row(s), shown, () => null)];
  const isOne = m === 1 && n === 1;
  let [whole, origin]: [string, Text] = [formula, isOne ? term(0) : null];
  if (step.terms && !isOne) {
    const row = step.terms.row(s);
    found.push(blocks.vector("\\ell", formula, row, shown, term));
    const mean = step.averages && m > 1 ? `\\frac{1}{${m}} \\cdot ` : "";
    const total = summed(row, (j) => numbers.of(row[j]), blocks.style(false));
    origin = mean ? `${mean}(${total})` : total;
    whole = m > 1 ? `${mean}\\sum \\ell` : "\\ell";
  }
  const name = n === 1 ? "C" : `C_{${s}}`;
  found.push(block(name, whole, [[{ name, numbers: origin, value: numbers.of(step.losses[s]) }]]));
  if (n > 1) {
    const losses = summed(step.losses, (i) => numbers.of(step.losses[i]), blocks.style(false));
    const cell = { name: "C", numbers: `\\frac{${losses}}{${n}}`, value: numbers.of(step.cost, true) };
    found.push(block("C", `\\text{${say("trace.mean_over_samples")}}`, [[cell]]));
  }
  return [...found, ...step.penalties.map((term) => penaltyBlock(blocks, term))];
}

/** What one penalty adds to the cost; the gradient of the sum is what is followed. */
function penaltyBlock(blocks: Blocks, term: PenaltyTrace): Block {
  const name = `${words(`${blocks.say("trace.penalty_of", { penalty: term.penalty.type })} `)}${symbol(term.name)}`;
  const pair = steps.penaltyFormulas(term.penalty);
  const weights = pair?.value(symbol(term.name.toLowerCase()));
  const formula = pair ? `\\lambda \\cdot ${weights}\\text{, }\\lambda = ${inFull(term.factor)}` : "";
  return block(name, formula, [[{ name, numbers: null, value: blocks.numbers.of(term.value, true) }]]);
}

/** The gradient that the loss begins with. */
export function lossGradientBlock(blocks: Blocks, step: StepTrace, shown: number[] | null = null): Block | null {
  const { trace, numbers, sample: s } = blocks;
  const { layers } = trace;
  const last = layers[layers.length - 1];
  const values = step.fused ? layers[layers.length - 2]?.dy : last.dy;
  if (!values) return null;
  const [n, m] = [step.targets.rows, step.targets.columns];
  const name = step.fused ? last.source : last.name;
  const formula = steps.lossGradient(step.loss, symbol(last.name), "y", m, n, step.fused);
  const origin = (j: number) => {
    const [a, y] = [numbers.of(last.y.at(s, j)), numbers.of(step.targets.at(s, j))];
    return steps.lossGradient(steps.ofOutput(step.loss, j), a, y, m, n, step.fused);
  };
  const neurons = shown ?? blocks.neurons(last);
  return blocks.vector(gradient(symbol(name)), withDelta(name, formula ?? ""), values.row(s), neurons, origin);
}

// ------------------------------------------------------------------ the update

/** From each weight's gradient to the weight after the step. */
export function updateBlocks(blocks: Blocks, part: LayerTrace, step: StepTrace, shown: number[]): Block[] {
  const statistics = factsOf(part.layer).statistics ?? [];
  return Object.keys(part.new).flatMap((key) =>
    statistics.includes(key) ? [adapted(blocks, part, key, shown)] : learned(blocks, part, key, step, shown),
  );
}

/** A statistic, which no gradient teaches. */
function adapted(blocks: Blocks, part: LayerTrace, key: string, shown: number[]): Block {
  const origin = ([j]: number[]) => formulaOf(part).adapted(part, key, j, blocks.style(false));
  const name = symbolOf(part, key);
  const moves = origin([0]) !== null;
  const formula = moves ? `\\text{${blocks.say("trace.running_mean")}}` : keptAsItIs(blocks, name);
  return blocks.table(part, `${name}'`, formula, part.new[key], shown, origin);
}

const keptAsItIs = (blocks: Blocks, name: string): string => `${name}\\text{, ${blocks.say("trace.kept")}}`;

/** A weight: the penalties' part of its gradient, the optimizer's states, and its new value. */
function learned(blocks: Blocks, part: LayerTrace, key: string, step: StepTrace, shown: number[]): Block[] {
  const name = symbolOf(part, key);
  const share = part.rates[key] ?? 1;
  const table = (title: string, formula: string, values: Table, origin: (index: number[]) => Text) =>
    blocks.table(part, title, formula, values, shown, origin);
  if (share === 0) return [table(`${name}'`, keptAsItIs(blocks, name), part.new[key], () => null)];
  const found: Block[] = [];
  let g = gradient(name);
  if (part.penalties[key]) {
    g = `g_{${name}}`;
    found.push(table(g, withPenalties(part, key, step), part.totals[key], withPenalty(blocks, part, key)));
  }
  const states = Object.keys(part.newStates[key]);
  const names: Names = Object.fromEntries(states.map((state) => [state, `${stateName(state)}_{${name}}`]));
  const primed: Names = Object.fromEntries(states.map((state) => [state, `${names[state]}'`]));
  const symbols = steps.updateLines(step.optimizer, name, g, names, primed, steps.inLetters);
  const line = lineOf(blocks, part, key, step);
  for (const state of states)
    found.push(table(primed[state], symbols[state] ?? "", part.newStates[key][state], line(state)));
  let formula = symbols[""] ?? "";
  if (share !== 1 && formula) formula = `${name} + ${blocks.numbers.of(share, true)} \\cdot (${formula} - ${name})`;
  return [...found, table(`${name}'`, formula, part.new[key], line(""))];
}

const stateName = (state: string): string => (/^[A-Za-z]$/.test(state) ? state : words(state));

function withPenalty({ numbers }: Blocks, part: LayerTrace, key: string) {
  return ([i, j]: number[]): string => {
    const [gradients, added] = [part.gradients[key], part.penalties[key]];
    const [row, column] = gradients.isVector ? [0, i] : [i, j];
    return numbers.of(gradients.at(row, column)) + numbers.added(added.at(row, column));
  };
}

/** The gradient with the penalties' gradients by an array, in symbols. */
function withPenalties(part: LayerTrace, key: string, step: StepTrace): string {
  const slopes = step.penalties
    .filter((term) => term.name === part.names[key])
    .map(({ penalty, factor }) => {
      const pair = steps.penaltyFormulas(penalty);
      return `${inFull(factor)} \\cdot ${pair ? pair.slope(symbolOf(part, key)) : words(`${penalty.type}.gradient`)}`;
    });
  return `${gradient(symbolOf(part, key))} + ${slopes.join(" + ")}`;
}

/** How one number of a state, or of the weight under "", comes about. */
function lineOf({ numbers }: Blocks, part: LayerTrace, key: string, step: StepTrace) {
  const share = part.rates[key] ?? 1;
  const given = steps.inNumbers(step.optimizer, step.rate, step.number);
  return (which: string) =>
    (index: number[]): Text => {
      const number = (table: Table) => numbers.of(table.isVector ? table.at(0, index[0]) : table.at(index[0], index[1]));
      const each = (states: { [state: string]: Table }) =>
        Object.fromEntries(Object.entries(states).map(([state, table]) => [state, number(table)]));
      const [w, total] = [number(part.parameters[key]), number(part.totals[key])];
      const [before, after] = [each(part.states[key]), each(part.newStates[key])];
      const found = steps.updateLines(step.optimizer, w, total, before, after, given)[which] ?? null;
      if (found === null || which || share === 1) return found;
      return `${w} + ${numbers.of(share, true)} \\cdot (${found} - ${enclosed(w)})`;
    };
}
