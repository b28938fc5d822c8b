/** A colour as its red, green and blue, 0 to 255. */
export type Colour = [number, number, number];

/** Read `#rgb` or `#rrggbb`, which a build may make of each other. */
export function parseColour(text: string): Colour {
  const hex = text.trim().replace("#", "");
  const whole = hex.length < 6 ? [...hex].map((digit) => digit + digit).join("") : hex;
  return [0, 2, 4].map((i) => parseInt(whole.slice(i, i + 2), 16)) as Colour;
}

/** The colour of a CSS variable of the page, such as "--blue". */
export function cssColour(name: string): Colour {
  return parseColour(getComputedStyle(document.documentElement).getPropertyValue(name));
}
