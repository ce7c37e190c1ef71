/** Figures as a table for people. */
import { summarize, type Figure } from "./figure.ts";

const headings = ["FIGURE", "LIMIT", "MEDIAN", "MIN", "MAX", "RATIO", "VERDICT", "FLOOR"];

export function renderTable(figures: readonly Figure[]): string {
  const rows = [headings, ...figures.map(cellsOf)];
  const widths = headings.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const notes = figures.flatMap(({ name, note }) =>
    note === undefined ? [] : [`${name}: ${note}`],
  );
  return [...lines, ...(notes.length === 0 ? [] : ["", ...notes])].join("\n");
}

function cellsOf(figure: Figure): readonly string[] {
  const { name, unit, limit, floor } = figure;
  const { median, min, max, ratio, verdict } = summarize(figure);
  const sign = limit?.kind === "at-least" ? "≥" : "≤";
  return [
    name,
    limit === undefined ? "" : `${sign} ${formatNumber(limit.value)} ${unit}`,
    `${formatNumber(median)} ${unit}`,
    formatNumber(min),
    formatNumber(max),
    ratio === undefined ? "" : ratio.toFixed(2),
    verdict ?? "",
    floor === undefined ? "" : `${formatNumber(floor.value)} ${unit}: ${floor.what}`,
  ];
}

/** Three figures are what a benchmark of seconds can stand for. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return Number(value.toPrecision(3)).toString();
}
