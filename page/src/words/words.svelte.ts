/**
 * The words of the page and how numbers are written, in the reader's language. A new language is a file beside en.json
 * and a line in LANGUAGES.
 */
import german from "./de.json";
import english from "./en.json";

export const LANGUAGES = { en: { name: "English", words: english }, de: { name: "Deutsch", words: german } };
export type Language = keyof typeof LANGUAGES;
export type Key = keyof typeof english;

function preferred(): Language {
  const kept = globalThis.localStorage?.getItem("layerwise.language");
  for (const wanted of [kept, ...(globalThis.navigator?.languages ?? [])]) {
    const short = wanted?.slice(0, 2) as Language;
    if (short in LANGUAGES) return short;
  }
  return "en";
}

const state = $state<{ language: Language }>({ language: preferred() });

export function language(): Language {
  return state.language;
}

export function setLanguage(chosen: Language): void {
  state.language = chosen;
  globalThis.localStorage?.setItem("layerwise.language", chosen);
}

/** The words under a key, with {names} replaced. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const words: Partial<Record<Key, string>> = LANGUAGES[state.language].words;
  return (words[key] ?? english[key]).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

/** Whether there are words under a key that is put together. */
export function known(key: string): key is Key {
  return key in english;
}

/** A number with so many significant digits. */
export function number(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const far = size !== 0 && (size < 1e-4 || size >= 1e7);
  const options: Intl.NumberFormatOptions = far
    ? { notation: "scientific", maximumFractionDigits: Math.max(0, digits - 1) }
    : Number.isInteger(value)
      ? { maximumFractionDigits: 0 }
      : { maximumSignificantDigits: digits };
  return new Intl.NumberFormat(state.language, options).format(value).replace("-", "−");
}

/** A share as percent. */
export function percent(share: number, digits = 1): string {
  return new Intl.NumberFormat(state.language, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(share);
}

/** What somebody typed, as a number; with a point or a comma. NaN if it is none. */
export function parse(text: string): number {
  const plain = text.trim().replace("−", "-").replace(/^([-+]?\d*),(\d+(?:e[-+]?\d+)?)$/i, "$1.$2");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}
