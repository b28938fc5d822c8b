/**
 * Names of quantities in a little of LaTeX, and formulas as a line of Unicode (explain/trace/notation.py).
 *
 *     \frac{1}{1 + e^{-1.124}}   ──► plain ──►   1 / (1 + e^(-1.124))
 */

import { outside } from "./numbers.ts";

const WORDS: { [word: string]: string } = {
  cdot: "·", odot: "⊙", partial: "∂", sum: "Σ", leftarrow: "←", ldots: "…", max: "max", min: "min", tanh: "tanh",
  ln: "ln", alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ε", eta: "η", lambda: "λ", mu: "μ", pi: "π",
  rho: "ρ", sigma: "σ", theta: "θ", Delta: "Δ", ell: "ℓ", quad: "  ", left: "", right: "", ",": "", " ": " ",
  times: "×", sin: "sin", cos: "cos", arctan: "arctan", ge: "≥", ne: "≠", lfloor: "⌊", rfloor: "⌋",
}; // prettier-ignore
const ACCENTS: { [word: string]: string } = { hat: "\u0302", tilde: "\u0303" };
const GREEK: { [name: string]: string } = {
  gamma: "\\gamma",
  beta: "\\beta",
  mean: "\\mu",
  var: "{\\sigma^{2}}",
};

type Letters = { [letter: string]: string };
const letters = (from: string, to: string): Letters => {
  const small = [...to];
  return Object.fromEntries([...from].map((letter, i) => [letter, small[i]]));
};
const SUBSCRIPTS = letters("0123456789+-ijkn", "₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙ");
const SUPERSCRIPTS = letters("0123456789+-T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀ");

/** A quantity's name in LaTeX: "z1" is z_{1}, "gamma2" \gamma_{2}, "h1~" \tilde{h}_{1}. */
export function symbol(name: string): string {
  const found = /^([A-Za-z_]+)(\d*)(~*)$/.exec(name);
  if (!found) return words(name);
  const [, letter, number, tildes] = found;
  const base = GREEK[letter] ?? (letter.length === 1 ? letter : words(letter.replaceAll("_", " ")));
  const marked = "\\tilde{".repeat(tildes.length) + base + "}".repeat(tildes.length);
  return marked + (number ? `_{${number}}` : "");
}

/** Text in a formula; what is no letter is kept as <code>, so that no part of it is read as a formula. */
export function words(text: string): string {
  return `\\text{${text.replace(/[^A-Za-z ]/gu, (letter) => `<${letter.codePointAt(0)!.toString(16)}>`)}}`;
}

function unmarked(text: string): string {
  return text.replace(/<([0-9a-f]+)>/g, (_, code: string) => String.fromCodePoint(parseInt(code, 16)));
}

/** The gradient by what a dense layer gives: δ₁ for "z1", and ∂C/∂h₁ for other names. */
export function delta(name: string): string {
  return name.startsWith("z") ? symbol(name).replace("z", "\\delta") : gradient(symbol(name));
}

/** ∂C/∂z₁ for z_{1}. */
export const gradient = (name: string): string => `\\dd{${name}}`;

/** A formula as a line of Unicode. */
export function plain(formula: string): string {
  return new Reader(formula).read().replace(/ *· */g, "·");
}

/** Reads a formula from left to right. */
class Reader {
  private place = 0;

  constructor(private readonly formula: string) {}

  read(): string {
    let found = "";
    while (this.place < this.formula.length) found += this.next();
    return found;
  }

  private next(): string {
    const usual = /^[^\\_^{]+/.exec(this.formula.slice(this.place));
    if (usual) {
      this.place += usual[0].length;
      return usual[0];
    }
    const letter = this.formula[this.place++];
    if (letter === "\\") return this.word();
    if (letter === "_") return this.small(SUBSCRIPTS, "_");
    if (letter === "^") return this.small(SUPERSCRIPTS, "^");
    this.place--;
    return plain(this.group());
  }

  private word(): string {
    const before = this.formula.slice(0, this.place - 1).trimEnd();
    const word = /^([A-Za-z]+|.)/.exec(this.formula.slice(this.place))![0];
    this.place += word.length;
    if (word === "frac") {
      const text = `${whole(plain(this.group()))} / ${whole(plain(this.group()))}`;
      const isFactor =
        before.endsWith("cdot") || this.formula.slice(this.place).trimStart().startsWith("\\cdot");
      return isFactor ? `(${text})` : text;
    }
    if (word === "sqrt") return `√${whole(plain(this.group()))}`;
    if (word === "dd") {
      const text = `∂C/∂${plain(this.group())}`;
      return this.formula[this.place] === "^" ? `(${text})` : text;
    }
    if (word in ACCENTS) return plain(this.group()) + ACCENTS[word];
    if (word === "text") return unmarked(this.group());
    return WORDS[word];
  }

  /** What is in braces here, or the one letter. */
  private group(): string {
    let depth = 0;
    const start = this.place;
    for (let end = start; end < this.formula.length; end++) {
      depth += { "{": 1, "}": -1 }[this.formula[end]] ?? 0;
      if (depth === 0) {
        this.place = end + 1;
        const inner = this.formula.slice(start, end + 1);
        return inner.startsWith("{") ? inner.slice(1, -1) : inner;
      }
    }
    throw new SyntaxError(`a brace is not closed: ${this.formula}`);
  }

  private small(to: Letters, mark: string): string {
    const group = this.group();
    if ([...group].every((letter) => letter in to)) return [...group].map((letter) => to[letter]).join("");
    return mark + whole(plain(group), true);
  }
}

/** In parentheses, unless it is one number, symbol, call or power. */
function whole(text: string, signed = false): string {
  const isOne = !/[\s·/]/.test(outside(text)) && !(signed && text.startsWith("-"));
  return isOne ? text : `(${text})`;
}
