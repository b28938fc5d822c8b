/** Bytes to text, by what the bytes say of themselves; as Python's `layerwise.datasets.reading.encodings`. */

import { DataError } from "../errors.ts";
import { isAlpha, stripOf, thousands } from "../python.ts";

const LOOKED_AT = 1 << 16; // bytes
const SOME = 2000; // bytes beyond ASCII that tell the encoding
const TITLES: Record<string, string> = {
  cp949: "Korean (CP949)",
  cp932: "Japanese (Shift JIS)",
  gb18030: "Chinese (GB 18030)",
  cp1251: "Windows-1251 (Cyrillic)",
  cp1252: "Windows-1252 (Latin-1)",
  "mac-roman": "Mac Roman",
  "latin-1": "Latin-1",
};
/** The browser's names of Python's encodings. */
const LABELS: Record<string, string> = {
  cp949: "euc-kr", cp932: "shift_jis", gb18030: "gb18030", cp1251: "windows-1251",
  "mac-roman": "macintosh", "utf-8": "utf-8", "utf-8-sig": "utf-8", "utf-16-le": "utf-16le", "utf-16-be": "utf-16be",
}; // prettier-ignore
const USUAL = new Set("äöüßéèàçñåøæíóúáêîôûëïâìòùãõÄÖÜÉÅØÆ°²³µ£€’“”–—…«»§½");
/** What Windows-1252 has for the bytes from 80 to 9F, a space for the five that are nothing in it. */
const CP1252 = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/** The text of a file, and its encoding by Python's name; what was found or left out is added to `notes`. */
export function decode(data: Uint8Array, name: string, notes: string[]): [string, string] {
  let [text, found] = find(data, name, notes);
  text = text.replace(/^\ufeff/, "");
  if (stripOf(text, "\r\n", "right").endsWith("\x1a")) {
    text = `${stripOf(text, "\r\n\x1a", "right")}\n`;
    notes.push("the mark of the file's end that DOS sets was left out");
  }
  const nulls = text.split("\0").length - 1;
  if (nulls) {
    if (nulls > 0.1 * text.length) {
      throw new DataError(
        `${name} is no text: ${thousands(nulls)} of its ${thousands(text.length)} characters are NUL; expected a table`,
      );
    }
    text = text.replaceAll("\0", "");
    notes.push(`${thousands(nulls)} NUL characters were left out`);
  }
  return [text, found];
}

/** The encoding of a file from its first bytes, for reading the rest as a stream; and where its text begins. */
export function encodingOf(head: Uint8Array): { label: string; unit: 1 | 2; little: boolean } | null {
  if (startsWith(head, [0xff, 0xfe, 0, 0]) || startsWith(head, [0, 0, 0xfe, 0xff])) return null;
  if (startsWith(head, [0xff, 0xfe])) return { label: "utf-16", unit: 2, little: true };
  if (startsWith(head, [0xfe, 0xff])) return { label: "utf-16", unit: 2, little: false };
  const found = wide(head.subarray(0, LOOKED_AT));
  return found === null
    ? { label: "utf-8", unit: 1, little: true }
    : { label: found, unit: 2, little: found === "utf-16-le" };
}

function startsWith(data: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, i) => data[i] === byte);
}

function find(data: Uint8Array, name: string, notes: string[]): [string, string] {
  if (startsWith(data, [0xef, 0xbb, 0xbf])) return [given(data, "utf-8-sig", name), "utf-8-sig"];
  if (startsWith(data, [0xff, 0xfe, 0, 0])) return [utf32(data, true, name), "utf-32"];
  if (startsWith(data, [0, 0, 0xfe, 0xff])) return [utf32(data, false, name), "utf-32"];
  if (startsWith(data, [0xff, 0xfe])) return [given(data, "utf-16-le", name, "utf-16"), "utf-16"];
  if (startsWith(data, [0xfe, 0xff])) return [given(data, "utf-16-be", name, "utf-16"), "utf-16"];
  const order = wide(data.subarray(0, LOOKED_AT));
  if (order !== null) {
    notes.push(`the encoding is ${order.toUpperCase()}, without a mark that says so`);
    return [given(data.subarray(0, data.length & ~1), order, name), order];
  }
  const text = decoded(data, "utf-8");
  if (text !== null) return [text, "utf-8"];
  const head = data.subarray(0, LOOKED_AT);
  const controls = head.filter((b) => b < 9 || (b > 13 && b < 26) || (b > 26 && b < 32)).length;
  if (controls > 0.05 * head.length) {
    throw new DataError(
      `${name} is neither text nor of a format that is known; expected a table, such as a CSV file`,
    );
  }
  const mended = new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
  const bad = mended.split("\ufffd").length - 1;
  const bytes = latin1(data);
  const sequences =
    bytes.match(/[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}/g)?.length ?? 0;
  if (sequences > 10 * bad) {
    notes.push(`${thousands(bad)} bytes that cannot be in UTF-8 were replaced by \ufffd`);
    return [mended, "utf-8"];
  }
  const encoding = narrow(data, bytes);
  notes.push(`the encoding was taken for ${TITLES[encoding]}; if letters are wrong, choose another (--encoding, encoding=)`);
  return [encoding === "latin-1" ? bytes : (decoded(data, encoding) as string), encoding];
}

