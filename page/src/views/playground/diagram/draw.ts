/** The network: a picture for each neuron, lines for weights, rings for biases; dashed where they are negative. */
import { type Palette, css, paintValues } from "../plane/colours";
import { SMALL } from "../plane/view";
import type { Column } from "./columns";
import { type Hit, type Layout, type Line, MOST, type Neuron, same } from "./layout";
import type { Surface } from "./surface";

export interface Look {
  columns: Column[];
  layout: Layout;
  theta: Float32Array | null;
  /** Values of each column's neurons over the small grid. */
  maps: (Float32Array | null)[];
  inputs: 1 | 2;
  titles: string[];
  /** What each column's values have passed, under its title. */
  activations: string[];
  /** The inputs' names. */
  names: string[];
  chosen: Hit | null;
  hovered: Hit | null;
  /** The values of each column's neurons at the chosen place, to be written at them; empty: none. */
  values: Float32Array[];
  written: (value: number) => string;
}

const DASH = [5, 4];

/** The pictures of all neurons, side by side: a row a column of the diagram. Painted when they have changed. */
export class Atlas {
  private canvas: HTMLCanvasElement | null = null;
  private painted: unknown = null;
  private coloured: unknown = null;

  of(maps: (Float32Array | null)[], columns: Column[], colours: Palette): HTMLCanvasElement {
    this.canvas ??= document.createElement("canvas");
    if (this.painted === maps && this.coloured === colours) return this.canvas;
    [this.painted, this.coloured] = [maps, colours];
    this.canvas.width = SMALL * MOST;
    this.canvas.height = SMALL * columns.length;
    const pen = this.canvas.getContext("2d")!;
    const image = pen.createImageData(SMALL, SMALL);
    columns.forEach((column, c) => {
      const values = maps[c];
      if (!values || values.length !== SMALL * SMALL * column.n) return;
      const far = reach(values);
      for (let i = 0; i < Math.min(MOST, column.n); i++) {
        paintValues(image.data, values, column.n, i, far, colours);
        pen.putImageData(image, SMALL * i, SMALL * c);
      }
    });
    return this.canvas;
  }
}

function reach(values: Float32Array): number {
  let far = 0;
  for (const v of values) if (Math.abs(v) > far) far = Math.abs(v);
  return far || 1;
}

/** The largest size among the parameters that are drawn. */
function largest(theta: Float32Array, at: number[]): number {
  return at.reduce((most, i) => (i < 0 ? most : Math.max(most, Math.abs(theta[i]))), 0) || 1;
}

export function drawDiagram(surface: Surface, look: Look, atlas: Atlas, colours: Palette): void {
  const { layout, theta } = look;
  const scale = theta ? largest(theta, layout.lines.map((line) => line.at)) : 1;
  for (const line of layout.lines) if (!isMarked(look, line)) drawLine(surface, look, line, scale, colours);
  for (const line of layout.lines) if (isMarked(look, line)) drawLine(surface, look, line, scale, colours);
  const biases = theta ? largest(theta, layout.neurons.map((neuron) => neuron.bias)) : 1;
  const pictures = look.inputs === 2 ? atlas.of(look.maps, look.columns, colours) : null;
  for (const neuron of layout.neurons) drawNeuron(surface, look, neuron, biases, pictures, colours);
  layout.columns.forEach(({ x, hidden }, c) => {
    surface.text(x, 12, look.titles[c], 11, css(colours.ink), "middle", true);
    surface.text(x, 25, look.activations[c], 11, css(colours.ink), "middle");
    if (hidden) surface.text(x, layout.height - 6, `+ ${hidden}`, 11, css(colours.ink), "middle");
  });
}

/** Lines of the chosen or hovered neuron, and a chosen or hovered line. */
function isMarked({ chosen, hovered }: Look, line: Line): boolean {
  return [chosen, hovered].some((hit) => {
    if (!hit) return false;
    if (hit.kind === "weight") return hit.column === line.column && hit.from === line.from && hit.to === line.to;
    return (hit.column === line.column && hit.index === line.to) || (hit.column === line.column - 1 && hit.index === line.from);
  });
}

function drawLine(surface: Surface, look: Look, line: Line, scale: number, colours: Palette): void {
  const w = look.theta?.[line.at] ?? 0;
  const marked = isMarked(look, line);
  const anyMarked = look.chosen !== null || look.hovered !== null;
  const size = Math.min(1, Math.abs(w) / scale);
  surface.curve(line.x0, line.y0, line.x1, line.y1, {
    colour: css(w < 0 ? colours.minus : colours.plus),
    width: 0.6 + 5 * size,
    dash: w < 0 ? DASH : undefined,
    opacity: marked ? 1 : anyMarked ? 0.12 + 0.2 * size : 0.3 + 0.6 * size,
  });
}

function drawNeuron(surface: Surface, look: Look, neuron: Neuron, biases: number, pictures: HTMLCanvasElement | null, colours: Palette): void {
  const { size } = look.layout;
  const [left, top] = [neuron.x - size / 2, neuron.y - size / 2];
  const values = look.maps[neuron.column];
  surface.box(left, top, size, size, 5, null, css(colours.paper));
  if (pictures && values) surface.image(pictures, SMALL * neuron.index, SMALL * neuron.column, SMALL, left + 2, top + 2, size - 4);
  else if (values) drawSmallCurve(surface, look, neuron, values, colours);
  const b = neuron.bias >= 0 ? (look.theta?.[neuron.bias] ?? 0) : 0;
  const share = Math.min(1, Math.abs(b) / biases);
  surface.box(left, top, size, size, 5, { colour: css(colours.ink, 0.55), width: 1 }, null);
  if (neuron.bias >= 0)
    surface.box(left - 3, top - 3, size + 6, size + 6, 8, { colour: css(b < 0 ? colours.minus : colours.plus), width: 0.6 + 3.4 * share, dash: b < 0 ? DASH : undefined }, null);
  if (same(look.chosen, { kind: "neuron", column: neuron.column, index: neuron.index }) || same(look.hovered, { kind: "neuron", column: neuron.column, index: neuron.index }))
    surface.box(left - 7, top - 7, size + 14, size + 14, 11, { colour: css(colours.ink), width: 2 }, null);
  const value = look.values[neuron.column]?.[neuron.index];
  if (value !== undefined) {
    surface.box(neuron.x - 17, neuron.y + size / 2 - 9, 34, 13, 4, null, css(colours.paper, 0.88));
    surface.text(neuron.x, neuron.y + size / 2 + 1, look.written(value), 10, css(colours.ink), "middle", true);
  }
  if (neuron.column === 0) surface.text(left - 6, neuron.y + 4, look.names[neuron.index] ?? "", 12, css(colours.ink), "end");
}

/** Of a line's network: the neuron's value over x. */
function drawSmallCurve(surface: Surface, { layout, columns }: Look, neuron: Neuron, values: Float32Array, colours: Palette): void {
  const n = columns[neuron.column].n;
  const far = reach(values);
  const [half, cells] = [layout.size / 2 - 4, values.length / n];
  const points = Array.from({ length: cells }, (_, i): [number, number] => [neuron.x - half + (2 * half * i) / (cells - 1), neuron.y - (values[i * n + neuron.index] / far) * half]);
  surface.path([[neuron.x - half, neuron.y], [neuron.x + half, neuron.y]], { colour: css(colours.ink, 0.3), width: 1 });
  surface.path(points, { colour: css(colours.plus), width: 1.8 });
}
