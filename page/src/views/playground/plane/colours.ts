/** Colours of classes and values: Okabe and Ito's, from the page's CSS variables where it has them. */
import { cssColour, type Colour } from "../../../ui/colour";

export interface Palette {
  paper: Colour;
  ink: Colour;
  classes: Colour[];
  positive: Colour;
  negative: Colour;
  /** Of lines and rings, which must be seen on paper. */
  plus: Colour;
  minus: Colour;
}

const NAMES = ["--blue", "--orange", "--green", "--vermilion", "--purple", "--sky", "--yellow"];
/** Three more that differ from those. */
const MORE: Colour[] = [
  [130, 130, 130],
  [120, 80, 40],
  [90, 60, 160],
];

export function palette(): Palette {
  const [paper, ink, positive, negative, plus, minus] = ["--paper", "--ink", "--blue", "--orange", "--positive", "--negative"].map(cssColour);
  return { paper, ink, classes: [...NAMES.map(cssColour), ...MORE], positive, negative, plus, minus };
}

export function css([r, g, b]: Colour, alpha = 1): string {
  return `rgb(${r} ${g} ${b} / ${alpha})`;
}

/** Of a classification: the likeliest class of a row of probabilities, and how likely it is; one output is the second class's. */
export function likeliest(outputs: Float32Array, row: number, n_out: number): [number, number] {
  if (n_out === 1) return outputs[row] >= 0.5 ? [1, outputs[row]] : [0, 1 - outputs[row]];
  let best = 0;
  for (let j = 1; j < n_out; j++) if (outputs[row * n_out + j] > outputs[row * n_out + best]) best = j;
  return [best, outputs[row * n_out + best]];
}

function mix(into: Uint8ClampedArray, at: number, from: Colour, to: Colour, share: number): void {
  for (let k = 0; k < 3; k++) into[at + k] = from[k] + (to[k] - from[k]) * share;
  into[at + 3] = 255;
}

/** Each cell in its class's colour, the stronger the surer. */
export function paintClasses(pixels: Uint8ClampedArray, outputs: Float32Array, n_out: number, colours: Palette): void {
  const chance = 1 / Math.max(2, n_out);
  for (let i = 0; i < pixels.length / 4; i++) {
    const [c, p] = likeliest(outputs, i, n_out);
    const sure = Math.min(1, Math.max(0, (p - chance) / (1 - chance)));
    mix(pixels, 4 * i, colours.paper, colours.classes[c % colours.classes.length], 0.12 + 0.53 * sure);
  }
}

/** Each cell by the size and sign of one output, paper at 0. */
export function paintValues(pixels: Uint8ClampedArray, outputs: Float32Array, n_out: number, which: number, far: number, colours: Palette): void {
  for (let i = 0; i < pixels.length / 4; i++) {
    const v = outputs[i * n_out + which] / (far || 1);
    mix(pixels, 4 * i, colours.paper, v < 0 ? colours.negative : colours.positive, Math.min(1, Math.abs(v)) * 0.85);
  }
}
