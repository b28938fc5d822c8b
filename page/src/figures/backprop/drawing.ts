/** Where the nodes of the diagram stand: inputs at the top, then each layer, and the cost at the bottom. */
import type { StepNumbers } from "../../engine/engine";
import type { LayerTrace, Trace } from "../../trace/record";

export interface Row {
  label: string;
  /** Of the number, and of its gradient (perhaps of nothing). */
  value: number;
  key: string;
  gradient: number | null;
}

export interface Node {
  /** 0: inputs; then the layers; the last is the cost. */
  column: number;
  index: number;
  x: number;
  y: number;
  width: number;
  height: number;
  rows: Row[];
}

export interface Edge {
  layer: number;
  from: number;
  to: number;
  weight: number;
  gradient: number;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export interface Drawing {
  /** The upper edge of each column's boxes. */
  tops: number[];
  width: number;
  height: number;
  nodes: Node[];
  edges: Edge[];
}

export interface Group {
  dense: LayerTrace;
  activation: LayerTrace | null;
}

const [ROW, PAD, BETWEEN] = [19, 6, 9];

/** Each dense layer with the activation that follows it. */
export function groupsOf(trace: Trace): Group[] {
  const groups: Group[] = [];
  for (const part of trace.layers) {
    if (part.layer.type === "Dense") groups.push({ dense: part, activation: null });
    else if (groups.length) groups[groups.length - 1].activation = part;
  }
  return groups;
}

export function drawingOf(trace: Trace, numbers: StepNumbers<Float64Array>, available: number): Drawing {
  const groups = groupsOf(trace);
  const columns = [inputRows(trace), ...groups.map((group, g) => layerRows(group, g + 1)), [costRows(trace, numbers)]];
  const widest = Math.max(...columns.map((column) => column.length));
  const width = Math.max(available, widest * 98 + (widest - 1) * BETWEEN);
  const boxes = (count: number) => Math.min(widest === 1 ? 190 : 158, (width - (count - 1) * BETWEEN) / count);
  const gap = widest === 1 ? 76 : 78;
  const nodes: Node[] = [];
  const tops: number[] = [];
  let y = 1;
  columns.forEach((column, c) => {
    const [full, height] = [boxes(Math.max(column.length, widest > 2 ? 3 : 1)), 2 * PAD + ROW * Math.max(...column.map((rows) => rows.length))];
    const step = column.length > 1 ? Math.min((width - full) / (column.length - 1), 1.6 * full) : 0;
    tops.push(y);
    column.forEach((rows, index) => {
      const x = width / 2 + (index - (column.length - 1) / 2) * step;
      nodes.push({ column: c, index, x, y, width: rows.length === 1 ? Math.min(full, 96) : full, height, rows });
    });
    y += height + (c === columns.length - 1 ? 1 : c === columns.length - 2 ? 40 : gap);
  });
  return { tops, width, height: y, nodes, edges: groups.flatMap((group, g) => edgesOf(group, g + 1, nodes)) };
}

function inputRows(trace: Trace): Row[][] {
  return trace.x.row(0).map((value, i) => [{ label: "x", value, key: `x0[${i}]`, gradient: null }]);
}

function layerRows({ dense, activation }: Group, layer: number): Row[][] {
  return dense.y.row(0).map((z, j) => {
    const rows: Row[] = [
      { label: "b", value: dense.parameters.b.at(0, j), key: `b${layer}[${j}]`, gradient: dense.gradients.b.at(0, j) },
      { label: "z", value: z, key: `z${layer}[${j}]`, gradient: dense.dy ? dense.dy.at(0, j) : null },
    ];
    if (activation) rows.push({ label: "a", value: activation.y.at(0, j), key: `a${layer}[${j}]`, gradient: activation.dy ? activation.dy.at(0, j) : null });
    return rows;
  });
}

function costRows(trace: Trace, { cost, new_cost }: StepNumbers<Float64Array>): Row[] {
  const targets = trace.step!.targets.row(0).map((value, j): Row => ({ label: "y", value, key: `y0[${j}]`, gradient: null }));
  return [...targets, { label: "C", value: cost, key: "C0[0]", gradient: null }, { label: "C'", value: new_cost, key: "C0'[0]", gradient: null }];
}

function edgesOf({ dense }: Group, layer: number, nodes: Node[]): Edge[] {
  const at = (column: number, index: number) => nodes.find((node) => node.column === column && node.index === index)!;
  const { W } = dense.parameters;
  return Array.from({ length: W.rows * W.columns }, (_, k) => {
    const [from, to] = [Math.floor(k / W.columns), k % W.columns];
    const [above, below] = [at(layer - 1, from), at(layer, to)];
    return { layer, from, to, weight: W.at(from, to), gradient: dense.gradients.W.at(from, to), x0: above.x, y0: above.y + above.height, x1: below.x, y1: below.y };
  });
}

/** A number in few characters. */
export function brief(value: number, most = 7): string {
  for (const digits of [4, 3, 2, 1]) {
    const text = Math.abs(value) < 1e-4 && value !== 0 ? value.toExponential(Math.max(0, digits - 2)) : String(Number(value.toPrecision(digits)));
    if (text.length <= most || digits === 1) return text.replace("-", "−");
  }
  return "";
}
