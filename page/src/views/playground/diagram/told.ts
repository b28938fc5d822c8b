/** The numbers of the diagram in words, and as a table. */
import { number, t } from "../../../words/words.svelte";
import { type Column, biasAt, weightAt } from "./columns";
import type { Hit } from "./layout";

/** How a neuron is called: an input by its name, another by its place. */
export function nameOf(column: number, index: number, names: string[]): string {
  return column === 0 ? (names[index] ?? String(index + 1)) : t("playground.neuron", { layer: String(column), place: String(index + 1) });
}

export function told(hit: Hit | null, columns: Column[], titles: string[], names: string[], theta: Float32Array | null): string {
  const column = hit && columns[hit.column];
  if (!hit || !column || !theta) return "";
  if (hit.kind === "weight") {
    const at = weightAt(column, hit.from, hit.to);
    return t("playground.weight.is", { from: nameOf(hit.column - 1, hit.from, names), to: nameOf(hit.column, hit.to, names), value: number(theta[at]) });
  }
  if (hit.column === 0) return t("playground.input.is", { name: names[hit.index] ?? "" });
  const bias = biasAt(column, hit.index);
  return t("playground.neuron.is", { name: nameOf(hit.column, hit.index, names), title: titles[hit.column], bias: bias < 0 ? "–" : number(theta[bias]) });
}

/** Every weight and bias: layer, which, from, to, value. */
export function parameterRows(columns: Column[], titles: string[], names: string[], theta: Float32Array | null): (string | number)[][] {
  const rows: (string | number)[][] = [];
  if (!theta) return rows;
  columns.forEach((column, c) => {
    if (!column.dense || c === 0) return;
    for (let to = 0; to < column.n; to++) {
      for (let from = 0; from < columns[c - 1].n; from++) {
        const at = weightAt(column, from, to);
        if (at >= 0) rows.push([titles[c], t("playground.weight"), nameOf(c - 1, from, names), nameOf(c, to, names), theta[at]]);
      }
      const bias = biasAt(column, to);
      if (bias >= 0) rows.push([titles[c], t("playground.bias"), "", nameOf(c, to, names), theta[bias]]);
    }
  });
  return rows;
}
