/** The ends of a histogram's bins in words. */
import type { Histogram } from "../../tables/histograms";
import type { ColumnView } from "../../tables/prepared";
import { language, number, t } from "../../words/words.svelte";

export function edgeOf(kind: string, histogram: Histogram, i: number): string {
  const value = histogram.edges?.[i] ?? 0;
  if (kind !== "date") return number(value, 3);
  return new Intl.DateTimeFormat(language(), { timeZone: "UTC", dateStyle: "medium" }).format(value / 1000);
}

/** Each bar of each column: the column, the values, the rows. */
export function barsOf(columns: readonly ColumnView[]): (string | number)[][] {
  return columns.flatMap(({ name, kind, histogram }) => {
    if (!histogram) return [];
    const bars: (string | number)[][] = histogram.counts.map((n, i) => {
      const values = histogram.names?.[i] ?? `${edgeOf(kind, histogram, i)} – ${edgeOf(kind, histogram, i + 1)}`;
      return [name, values, n];
    });
    return histogram.others ? [...bars, [name, t("tables.others"), histogram.others]] : bars;
  });
}
