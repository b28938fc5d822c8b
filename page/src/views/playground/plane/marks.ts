/** A shape for each class, so that classes differ by more than their colours. */
type Pen = Pick<CanvasRenderingContext2D, "beginPath" | "moveTo" | "lineTo" | "arc" | "closePath">;

function polygon(pen: Pen, x: number, y: number, radii: number[], turn = -Math.PI / 2): void {
  radii.forEach((r, i) => {
    const angle = turn + (2 * Math.PI * i) / radii.length;
    const [px, py] = [x + r * Math.cos(angle), y + r * Math.sin(angle)];
    if (i) pen.lineTo(px, py);
    else pen.moveTo(px, py);
  });
  pen.closePath();
}

function cross(pen: Pen, x: number, y: number, r: number, turn: number): void {
  const [far, near] = [Math.hypot(r, r / 3), (r / 3) * Math.SQRT2];
  const half = Math.atan2(1, 3);
  for (let arm = 0; arm < 4; arm++) {
    const angle = turn + (arm * Math.PI) / 2;
    const corners: [number, number][] = [[far, angle - half], [far, angle + half], [near, angle + Math.PI / 4]];
    for (const [i, [length, at]] of corners.entries()) {
      const [px, py] = [x + length * Math.cos(at), y + length * Math.sin(at)];
      if (arm || i) pen.lineTo(px, py);
      else pen.moveTo(px, py);
    }
  }
  pen.closePath();
}

const alternate = (n: number, r: number, inner: number) => Array.from({ length: 2 * n }, (_, i) => (i % 2 ? inner * r : r));

const SHAPES: ((pen: Pen, x: number, y: number, r: number) => void)[] = [
  (pen, x, y, r) => pen.arc(x, y, r, 0, 2 * Math.PI),
  (pen, x, y, r) => polygon(pen, x, y, [1, 1, 1, 1].map((k) => k * 1.25 * r), Math.PI / 4),
  (pen, x, y, r) => polygon(pen, x, y + r / 5, [1.35 * r, 1.35 * r, 1.35 * r]),
  (pen, x, y, r) => polygon(pen, x, y, [1.35 * r, 1.1 * r, 1.35 * r, 1.1 * r]),
  (pen, x, y, r) => polygon(pen, x, y - r / 5, [1.35 * r, 1.35 * r, 1.35 * r], Math.PI / 2),
  (pen, x, y, r) => cross(pen, x, y, 1.15 * r, 0),
  (pen, x, y, r) => cross(pen, x, y, 1.2 * r, Math.PI / 4),
  (pen, x, y, r) => polygon(pen, x, y, alternate(5, 1.45 * r, 0.45)),
  (pen, x, y, r) => polygon(pen, x, y, [1, 1, 1, 1, 1, 1].map((k) => k * 1.2 * r)),
  (pen, x, y, r) => polygon(pen, x, y, alternate(4, 1.45 * r, 0.4)),
];

/** Characters that look alike, for text. */
export const SIGNS = ["●", "■", "▲", "◆", "▼", "✚", "✖", "★", "⬢", "✦"];

export function mark(pen: Pen, shape: number, x: number, y: number, r: number): void {
  pen.beginPath();
  SHAPES[shape % SHAPES.length](pen, x, y, r);
}
