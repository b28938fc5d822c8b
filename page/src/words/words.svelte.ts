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

/** Take the language of the page around, such as the documentation's. The reader's choice is not changed. */
export function speak(given: string): void {
  const short = given.slice(0, 2) as Language;
  state.language = short in LANGUAGES ? short : "en";
}

/** The words under a key: {count} is replaced by a value, and {count|row|rows} by the form that goes with it. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const words: Partial<Record<Key, string>> = LANGUAGES[state.language].words;
  return (words[key] ?? english[key]).replace(/\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    if (one !== undefined) return value === 1 || value === "1" ? one : many!;
    return typeof value === "number" ? number(value) : value;
  });
}

/** Whether there are words under a key that is put together. */
export function known(key: string): key is Key {
  return key in english;
}

const formats = new Map<string, Intl.NumberFormat>();

/** Making a format takes a hundred times as long as using it. */
function format(value: number, options: Intl.NumberFormatOptions): string {
  const key = JSON.stringify([state.language, options]);
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.NumberFormat(state.language, options)));
  return found.format(value);
}

/** A number with so many significant digits; very large and small ones as 1.5·10⁻⁷. */
export function number(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) {
    const [mantissa, exponent] = value.toExponential(Math.max(0, digits - 1)).split("e");
    const raised = [...exponent.replace("+", "")].map((sign) => SUPERSCRIPT[sign]).join("");
    return `${plain(Number(mantissa), { maximumSignificantDigits: digits })}·10${raised}`;
  }
  return plain(value, Number.isInteger(value) ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: digits });
}

const SUPERSCRIPT: Record<string, string> = Object.fromEntries([..."-0123456789"].map((sign, i) => [sign, "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"[i]]));

function plain(value: number, options: Intl.NumberFormatOptions): string {
  return format(value, options).replace("-", "−");
}

/** A share as percent. */
export function percent(share: number, digits = 1): string {
  return format(share, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** What somebody typed, as a number: with a point or a comma, or as a fraction such as 1/3. NaN if it is none. */
export function parse(text: string): number {
  const parts = text.split("/");
  if (parts.length > 2) return NaN;
  const [above, below] = parts.map(parsePlain);
  return parts.length === 1 ? above : below === 0 ? NaN : above / below;
}

function parsePlain(text: string): number {
  const plain = ungrouped(text.trim().replace("−", "-")).replace(/^([-+]?\d*),(\d+(?:e[-+]?\d+)?)$/i, "$1.$2");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

/** Without the marks between thousands, which the language sets: 1,250 in English is 1250, as 1.250 in German. */
function ungrouped(text: string): string {
  const grouped = state.language === "de" ? /^[-+]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?$/ : /^[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/;
  return grouped.test(text) ? text.replaceAll(state.language === "de" ? "." : ",", "") : text;
}
