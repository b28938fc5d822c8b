/** What is drawn on the pad: lines of a round pen or an eraser, each of which can be undone. */

import { type Pixels } from "./prepare";

/** The size of the pad for a few digits. */
export const WIDTH = 480;
export const HEIGHT = 280;

export interface Stroke {
  pen: number;
  erases: boolean;
  /** x and y of each point, in pixels of the pad. */
  points: [number, number][];
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

export function clear(context: Context): void {
  context.fillStyle = "#fff";
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
}

/** Draw a stroke, or what came to it from a point on. */
export function draw(context: Context, { pen, erases, points }: Stroke, from = 0): void {
  context.strokeStyle = context.fillStyle = erases ? "#fff" : "#000";
  context.lineWidth = pen;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  const [first, ...rest] = points.slice(Math.max(0, from - 1));
  context.moveTo(...first);
  if (!rest.length) context.lineTo(first[0] + 0.01, first[1]);
  for (const point of rest) context.lineTo(...point);
  context.stroke();
}

export function drawAll(context: Context, strokes: Stroke[]): void {
  clear(context);
  for (const stroke of strokes) draw(context, stroke);
}

export function pixelsOf(context: Context): Pixels {
  return context.getImageData(0, 0, context.canvas.width, context.canvas.height);
}
