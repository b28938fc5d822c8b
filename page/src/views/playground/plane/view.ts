/** What part of the plane is shown, its grids, and where a place lies in a picture. */
import type { Points } from "../../../data2d/points";

/** Cells a side of the regions, and of a neuron's picture. */
export const FINE = 128;
export const SMALL = 24;

export interface View {
  x: [number, number];
  y: [number, number];
}

/** What is shown of the plane: ±3.6, or more where points lie further out; of a line, its values upwards. */
export function viewOf(points: Points): View {
  const reach = (values: number[], least: number) => Math.max(least, 1.1 * values.reduce((far, v) => Math.max(far, Math.abs(v)), 0));
  if (points.inputs === 2) {
    const far = Math.max(reach(points.x, 3.6), reach(points.y, 3.6));
    return { x: [-far, far], y: [-far, far] };
  }
  const [far, high] = [reach(points.x, 3.6), reach(points.target, 1.4)];
  return { x: [-far, far], y: [-high, high] };
}

/** The middles of so many cells by so many, from the upper left; of a line, one row of them. */
export function grid(view: View, inputs: 1 | 2, side: number): { x: Float64Array; y: Float64Array } {
  const across = (i: number) => view.x[0] + ((i + 0.5) / side) * (view.x[1] - view.x[0]);
  const down = (i: number) => view.y[1] - ((i + 0.5) / side) * (view.y[1] - view.y[0]);
  const n = inputs === 2 ? side * side : side;
  const [x, y] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i++) {
    x[i] = across(i % side);
    y[i] = inputs === 2 ? down(Math.floor(i / side)) : 0;
  }
  return { x, y };
}

export function toPixels(view: View, width: number, height: number, x: number, y: number): [number, number] {
  return [((x - view.x[0]) / (view.x[1] - view.x[0])) * width, ((view.y[1] - y) / (view.y[1] - view.y[0])) * height];
}

export function toPlace(view: View, width: number, height: number, px: number, py: number): [number, number] {
  return [view.x[0] + (px / width) * (view.x[1] - view.x[0]), view.y[1] - (py / height) * (view.y[1] - view.y[0])];
}
