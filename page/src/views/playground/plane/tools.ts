/** What a stroke on the plane does to the points. */
import { Draw } from "../../../data2d/philox";
import { type Points, added, brushed, moved, near, removed, retargeted } from "../../../data2d/points";

export type Tool = "look" | "add" | "brush" | "move" | "remove";
export const TOOLS: Tool[] = ["look", "add", "brush", "move", "remove"];

export interface Stroke {
  tool: Tool;
  /** The class or the value that new points get. */
  target: number;
  /** Of the brush and of removing, in units of the plane. */
  radius: number;
  /** Which point is being moved. */
  held: number | null;
  /** It has changed something already: what follows is the same change. */
  changed: boolean;
  /** The seed of the brush; each stroke has another. */
  draw: Draw;
}

export function begun(tool: Tool, target: number, radius: number, points: Points, x: number, y: number): Stroke {
  const held = tool === "move" ? (near(points, x, y, 0.5)[0] ?? null) : null;
  return { tool, target, radius, held, changed: false, draw: new Draw(points.x.length + 1, 3) };
}

/** The points after a stroke has come to a place; the same object if nothing has changed. */
export function strokeAt(points: Points, stroke: Stroke, x: number, y: number): Points {
  const line = points.inputs === 1;
  if (stroke.tool === "add") return line ? added(points, x, 0, y) : added(points, x, y, stroke.target);
  if (stroke.tool === "brush") {
    if (!line) return brushed(points, x, y, stroke.radius, stroke.target, 3, () => stroke.draw.uniform());
    return added(points, x + stroke.radius * stroke.draw.uniform(-1, 1), 0, y + 0.3 * stroke.radius * stroke.draw.normal());
  }
  if (stroke.tool === "remove") return removed(points, near(points, x, y, stroke.radius));
  if (stroke.tool === "move" && stroke.held !== null) return line ? retargeted(moved(points, stroke.held, x, 0), stroke.held, y) : moved(points, stroke.held, x, y);
  return points;
}
