/** A trace's formulas as a line of text, with the decimal comma where the language has it. */

import { plain } from "../../trace/notation";
import { type Key, t } from "../../words/words.svelte";

/** The words of a trace, whose numbers are written as they are. */
export function say(key: string, values: { [name: string]: string | number } = {}): string {
  return t(key as Key, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)])));
}

export const spelled = (formula: string): string => localized(plain(formula));

/** Numbers with a comma, and then what is listed with a semicolon. */
export function localized(text: string): string {
  if (t("number.point") !== ",") return text;
  return text.replace(/([\d)]), (?=[-\d(])/g, "$1; ").replace(/(\d)\.(?=\d)/g, "$1,");
}
