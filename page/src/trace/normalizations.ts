/** How the numbers of the two normalizations come about: y = γ x̂ + β. */

import { delta, symbol } from "./notation.ts";
import { enclosed, inFull, type Numbers } from "./numbers.ts";
import type { LayerFormula } from "./layers.ts";
import { argumentOf } from "./parts.ts";
import type { LayerTrace } from "./record.ts";
import { product, products, type Style, summed, total } from "./sums.ts";

const ROOT = "\\sqrt{\\sigma^{2} + \\epsilon}";

/** μ and σ² of a number, in the network's precision. */
type Moments = (part: LayerTrace, s: number, j: number, numbers: Numbers) => [number, number];

function shared(moments: Moments): Omit<LayerFormula, "backward" | "inputGradient" | "adapted"> {
  return {
    forward: (part) => {
      const [x, gamma, beta] = [symbol(part.source), symbol(part.names.gamma), symbol(part.names.beta)];
      return `${gamma} \\cdot \\frac{${x} - \\mu}{${ROOT}} + ${beta}`;
    },
    output: (part, s, j, { numbers }) => {
      const [mean, variance] = moments(part, s, j, numbers);
      const { gamma, beta } = part.parameters;
      const above = `${numbers.of(part.x.at(s, j))}${numbers.added(-mean)}`;
      const below = `\\sqrt{${numbers.of(variance)} + ${inFull(Number(argumentOf(part.layer, "epsilon")))}}`;
      return `${numbers.of(gamma.at(0, j))} \\cdot (\\frac{${above}}{${below}})${numbers.added(beta.at(0, j))}`;
    },
    gradient: (part, name, say) => {
      const over = part.x.rows === 1 ? "" : `\\text{, ${say("trace.summed_over_samples")}}`;
      return `${delta(part.name)}${name === "gamma" ? " \\cdot \\hat{x}" : ""}${over}`;
    },
    weightGradient: (part, name, [j], style) => {
      const dy = part.dy!.column(j);
      if (name === "gamma") return products(dy, part.kept.normal.column(j), style);
      return summed(dy, (s) => style.numbers.of(dy[s]), style);
    },
  };
}

const rounding = (numbers: Numbers) => (numbers.single ? Math.fround : (x: number) => x);

/** The mean as NumPy has it, in the network's precision. */
function mean(values: number[], numbers: Numbers): number {
  return rounding(numbers)(total(values, rounding(numbers)) / values.length);
}

const LAYER_NORM: LayerFormula = {
  ...shared((part, s, _, numbers) => {
    const round = rounding(numbers);
    const row = part.x.row(s);
    const centre = mean(row, numbers);
    const squares = row.map((x) => round(round(x - centre) ** 2));
    return [centre, mean(squares, numbers)];
  }),
  backward: (part, say) => {
    const d = `${delta(part.name)} \\cdot ${symbol(part.names.gamma)}`;
    const of = `\\text{${say("trace.mean")} }`;
    const inner = `d - ${of}d - \\hat{x} \\cdot \\text{${say("trace.mean")}}(d \\cdot \\hat{x})`;
    return `\\frac{${inner}}{${ROOT}}\\text{, }d = ${d}`;
  },
  inputGradient: (part, s, i, { numbers }: Style) => {
    const round = rounding(numbers);
    const gamma = part.parameters.gamma.row(0);
    const d = part.dy!.row(s).map((dy, k) => round(dy * gamma[k]));
    const normal = part.kept.normal.row(s);
    const joint = mean(d.map((x, k) => round(x * normal[k])), numbers);
    const common = product(normal[i], joint, numbers);
    const inner = `${numbers.of(d[i])}${numbers.added(-mean(d, numbers))} - ${enclosed(common)}`;
    return `(${inner}) \\cdot ${numbers.of(part.kept.inverse.at(0, s))}`;
  },
  adapted: () => null,
};

const BATCH_NORM: LayerFormula = {
  ...shared((part, _, j) => {
    const { mean: running, var: spread } = part.parameters;
    if (part.newY === null) return [running.at(0, j), spread.at(0, j)]; // a prediction
    return [part.kept.batch_mean.at(0, j), part.kept.batch_var.at(0, j)];
  }),
  backward: (part) => {
    const [dy, beta, gamma] = [part.name, part.names.beta, part.names.gamma].map(delta);
    const factor = `\\frac{${symbol(part.names.gamma)}}{${ROOT}}`;
    return `${factor} \\cdot (${dy} - \\frac{${beta} + \\hat{x} \\cdot ${gamma}}{n})`;
  },
  inputGradient: (part, s, i, { numbers }) => {
    const { beta, gamma } = part.gradients;
    const normal = numbers.factor(part.kept.normal.at(s, i));
    const sum = `${numbers.of(beta.at(0, i))} + ${normal} \\cdot ${numbers.factor(gamma.at(0, i))}`;
    const factor = `${numbers.of(part.parameters.gamma.at(0, i))} \\cdot ${numbers.of(part.kept.inverse.at(0, i))}`;
    return `${factor} \\cdot (${numbers.of(part.dy!.at(s, i))} - \\frac{${sum}}{${part.x.rows}})`;
  },
  adapted: (part, name, j, { numbers }) => {
    const n = part.x.rows;
    if (n < 2) return null;
    const kept = inFull(Number(argumentOf(part.layer, "momentum")));
    const unbiased = name === "mean" ? "" : ` \\cdot \\frac{${n}}{${n - 1}}`;
    const batch = numbers.factor(part.kept[`batch_${name}`].at(0, j)) + unbiased;
    return `${kept} \\cdot ${numbers.factor(part.parameters[name].at(0, j))} + (1 - ${kept}) \\cdot ${batch}`;
  },
};

export const NORMALIZATIONS: { [type: string]: LayerFormula } = { LayerNorm: LAYER_NORM, BatchNorm: BATCH_NORM };
