/** What the diagram is drawn on: a canvas, or the text of an SVG file. */
export interface Stroke {
  colour: string;
  width: number;
  dash?: number[];
  opacity?: number;
}

export interface Surface {
  curve(x0: number, y0: number, x1: number, y1: number, stroke: Stroke): void;
  path(points: [number, number][], stroke: Stroke): void;
  box(x: number, y: number, width: number, height: number, radius: number, stroke: Stroke | null, fill: string | null): void;
  image(from: HTMLCanvasElement, sx: number, sy: number, side: number, x: number, y: number, size: number): void;
  text(x: number, y: number, words: string, size: number, colour: string, anchor: "start" | "middle" | "end", bold?: boolean): void;
}

export class CanvasSurface implements Surface {
  constructor(private readonly pen: CanvasRenderingContext2D) {}

  private stroke({ colour, width, dash, opacity }: Stroke): void {
    this.pen.strokeStyle = colour;
    this.pen.lineWidth = width;
    this.pen.globalAlpha = opacity ?? 1;
    this.pen.setLineDash(dash ?? []);
    this.pen.stroke();
    this.pen.globalAlpha = 1;
  }

  curve(x0: number, y0: number, x1: number, y1: number, stroke: Stroke): void {
    const middle = (x0 + x1) / 2;
    this.pen.beginPath();
    this.pen.moveTo(x0, y0);
    this.pen.bezierCurveTo(middle, y0, middle, y1, x1, y1);
    this.stroke(stroke);
  }

  path(points: [number, number][], stroke: Stroke): void {
    this.pen.beginPath();
    points.forEach(([x, y], i) => (i ? this.pen.lineTo(x, y) : this.pen.moveTo(x, y)));
    this.stroke(stroke);
  }

  box(x: number, y: number, width: number, height: number, radius: number, stroke: Stroke | null, fill: string | null): void {
    this.pen.beginPath();
    this.pen.roundRect(x, y, width, height, radius);
    if (fill) {
      this.pen.fillStyle = fill;
      this.pen.fill();
    }
    if (stroke) this.stroke(stroke);
  }

  image(from: HTMLCanvasElement, sx: number, sy: number, side: number, x: number, y: number, size: number): void {
    this.pen.drawImage(from, sx, sy, side, side, x, y, size, size);
  }

  text(x: number, y: number, words: string, size: number, colour: string, anchor: "start" | "middle" | "end", bold = false): void {
    this.pen.fillStyle = colour;
    this.pen.font = `${bold ? "bold " : ""}${size}px sans-serif`;
    this.pen.textAlign = anchor === "middle" ? "center" : anchor === "end" ? "right" : "left";
    this.pen.fillText(words, x, y);
  }
}

/** Text in markup: the three characters that mean something there, and quotes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export class SvgSurface implements Surface {
  private readonly parts: string[] = [];

  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly paper: string,
  ) {}

  private line({ colour, width, dash, opacity }: Stroke): string {
    return `stroke="${escaped(colour)}" stroke-width="${short(width)}"${dash?.length ? ` stroke-dasharray="${dash.map(short).join(" ")}"` : ""}${opacity !== undefined ? ` stroke-opacity="${short(opacity)}"` : ""}`;
  }

  curve(x0: number, y0: number, x1: number, y1: number, stroke: Stroke): void {
    const middle = short((x0 + x1) / 2);
    this.parts.push(`<path d="M${short(x0)} ${short(y0)}C${middle} ${short(y0)} ${middle} ${short(y1)} ${short(x1)} ${short(y1)}" fill="none" ${this.line(stroke)}/>`);
  }

  path(points: [number, number][], stroke: Stroke): void {
    this.parts.push(`<polyline points="${points.map(([x, y]) => `${short(x)},${short(y)}`).join(" ")}" fill="none" ${this.line(stroke)}/>`);
  }

  box(x: number, y: number, width: number, height: number, radius: number, stroke: Stroke | null, fill: string | null): void {
    this.parts.push(`<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" rx="${short(radius)}" fill="${fill ? escaped(fill) : "none"}" ${stroke ? this.line(stroke) : ""}/>`);
  }

  image(from: HTMLCanvasElement, sx: number, sy: number, side: number, x: number, y: number, size: number): void {
    const cut = Object.assign(document.createElement("canvas"), { width: side, height: side });
    cut.getContext("2d")!.drawImage(from, sx, sy, side, side, 0, 0, side, side);
    this.parts.push(`<image x="${short(x)}" y="${short(y)}" width="${short(size)}" height="${short(size)}" href="${cut.toDataURL("image/png")}"/>`);
  }

  text(x: number, y: number, words: string, size: number, colour: string, anchor: "start" | "middle" | "end", bold = false): void {
    this.parts.push(`<text x="${short(x)}" y="${short(y)}" font-family="sans-serif" font-size="${size}"${bold ? ' font-weight="bold"' : ""} text-anchor="${anchor}" fill="${escaped(colour)}">${escaped(words)}</text>`);
  }

  toString(): string {
    const [w, h] = [short(this.width), short(this.height)];
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}"><rect width="${w}" height="${h}" fill="${escaped(this.paper)}"/>${this.parts.join("")}</svg>\n`;
  }
}
