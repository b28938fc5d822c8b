/** The plane: regions of the output, points, the cursor. All of a picture is drawn at once, so that it can be saved too. */
import { type Points, heightOf } from "../../../data2d/points";
import { type Palette, css, likeliest, paintClasses, paintValues } from "./colours";
import { mark } from "./marks";
import { FINE, type View, toPixels } from "./view";

export interface Picture {
  points: Points;
  view: View;
  /** Outputs over the fine grid. */
  regions: Float32Array | null;
  n_out: number;
  /** Outputs for the points. */
  answers: Float32Array | null;
  test: Set<number>;
  showTest: boolean;
  showErrors: boolean;
  cursor: { x: number; y: number; brush: number } | null;
  selected: number | null;
}

/** The largest value of a regression: what full colour means. */
export function farthest(points: Points): number {
  return points.target.reduce((far, v) => Math.max(far, Math.abs(v)), 0) || 1;
}

let cells: HTMLCanvasElement | null = null;

function regionCells(picture: Picture, colours: Palette): HTMLCanvasElement {
  cells ??= Object.assign(document.createElement("canvas"), { width: FINE, height: FINE });
  const pen = cells.getContext("2d")!;
  const image = pen.createImageData(FINE, FINE);
  const { regions, n_out, points } = picture;
  if (points.task === "regression") paintValues(image.data, regions!, n_out, 0, farthest(points), colours);
  else paintClasses(image.data, regions!, n_out, colours);
  pen.putImageData(image, 0, 0);
  return cells;
}

export function drawRegions(pen: CanvasRenderingContext2D, width: number, height: number, picture: Picture, colours: Palette): void {
  pen.fillStyle = css(colours.paper);
  pen.fillRect(0, 0, width, height);
  const { regions, points, n_out } = picture;
  if (!regions) return;
  if (points.inputs === 1) return drawCurve(pen, width, height, picture, colours);
  if (regions.length !== FINE * FINE * n_out) return;
  pen.imageSmoothingEnabled = true;
  pen.drawImage(regionCells(picture, colours), 0, 0, width, height);
  if (points.task === "classification") drawSigns(pen, width, height, picture, colours);
}

/** The shape of the likeliest class here and there. */
function drawSigns(pen: CanvasRenderingContext2D, width: number, height: number, picture: Picture, colours: Palette): void {
  const step = 16;
  pen.strokeStyle = css(colours.ink, 0.45);
  pen.lineWidth = 1;
  for (let row = step / 2; row < FINE; row += step)
    for (let column = step / 2; column < FINE; column += step) {
      const [c] = likeliest(picture.regions!, row * FINE + column, picture.n_out);
      mark(pen, c, ((column + 0.5) / FINE) * width, ((row + 0.5) / FINE) * height, 3);
      pen.stroke();
    }
}

function drawCurve(pen: CanvasRenderingContext2D, width: number, height: number, { regions, view, n_out }: Picture, colours: Palette): void {
  const n = regions!.length / n_out;
  pen.strokeStyle = css(colours.plus);
  pen.lineWidth = 2.5;
  pen.beginPath();
  for (let i = 0; i < n; i++) {
    const [x, y] = toPixels(view, width, height, view.x[0] + ((i + 0.5) / n) * (view.x[1] - view.x[0]), regions![i * n_out]);
    if (i) pen.lineTo(x, y);
    else pen.moveTo(x, y);
  }
  pen.stroke();
}

function drawAxes(pen: CanvasRenderingContext2D, width: number, height: number, view: View, colours: Palette): void {
  const [x, y] = toPixels(view, width, height, 0, 0);
  pen.strokeStyle = css(colours.ink, 0.25);
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x, 0);
  pen.lineTo(x, height);
  pen.moveTo(0, y);
  pen.lineTo(width, y);
  pen.stroke();
  pen.fillStyle = css(colours.ink, 0.75);
  pen.font = "11px sans-serif";
  for (let i = Math.ceil(view.x[0]); i <= view.x[1]; i++) if (i) pen.fillText(String(i).replace("-", "−"), toPixels(view, width, height, i, 0)[0] + 2, height - 3);
  const high = view.y[1] < 2.5 ? 0.5 : 1;
  for (let i = Math.ceil(view.y[0] / high) * high; i <= view.y[1]; i += high) if (i) pen.fillText(String(i).replace("-", "−"), 3, toPixels(view, width, height, 0, i)[1] - 2);
}

