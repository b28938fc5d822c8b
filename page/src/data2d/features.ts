/** Inputs made of x and y, computed once as columns, as TensorFlow Playground offers them. */
export const FEATURES = {
  x: (x: number, _y: number) => x,
  y: (_x: number, y: number) => y,
  "x²": (x: number, _y: number) => x * x,
  "y²": (_x: number, y: number) => y * y,
  "x·y": (x: number, y: number) => x * y,
  "sin x": (x: number, _y: number) => Math.sin(x),
  "sin y": (_x: number, y: number) => Math.sin(y),
  "cos x": (x: number, _y: number) => Math.cos(x),
  "cos y": (_x: number, y: number) => Math.cos(y),
  r: (x: number, y: number) => Math.hypot(x, y),
};

export type Feature = keyof typeof FEATURES;
export const ALL = Object.keys(FEATURES) as Feature[];

/** Those that a line has: of x alone. */
export function possible(inputs: 1 | 2): Feature[] {
  return inputs === 2 ? ALL : ALL.filter((name) => name.includes("x") && !name.includes("y"));
}

/** Rows of the chosen inputs, for the n places of two lists. The same double precision everywhere. */
export function columns(features: Feature[], x: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  const rows = new Float64Array(x.length * features.length);
  for (let j = 0; j < features.length; j++) {
    const feature = FEATURES[features[j]];
    for (let i = 0; i < x.length; i++) rows[i * features.length + j] = feature(x[i], y[i]);
  }
  return rows;
}
