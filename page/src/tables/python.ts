/** Text and numbers as Python has them, so that names, notes and orders are the same on the page. */

const SPACE = "[\\u0009-\\u000d\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const BEFORE = new RegExp(`^${SPACE}+`);
const BEHIND = new RegExp(`${SPACE}+$`);
const SPACES = new RegExp(`${SPACE}+`);
const IS_PLAIN = /^[!-~](?:[ -~]*[!-~])?$/; // nothing to strip, as with almost all cells

/** str.strip() */
export function strip(text: string): string {
  return text === "" || IS_PLAIN.test(text) ? text : text.replace(BEFORE, "").replace(BEHIND, "");
}

/** Takes characters away from both ends: str.strip(characters). */
export function stripOf(text: string, characters: string, ends: "both" | "left" | "right" = "both"): string {
  let start = 0;
  let end = text.length;
  while (ends !== "right" && start < end && characters.includes(text[start])) start++;
  while (ends !== "left" && end > start && characters.includes(text[end - 1])) end--;
  return text.slice(start, end);
}

/** str.split() */
export function words(text: string): string[] {
  const bare = strip(text);
  return bare === "" ? [] : bare.split(SPACES);
}

/** str.isdecimal() */
export function isDecimal(text: string): boolean {
  return /^\p{Nd}+$/u.test(text);
}

/** str.isalpha() */
export function isAlpha(text: string): boolean {
  return /^\p{L}+$/u.test(text);
}

/** any(map(str.isalpha, text)) */
export function hasLetter(text: string): boolean {
  return /\p{L}/u.test(text);
}

/** How many characters, as Python counts them. */
export function length(text: string): number {
  let n = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) n--;
  return n;
}

/** The order of text by its characters. */
export function compareText(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) {
      const at = (a.charCodeAt(i) & 0xfc00) === 0xdc00 && i > 0 ? i - 1 : i;
      return (a.codePointAt(at) as number) - (b.codePointAt(at) as number);
    }
  }
  return a.length - b.length;
}

/** repr(text) */
export function repr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const character of text) {
    if (character === quote || character === "\\") out += `\\${character}`;
    else if (character >= " " && character <= "~") out += character;
    else out += shown(character);
  }
  return out + quote;
}

const NAMED: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function shown(character: string): string {
  if (character in NAMED) return NAMED[character];
  if (!/[\p{C}\p{Z}]/u.test(character)) return character;
  const code = (character.codePointAt(0) as number).toString(16);
  if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
  return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
}

/** f"{n:,}" */
export function thousands(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** repr(number) of a float */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    const [digits, exponent] = value.toExponential().split("e");
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  }
  const plain = Object.is(value, -0) ? "-0" : String(value);
  return plain.includes(".") ? plain : `${plain}.0`;
}

/** f"{value:g}" */
export function general(value: number): string {
  if (!Number.isFinite(value) || value === 0) return floatText(value).replace(/\.0$/, "");
  const [digits, exponent] = value.toExponential(5).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return trimmed(value.toFixed(5 - power));
  return `${trimmed(digits)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

function trimmed(digits: string): string {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}

/** round(n, digits) of a whole number, to the even one where it is halfway. */
export function roundedTo(n: number, digits: number): number {
  if (digits >= 0) return n;
  const unit = 10 ** -digits;
  const below = Math.floor(n / unit);
  const rest = n - below * unit;
  const up = rest * 2 > unit || (rest * 2 === unit && below % 2 === 1);
  return (below + (up ? 1 : 0)) * unit;
}

/** Each value with how often it is there, in order of first occurrence. */
export function counted<T>(values: Iterable<T>): Map<T, number> {
  const found = new Map<T, number>();
  for (const value of values) found.set(value, (found.get(value) ?? 0) + 1);
  return found;
}

/** "1 row", "2 rows" */
export function counting(n: number, thing: string): string {
  return `${thousands(n)} ${thing}${n === 1 ? "" : "s"}`;
}

const ZEROS = [0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20];

/** Digits of other scripts as those of ASCII. */
export function asciiDigits(text: string): string {
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) as number;
    const zero = [...ZEROS, 0xff10].find((first) => code >= first && code < first + 10);
    return zero === undefined ? digit : String(code - zero);
  });
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NO_NUMBER = /^[+-]?(?:inf|infinity|nan)$/i;

/** float(text), without Python's own 1_000; undefined where it is none. */
export function float(text: string): number | undefined {
  const bare = strip(text);
  if (NUMBER.test(bare)) return Number(bare);
  if (NO_NUMBER.test(bare)) return /nan/i.test(bare) ? NaN : bare[0] === "-" ? -Infinity : Infinity;
  const ascii = asciiDigits(bare);
  return ascii !== bare && NUMBER.test(ascii) ? Number(ascii) : undefined;
}
