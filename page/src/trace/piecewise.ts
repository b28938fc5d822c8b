/** How the numbers of inputs in pieces come about: each input, and how far it has come through its intervals. */

import type { LayerFormula } from "./layers.ts";
import { delta, symbol } from "./notation.ts";
import type { LayerTrace } from "./record.ts";
import { products } from "./sums.ts";

/** The input of each interval, where it begins, and 1 / its length. */
export function piecesOf(part: LayerTrace, single: boolean): { column: number; low: number; factor: number }[] {
  const round = single ? Math.fround : (x: number) => x;
  const knots = part.layer.knots as number[][];
  return knots.flatMap((each, column) =>
    each.slice(1).map((high, i) => ({ column, low: round(each[i]), factor: round(1 / (high - each[i])) })),
  );
}

export const PIECEWISE: LayerFormula = {
  gradient: () => null,
  weightGradient: () => null,
  adapted: () => null,
  forward: (part, say) => {
    const x = symbol(part.source);
    return `[${x}, \\min(\\max(\\frac{${x} - k}{k' - k}, 0), 1)]\\text{ ${say("trace.each_interval")}}`;
  },
  backward: (part, say) => {
    const [d, x] = [delta(part.name), symbol(part.source)];
    const [before, after] = say("trace.intervals", { x: "|" }).split("|");
    return `${d} + \\sum \\frac{${d}}{k' - k}\\text{ ${before}}${x}\\text{${after}}`;
  },
  output: (part, s, j, { numbers }) => {
    const n = part.x.columns;
    if (j < n) return numbers.of(part.x.at(s, j));
    const { column, low, factor } = piecesOf(part, numbers.single)[j - n];
    const beyond = `${numbers.of(part.x.at(s, column))}${numbers.added(-low)}`;
    return `\\min(\\max((${beyond}) \\cdot ${numbers.of(factor)}, 0), 1)`;
  },
  inputGradient: (part, s, i, style) => {
    const n = part.x.columns;
    const pieces = piecesOf(part, style.numbers.single);
    const isInside = (j: number) => part.y.at(s, n + j) > 0 && part.y.at(s, n + j) < 1;
    const inside = pieces.flatMap(({ column }, j) => (column === i && isInside(j) ? [j] : []));
    const dy = part.dy!.row(s);
    if (!inside.length) return style.numbers.of(dy[i]);
    const gradients = [dy[i], ...inside.map((j) => dy[n + j])];
    return products(gradients, [1, ...inside.map((j) => pieces[j].factor)], style);
  },
};
