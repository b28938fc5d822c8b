/**
 * Dates and times in text: the formats that are known, each read to the microsecond on the clock where it was noted. As
 * Python's `layerwise.data.tables.dates`, whose table says what each format looks like.
 */

const LONG = [
  "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
  "december",
]; // prettier-ignore
const MONTH_NAME = "(?<mon>[A-Za-z]{3,9})\\.?";
const S = "[ \\t-\\r]";
const WEEKDAY = `(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\\.?,?${S}+)?`;
const CLOCK = `(?<h>\\d{1,2}):(?<min>\\d{2})(?::(?<s>\\d{2})(?:[.,](?<f>\\d{1,9}))?)?${S}*(?<half>[ap]\\.?m\\.?)?`;
const ZONE = `(?:${S}*(?:z|utc|gmt|[+-]\\d{2}:?\\d{2}))?`;
const TIME = `(?:(?:t|${S}+|,${S}*)${CLOCK}${ZONE})?`;
const DAY = "(?<d>\\d{1,2})";
const MONTH = "(?<m>\\d{1,2})";
const YEAR = "(?<y>\\d{4})";
const ANY_YEAR = "(?<y>\\d{4}|\\d{2})";
const PATTERNS: Record<string, string> = {
  "Y-M-D": `${YEAR}(?<sep>[-/.])${MONTH}\\k<sep>${DAY}${TIME}`,
  "D/M/Y": `${DAY}(?<sep>[-/.])${MONTH}\\k<sep>${ANY_YEAR}${TIME}`,
  "M/D/Y": `${MONTH}(?<sep>[-/.])${DAY}\\k<sep>${ANY_YEAR}${TIME}`,
  "D mon Y": `${WEEKDAY}${DAY}(?:[-.]|${S})${S}*${MONTH_NAME}(?:[-,]|${S})${S}*${ANY_YEAR}${TIME}`,
  "mon D Y": `${WEEKDAY}${MONTH_NAME}${S}*${DAY},?${S}+${YEAR}${TIME}`,
  "Y-M": `${YEAR}[-/]${MONTH}`,
  "mon Y": `${MONTH_NAME}(?:-|${S})${S}*${ANY_YEAR}`,
  YMD: "(?<y>(?:19|20)\\d{2})(?<m>\\d{2})(?<d>\\d{2})",
  "H:M": CLOCK,
};
const EXPRESSIONS = new Map(
  Object.entries(PATTERNS).map(([name, pattern]) => [name, new RegExp(`^(?:${pattern})$`, "i")]),
);
export const FORMATS: readonly string[] = Object.keys(PATTERNS);

/** A date in microseconds since 1970-01-01 00:00; undefined where it is none in this format. */
export function readDate(cell: string, format: string): number | undefined {
  const found = EXPRESSIONS.get(format)?.exec(cell)?.groups;
  if (found === undefined) return undefined;
  let month = Number(found.m ?? 1);
  if (found.mon) {
    const name = found.mon.toLowerCase();
    month = LONG.findIndex((long) => long.slice(0, 3) === name.slice(0, 3)) + 1;
    if (month === 0 || !LONG[month - 1].startsWith(name)) return undefined;
  }
  const written = found.y || "1970";
  const year = Number(written) + (written.length === 4 ? 0 : Number(written) >= 50 ? 1900 : 2000);
  let hour = Number(found.h ?? 0);
  if (found.half) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (found.half[0].toLowerCase() === "p" ? 12 : 0);
  }
  const [minute, second] = [Number(found.min ?? 0), Number(found.s ?? 0)];
  const day = Number(found.d ?? 1);
  if (year < 1 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined;
  const moment = new Date(0);
  moment.setUTCFullYear(year, month - 1, day);
  if (moment.getUTCMonth() !== month - 1) return undefined;
  const seconds = moment.getTime() / 1000 + 3600 * hour + 60 * minute + second;
  return seconds * 1e6 + Number((found.f ?? "0").padEnd(6, "0").slice(0, 6));
}

/** The formats in which a cell with nines for its digits could be a date, by the places of its marks. */
export function formatsLike(shape: string): string[] {
  if (!shape.includes("9") || shape.length > 60) return [];
  const found = FORMATS.filter((format) => (EXPRESSIONS.get(format) as RegExp).test(shape));
  return shape === "99999999" ? [...found, "YMD"] : found;
}

/** Cells as microseconds, NaN where missing or unreadable, and the rows of those that are none in this format. */
export function toDates(
  cells: readonly string[],
  format: string,
  isMissing: (cell: string) => boolean,
): [Float64Array, number[]] {
  const known = new Map<string, number | undefined>();
  const found = new Float64Array(cells.length).fill(NaN);
  const wrong: number[] = [];
  cells.forEach((cell, row) => {
    if (!known.has(cell)) known.set(cell, readDate(cell, format));
    const value = known.get(cell);
    if (value !== undefined) found[row] = value;
    else if (!isMissing(cell)) wrong.push(row);
  });
  return [found, wrong];
}

/** The format that is taken where a column fits several: day or month first as asked, else month first. */
export function firstOf(formats: Iterable<string>, dayfirst: boolean | null): string {
  const last = dayfirst ? "M/D/Y" : "D/M/Y";
  const order = (format: string): number => (format === last ? FORMATS.length : 0) + FORMATS.indexOf(format);
  return [...formats].reduce((best, format) => (order(format) < order(best) ? format : best));
}
