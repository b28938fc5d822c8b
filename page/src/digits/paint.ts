/** Small pictures of numbers on a canvas: shades of grey, or two colours for the two signs. */
import { cssColour } from "../ui/colour";

/** Light ink on black, as a network sees it. */
export function paintGrey(canvas: HTMLCanvasElement, values: ArrayLike<number>, width: number, height: number): void {
  const image = new ImageData(width, height);
  for (let at = 0; at < width * height; at++) image.data.set([values[at], values[at], values[at], 255], 4 * at);
  put(canvas, image);
}

/** From the paper at 0 to one colour at the greatest size; what is below 0 has a bar in it as well. */
export function paintSigned(canvas: HTMLCanvasElement, values: ArrayLike<number>, width: number, height: number): void {
  const [paper, positive, negative, ink] = ["--paper", "--positive", "--negative", "--ink"].map(cssColour);
  const most = greatest(values) || 1;
  const cell = Math.max(1, Math.min(8, Math.floor(640 / Math.max(width, height))));
  const image = new ImageData(width * cell, height * cell);
  for (let at = 0; at < width * height; at++) {
    const share = (values[at] ?? 0) / most;
    const full = share < 0 ? negative : positive;
    const shade = paper.map((zero, band) => Math.round(zero + (full[band] - zero) * Math.sqrt(Math.abs(share))));
    const [x, y] = [(at % width) * cell, Math.floor(at / width) * cell];
    for (let i = 0; i < cell; i++) {
      const isBar = share < -0.1 && cell >= 5 && i === cell >> 1;
      for (let j = 0; j < cell; j++) {
        const drawn = isBar && j >= 2 && j < cell - 2 ? ink : shade;
        image.data.set([...drawn, 255], 4 * ((y + i) * width * cell + x + j));
      }
    }
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