function decoded(data: Uint8Array, encoding: string): string | null {
  if (encoding === "cp1252") return cp1252(data);
  try {
    return new TextDecoder(LABELS[encoding], { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return null;
  }
}

function given(data: Uint8Array, encoding: string, name: string, said = encoding): string {
  const text = decoded(data, encoding);
  if (text !== null) return text;
  throw new DataError(`${name} begins as ${said}, but has bytes that cannot be in it; save it as CSV in UTF-8`);
}

function utf32(data: Uint8Array, little: boolean, name: string): string {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const parts: string[] = [];
  for (let i = 4; i + 4 <= data.length; i += 4) {
    const code = view.getUint32(i, little);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      throw new DataError(`${name} begins as utf-32, but has bytes that cannot be in it; save it as CSV in UTF-8`);
    }
    parts.push(String.fromCodePoint(code));
  }
  return parts.join("");
}

/** Windows-1252; null where a byte is nothing in it. Browsers take such bytes, and Node has read others wrong. */
function cp1252(data: Uint8Array): string | null {
  if (data.some((byte) => byte >= 0x80 && byte < 0xa0 && CP1252[byte - 0x80] === " ")) return null;
  return latin1(data).replace(/[\x80-\x9f]/g, (character) => CP1252[character.charCodeAt(0) - 0x80]);
}

/** Each byte as the character of its number. */
function latin1(data: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < data.length; i += 8192) parts.push(String.fromCharCode(...data.subarray(i, i + 8192)));
  return parts.join("");
}

/** UTF-16 of which order, where every other byte of most characters is NUL. */
function wide(head: Uint8Array): "utf-16-le" | "utf-16-be" | null {
  const nulls = [0, 0];
  head.forEach((byte, i) => byte === 0 && nulls[i & 1]++);
  const half = head.length / 2;
  if (nulls[1] > 0.6 * half && nulls[0] < 0.1 * half) return "utf-16-le";
  return nulls[0] > 0.6 * half && nulls[1] < 0.1 * half ? "utf-16-be" : null;
}

/** The encoding of one byte a character in which the characters beyond ASCII make most sense. */
function narrow(data: Uint8Array, bytes: string): string {
  const letters = ofLetters(data, bytes);
  if (letters !== null) return letters;
  const places = [...bytes.matchAll(/[\x80-\xff]/g)].slice(0, SOME).map((found) => found.index);
  const score = (encoding: string): number => {
    let sum = 0;
    for (const place of places) {
      const text = decoded(data.subarray(Math.max(place - 1, 0), place + 2), encoding);
      if (text === null) return -places.length; // five bytes are nothing in Windows-1252
      sum += sense(text, Math.min(place, 1));
    }
    return sum;
  };
  if (score("mac-roman") > score("cp1252")) return "mac-roman";
  return decoded(data, "cp1252") === null ? "latin-1" : "cp1252";
}

/** The encoding where bytes beyond ASCII stand together, as letters do in scripts other than Latin. */
function ofLetters(data: Uint8Array, bytes: string): string | null {
  const able = (encoding: string): string | null => (decoded(data, encoding) === null ? null : encoding);
  const leads = [...bytes.matchAll(/[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]/g)].slice(0, SOME); // prettier-ignore
  const firsts = leads.map((found) => found[0].charCodeAt(0));
  const kana = firsts.filter((byte) => byte === 0x82 || byte === 0x83).length;
  const kanji = firsts.filter((byte) => byte >= 0x88 && byte <= 0x9f).length;
  if (firsts.length && kana > 0.3 * firsts.length && kana + kanji > 0.8 * firsts.length) return able("cp932");
  const runs = (bytes.match(/[\x80-\xff]+/g) ?? []).slice(0, SOME);
  const besideLatin = (bytes.match(/[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]/g) ?? []).slice(0, SOME);
  if (!runs.length || besideLatin.length + runs.filter((run) => run.length === 1).length > 0.1 * runs.length) return null;
  const letters = runs.join("");
  const small = letters.match(/[\xe0-\xff]/g)?.length ?? 0;
  if (small > 0.6 * letters.length) return able("cp1251");
  const pairs = runs.flatMap((run) => [...run].slice(0, -1).filter((_, i) => i % 2 === 0)).map((c) => c.charCodeAt(0));
  const chinese = pairs.filter((byte) => byte >= 0xb0 && byte <= 0xf7).length;
  if (runs.some((run) => run.length % 2) || chinese < 0.8 * pairs.length) return null;
  const hangul = pairs.filter((byte) => byte >= 0xb0 && byte <= 0xc8).length;
  return (hangul > 0.9 * pairs.length ? able("cp949") : null) ?? able("gb18030");
}

/** How well a character goes with its neighbours: a letter or an apostrophe among letters does. */
function sense(text: string, middle: number): number {
  const [before, character, after] = [text.slice(0, middle), text[middle], text.slice(middle + 1)];
  if (character === "\xa0") return 0;
  const isLatin = (part: string): boolean => /^[A-Za-z]$/.test(part);
  let score = USUAL.has(character) ? 2 : 0;
  if (isLatin(before) || isLatin(after)) score += isAlpha(character) || character === "’" ? 1 : -2;
  else if (isAlpha(character)) score -= 1;
  if (/^\p{Ll}$/u.test(before) && /^\p{Lu}$/u.test(character)) score -= 2;
  return score;
}
