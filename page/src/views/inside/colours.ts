/** A diverging scale: blue above 0, white or black at 0, vermilion below; the colours of Okabe and Ito. */

const BLUE = [0, 114, 178];
const VERMILION = [213, 94, 0];

/** From -1 to 1, as red, green and blue; `paper` is what 0 has. */
export function diverging(share: number, paper: number[]): number[] {
  const size = Math.min(1, Math.abs(share));
  const end = share < 0 ? VERMILION : BLUE;
  return paper.map((zero, i) => Math.round(zero + (end[i] - zero) * size));
}

/** A picture of rows × columns numbers, a pixel each; the largest by size has the full colour. */
export function picture(values: ArrayLike<number>, columns: number, rows: number, most: number, paper: number[]): ImageData {
  const image = new ImageData(columns, rows);
  for (let i = 0; i < columns * rows; i++) {
    const value = values[i];
    image.data.set([...diverging(most > 0 && Number.isFinite(value) ? value / most : 0, paper), 255], 4 * i);
  }
  return image;
}

export function largestSize(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]) > most) most = Math.abs(values[i]);
  return most;
}

/** The colour of the page behind an element. */
export function paperOf(element: HTMLElement): number[] {
  const text = getComputedStyle(element).getPropertyValue("--paper").trim();
  const hex = /^#([0-9a-f]{6})$/i.exec(text)?.[1] ?? "ffffff";
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
}
