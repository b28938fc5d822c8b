/** Numbers as Python writes them: `repr`, and formats such as ".6g". */

/** The digits of a finite number other than 0, and its power of ten: 0.0125 is "125" and -2. */
function parts(text: string): [string, number] {
  const [mantissa, power] = text.split("e");
  return [mantissa.replace(/[-.]/g, ""), Number(power)];
}

/** Digits with the point at its place, or with a power of ten where that is below -4 or at least `from`. */
function placed(digits: string, power: number, from: number): string {
  if (power < -4 || power >= from) {
    const exponent = `${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
    return `${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ""}e${exponent}`;
  }
  if (power < 0) return `0.${"0".repeat(-power - 1)}${digits}`;
  const whole = digits.slice(0, power + 1).padEnd(power + 1, "0");
  return digits.length > power + 1 ? `${whole}.${digits.slice(power + 1)}` : whole;
}

function unusual(x: number): string | null {
  if (Number.isNaN(x)) return "nan";
  return Number.isFinite(x) ? null : x < 0 ? "-inf" : "inf";
}

const sign = (x: number) => (x < 0 || Object.is(x, -0) ? "-" : "");

/** The fewest digits that tell a number from its neighbours, in double or in single precision. */
function shortest(x: number, single: boolean): [string, number] {
  const size = Math.abs(x);
  for (let count = 0; single && count < 9; count++) {
    const text = size.toExponential(count);
    if (Math.fround(Number(text)) === size) return parts(text);
  }
  return parts(size.toExponential());
}

/** `repr(x)` of a Python float; with `single`, `str` of a NumPy float32. */
export function float(x: number, single = false): string {
  const special = unusual(x);
  if (special) return special;
  if (x === 0) return `${sign(x)}0.0`;
  const [digits, power] = shortest(x, single);
  const text = placed(digits, power, 16);
  return sign(x) + (/[.e]/.test(text) ? text : `${text}.0`);
}

/** Rounds to so many digits after the first; what lies half-way goes to the even digit, as in Python. */
function rounded(size: number, after: number): [string, number] {
  const text = size.toExponential(after);
  const [exact, power] = parts(size.toExponential(Math.min(100, after + 60)));
  if (!/^50*$/.test(exact.slice(after + 1))) return parts(text);
  const cut = exact.slice(0, after + 1);
  return Number(cut[after]) % 2 ? parts(text) : [cut, power];
}

/** `format(x, ".{digits}g")`. */
export function general(x: number, digits: number): string {
  const special = unusual(x);
  if (special) return special;
  const places = Math.max(digits, 1);
  if (x === 0) return `${sign(x)}0`;
  const [found, power] = rounded(Math.abs(x), places - 1);
  return sign(x) + placed(found.replace(/0+$/, "") || "0", power, places);
}

/** `format(x, ".{digits}f")`. */
export function fixed(x: number, digits: number): string {
  const special = unusual(x);
  if (special) return special;
  const size = Math.abs(x);
  if (size >= 1e21) return sign(x) + BigInt(size) + (digits ? `.${"0".repeat(digits)}` : "");
  const exact = size.toFixed(Math.min(100, digits + 60));
  const point = exact.indexOf(".");
  const end = digits ? point + 1 + digits : point;
  const isHalf = /^\.?50*$/.test(exact.slice(end));
  const cut = exact.slice(0, end);
  const text = isHalf && Number(cut.replace(/\.$/, "").slice(-1)) % 2 === 0 ? cut : size.toFixed(digits);
  return sign(x) + text;
}

/** Significant digits, a format such as ".8f", or null for every digit that tells a number from its neighbours. */
export type Digits = number | string | null;

/** How the numbers of a trace are written. */
export class Numbers {
  private readonly format: (x: number, single: boolean) => string;

  constructor(
    readonly digits: Digits,
    /** The network is in float32. */
    readonly single = false,
  ) {
    this.format = formatOf(digits);
  }

  /** A number of the network; `double` for one that is in double precision whatever the network is in. */
  of = (value: number, double = false): string => {
    const text = this.format(value, this.single && !double);
    return this.digits !== null && Number(text) === 0 ? text.replace(/^-/, "") : text;
  };

  /** The number where something multiplies it: in parentheses if it is negative. */
  factor = (value: number, double = false): string => enclosed(this.of(value, double));

  /** The number where it is added: " + 0.5" or " - 0.5". */
  added = (value: number, double = false): string => plus(this.of(value, double));
}

function formatOf(digits: Digits): (x: number, single: boolean) => string {
  if (digits === null) return (x, single) => float(x, single).replace(/\.0$/, "");
  if (typeof digits === "number") return (x) => general(x, digits);
  const found = /^\.(\d+)([fg])$/.exec(digits);
  if (!found) throw new RangeError(`digits must be a number, null or a format such as ".8f"; got ${digits}`);
  const count = Number(found[1]);
  if (found[2] === "g") return (x) => general(x, count);
  return (x) => {
    const text = fixed(x, count);
    return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
  };
}

/** A number that is given, such as a learning rate, in full. */
export const inFull = (x: number): string => float(x).replace(/\.0$/, "");

/** A term as a factor: in parentheses if it has a sign or is a sum. */
export function enclosed(term: string): string {
  return term.startsWith("-") || / [+-] /.test(outside(term)) ? `(${term})` : term;
}

/** What stands outside all brackets: of "1 + f(x - 1)" it is "1 + f". */
export function outside(term: string, withBrackets = false): string {
  let depth = 0;
  let found = "";
  for (const letter of term) {
    const isBracket = "(){}".includes(letter);
    if (")}".includes(letter)) depth--;
    if (depth === 0 && (withBrackets || !isBracket)) found += letter;
    if ("({".includes(letter)) depth++;
  }
  return found;
}

export function plus(term: string): string {
  return term.startsWith("-") ? ` - ${term.slice(1)}` : ` + ${term}`;
}
