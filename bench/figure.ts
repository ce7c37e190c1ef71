/** One line of a benchmark's answer: what was measured, what was asked for, and what the machine could do at best. */
import { assert } from "../src/std/assert.ts";

export type Limit = { readonly kind: "at-most" | "at-least"; readonly value: number };

/** What no program could beat here, measured in the same run. */
export type Floor = { readonly value: number; readonly what: string };

export type Figure = {
  readonly name: string;
  readonly unit: string;
  /** One for each repetition, in the order of the run. Never empty. */
  readonly samples: readonly number[];
  /** Undefined for a figure that stands beside another one to explain it. */
  readonly limit: Limit | undefined;
  readonly floor: Floor | undefined;
  readonly note: string | undefined;
};

export type Summary = {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** The median as a part of the limit; below 1 is good for `at-most`, above 1 for `at-least`. */
  readonly ratio: number | undefined;
  /** Of the median, because one repetition may meet a busy moment of the machine. */
  readonly verdict: "reached" | "missed" | undefined;
};

export function figure(
  name: string,
  unit: string,
  samples: readonly number[],
  more: Partial<Pick<Figure, "limit" | "floor" | "note">> = {},
): Figure {
  assert(samples.length > 0, `${name} was measured at least once`);
  const { limit, floor, note } = more;
  return { name, unit, samples, limit, floor, note };
}

export function summarize({ samples, limit }: Figure): Summary {
  const middle = median(samples);
  const spread = { median: middle, min: Math.min(...samples), max: Math.max(...samples) };
  if (limit === undefined) return { ...spread, ratio: undefined, verdict: undefined };
  const isReached = limit.kind === "at-most" ? middle <= limit.value : middle >= limit.value;
  // Of a limit of 0 nothing is a part.
  const ratio = limit.value === 0 ? undefined : middle / limit.value;
  return { ...spread, ratio, verdict: isReached ? "reached" : "missed" };
}

/** The least of the samples that `share` of them do not exceed. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  return sorted.length % 2 === 1
    ? upper
    : ((sorted[(sorted.length >> 1) - 1] ?? upper) + upper) / 2;
}
