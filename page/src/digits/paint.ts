/** Small pictures of numbers on a canvas: shades of grey, or two colours for the two signs. */
import { cssColour } from "../ui/colour";

/** Light ink on black, as a network sees it. */
export function paintGrey(canvas: HTMLCanvasElement, values: ArrayLike<number>, width: number, height: number): void {
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0; at < pixels.length; at++) pixels[at] = packed(values[at], values[at], values[at]);
  put(canvas, image);
}

/** A pixel of red, green and blue as its four bytes lie in memory. */
function packed(red: number, green: number, blue: number): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** From the paper at 0 to one colour at the greatest size; what is below 0 has a bar in it as well. */
export function paintSigned(canvas: HTMLCanvasElement, values: ArrayLike<number>, width: number, height: number): void {
  const [paper, positive, negative, ink] = ["--paper", "--positive", "--negative", "--ink"].map(cssColour);
  const most = greatest(values) || 1;
  const cell = Math.max(1, Math.min(8, Math.floor(640 / Math.max(width, height))));
  const image = new ImageData(width * cell, height * cell);
  const pixels = new Uint32Array(image.data.buffer);
  const bar = packed(ink[0], ink[1], ink[2]);
  for (let at = 0; at < width * height; at++) {
    const share = (values[at] ?? 0) / most;
    const [full, size] = [share < 0 ? negative : positive, Math.sqrt(Math.abs(share))];
    const band = (i: number) => Math.round(paper[i] + (full[i] - paper[i]) * size);
    const shade = packed(band(0), band(1), band(2));
    const first = Math.floor(at / width) * cell * width * cell + (at % width) * cell;
    for (let i = 0; i < cell; i++) pixels.fill(shade, first + i * width * cell, first + i * width * cell + cell);
    if (share >= -0.1 || cell < 5) continue;
    const middle = first + (cell >> 1) * width * cell;
    pixels.fill(bar, middle + 2, middle + cell - 2);
  }
  put(canvas, image);
}

export function greatest(values: ArrayLike<number>): number {
  let most = 0;
  for (let at = 0; at < values.length; at++) most = Math.max(most, Math.abs(values[at]));
  return most;
}

/** Width and height of a picture of so many numbers: an image's own, else nearly a square. */
export function shapeOf(count: number): [number, number] {
  if (count === 784) return [28, 28];
  const width = Math.ceil(Math.sqrt(count));
  return [width, Math.ceil(count / width)];
}

function put(canvas: HTMLCanvasElement, image: ImageData): void {
  if (canvas.width !== image.width) canvas.width = image.width;
  if (canvas.height !== image.height) canvas.height = image.height;
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}