/** How many points of each class (rows) are taken for each (columns), among those that are chosen. */
export function confusion({ points, answers, n_out }: Pick<Picture, "points" | "answers" | "n_out">, chosen: number[]): number[][] {
  const counts = Array.from({ length: points.classes }, () => new Array<number>(points.classes).fill(0));
  if (!answers || answers.length !== points.x.length * n_out) return counts;
  for (const i of chosen) counts[points.target[i]][likeliest(answers, i, n_out)[0]] += 1;
  return counts;
}

/** How far off the answer for a point is: 0 or 1 of a class, the difference of a value. */
export function residual(picture: Pick<Picture, "points" | "answers" | "n_out">, i: number): number {
  const { points, answers, n_out } = picture;
  if (!answers || answers.length !== points.x.length * n_out) return 0;
  if (points.task === "classification") return likeliest(answers, i, n_out)[0] === points.target[i] ? 0 : 1;
  return answers[i * n_out] - points.target[i];
}

export function drawPoints(pen: CanvasRenderingContext2D, width: number, height: number, picture: Picture, colours: Palette): void {
  drawAxes(pen, width, height, picture.view, colours);
  const { points, view, test, showTest } = picture;
  const size = points.x.length > 600 ? 3 : 4.2;
  for (let i = 0; i < points.x.length; i++) {
    const held = test.has(i);
    if (held && !showTest) continue;
    const [x, y] = toPixels(view, width, height, points.x[i], heightOf(points, i));
    drawPoint(pen, picture, i, x, y, size, held, colours);
    if (picture.showErrors) drawError(pen, picture, i, x, y, size, height, colours);
    if (picture.selected === i) {
      pen.strokeStyle = css(colours.ink);
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(x, y, size + 6, 0, 2 * Math.PI);
      pen.stroke();
    }
  }
  if (picture.cursor) drawCursor(pen, width, height, picture, colours);
}

function drawPoint(pen: CanvasRenderingContext2D, { points }: Picture, i: number, x: number, y: number, size: number, held: boolean, colours: Palette): void {
  const value = points.target[i];
  const regression = points.task === "regression";
  mark(pen, regression ? (points.inputs === 1 || value >= 0 ? 0 : 1) : value, x, y, size);
  const full = regression ? (value < 0 && points.inputs === 2 ? colours.negative : colours.positive) : colours.classes[value % colours.classes.length];
  pen.fillStyle = held ? css(colours.paper, 0.9) : css(full, regression && points.inputs === 2 ? 0.35 + 0.65 * Math.min(1, Math.abs(value) / farthest1(points)) : 1);
  pen.fill();
  pen.strokeStyle = held ? css(full) : css(colours.paper);
  pen.lineWidth = held ? 2 : 1;
  pen.stroke();
  if (!held) return;
  pen.strokeStyle = css(colours.ink, 0.55);
  pen.lineWidth = 0.6;
  pen.stroke();
}

const far = new WeakMap<Points, number>();

function farthest1(points: Points): number {
  let found = far.get(points);
  if (found === undefined) far.set(points, (found = farthest(points)));
  return found;
}

/** A ring around a wrong answer; of a value, a line to where the network puts it. */
function drawError(pen: CanvasRenderingContext2D, picture: Picture, i: number, x: number, y: number, size: number, height: number, colours: Palette): void {
  const off = residual(picture, i);
  if (!off) return;
  pen.strokeStyle = css(colours.ink, 0.8);
  pen.lineWidth = 1.2;
  pen.beginPath();
  if (picture.points.task === "classification") pen.arc(x, y, size + 3.5, 0, 2 * Math.PI);
  else {
    const scale = picture.points.inputs === 1 ? height / (picture.view.y[1] - picture.view.y[0]) : 16 / farthest1(picture.points);
    pen.moveTo(x, y);
    pen.lineTo(x, y - off * scale);
  }
  pen.stroke();
}

function drawCursor(pen: CanvasRenderingContext2D, width: number, height: number, { cursor, view }: Picture, colours: Palette): void {
  const [x, y] = toPixels(view, width, height, cursor!.x, cursor!.y);
  const r = cursor!.brush ? (cursor!.brush / (view.x[1] - view.x[0])) * width : 7;
  for (const [colour, thick] of [[colours.paper, 4], [colours.ink, 1.6]] as const) {
    pen.strokeStyle = css(colour, 0.9);
    pen.lineWidth = thick;
    pen.beginPath();
    pen.arc(x, y, r, 0, 2 * Math.PI);
    pen.moveTo(x - r - 4, y);
    pen.lineTo(x - 2, y);
    pen.moveTo(x + 2, y);
    pen.lineTo(x + r + 4, y);
    pen.moveTo(x, y - r - 4);
    pen.lineTo(x, y - 2);
    pen.moveTo(x, y + 2);
    pen.lineTo(x, y + r + 4);
    pen.stroke();
  }
}
