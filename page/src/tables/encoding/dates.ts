/** A column of dates as inputs of a network: what varies of them, the recurring parts as points of a circle. */

import { levels, robustScaling, smoothClip } from "./scaling.ts";

const PERIODS: Record<string, number> = { month: 12, day: 31, weekday: 7, hour: 24 };
const PARTS = ["elapsed", "year", "month", "day", "weekday", "hour"];
const DAY = 86_400e6;

/** A part v as (v - center) · factor, clipped; or as sin 2πv/period and cos 2πv/period. */
export type DatePart = { part: string; center: number; factor: number } | { part: string; period: number };

export interface DateColumn {
  name: string;
  kind: "date";
  parts: DatePart[];
  missing: [number, number] | null;
}

function partOf(part: string, moment: number): number {
  if (part === "elapsed") return moment / DAY;
  const days = Math.floor(moment / DAY);
  if (part === "weekday") return (((days + 3) % 7) + 7) % 7; // 1970-01-01 was a Thursday
  if (part === "hour") return (moment - days * DAY) / 3600e6;
  const date = new Date(days * 86_400e3);
  return part === "year" ? date.getUTCFullYear() : part === "month" ? date.getUTCMonth() : date.getUTCDate() - 1;
}

export function learnDates(name: string, moments: Float64Array): DateColumn {
  const present = moments.filter((moment) => !Number.isNaN(moment));
  const parts: DatePart[] = [];
  for (const part of PARTS) {
    const values = present.map((moment) => partOf(part, moment));
    const distinct = new Set(values).size;
    if (distinct > 2 && part in PERIODS) parts.push({ part, period: PERIODS[part] });
    else if (distinct > 1) parts.push({ part, ...robustScaling(values) });
  }
  const nMissing = moments.length - present.length;
  if (!nMissing || !present.length) return { name, kind: "date", parts, missing: null };
  const [there, missing] = levels([0, 1], [present.length, nMissing]);
  return { name, kind: "date", parts, missing: [there, missing] };
}

export function namesOfDates(column: DateColumn): string[] {
  const found = column.parts.flatMap((part) => {
    const name = `${column.name}=${part.part}`;
    return "period" in part ? [`${name} sin`, `${name} cos`] : [name];
  });
  return column.missing === null ? found : [...found, `${column.name}=missing`];
}

export function writeDates(column: DateColumn, moments: Float64Array, put: (row: number, j: number, z: number) => void): void {
  moments.forEach((moment, row) => {
    const isMissing = Number.isNaN(moment);
    let j = 0;
    for (const part of column.parts) {
      const value = isMissing ? 0 : partOf(part.part, moment);
      if ("period" in part) {
        const angle = value * ((2 * Math.PI) / part.period);
        put(row, j++, isMissing ? 0 : Math.sin(angle));
        put(row, j++, isMissing ? 0 : Math.cos(angle));
      } else put(row, j++, isMissing ? 0 : smoothClip((value - part.center) * part.factor));
    }
    if (column.missing !== null) put(row, j, column.missing[Number(isMissing)]);
  });
}
