/** How a run of `leeward load` looks: as it goes on, at its end, and to programs. Pure. */
import type { Figures, Latency, LoadResult } from "../load/load.ts";
import type { Recent } from "../load/tally.ts";
import type { Colors } from "./frame.ts";
import { count, formatDuration, table } from "./output.ts";

export type RunOfLoad = {
  readonly load: string;
  readonly profile: string;
  readonly url: string;
  readonly clients: number;
  readonly durationMs: number;
};

/** `retail-store browse: 50 visitors at http://127.0.0.1:8080 for 5 min`. */
export function announcement({ load, profile, url, clients, durationMs }: RunOfLoad): string {
  const visitors = count(clients, "visitor");
  return `${load} ${profile}: ${visitors} at ${url} for ${formatDuration(durationMs)}`;
}

/** Drawn again each second. */
export function liveLines(
  run: RunOfLoad,
  { recent, elapsedMs }: { readonly recent: Recent; readonly elapsedMs: number },
  colors: Colors,
): readonly string[] {
  const soFar = `${formatDuration(elapsedMs)} of ${formatDuration(run.durationMs)}`;
  const { errorsSoFar } = recent;
  const errors = `${count(errorsSoFar, "error")} so far`;
  const rows = [
    ["last 5 s", "a second", "p50", "p95", "p99", "errors"],
    liveRow("all", recent),
    ...recent.regions.map((one) => liveRow(one.region, one)),
  ];
  return [
    announcement(run),
    ...table(rows),
    `${soFar}, ${errorsSoFar > 0 ? colors.red(errors) : errors}; Ctrl-C ends it`,
  ];
}

function liveRow(name: string, { requestsPerSecond, latencyMs, errors }: Figures): string[] {
  const [p50 = "", p95 = "", p99 = ""] = latencyCells(latencyMs);
  return [name, rate(requestsPerSecond), p50, p95, p99, String(errors)];
}

export function resultLines(result: LoadResult, colors: Colors): readonly string[] {
  const { requests, elapsedMs, journeys, unfinished, errors, errorsByKind } = result;
  const left = unfinished === 0 ? "" : `; ${count(unfinished, "request")} had no answer yet`;
  const rows = [
    ["", "requests", "a second", "p50", "p95", "p99", "max", "errors"],
    resultRow("all", result),
    ...result.regions.map((one) => resultRow(one.region, one)),
    ...result.steps.map((one) => resultRow(`  ${one.step}`, one)),
  ];
  const failed = journeys.failed === 0 ? "" : `, ${journeys.failed} failed`;
  const said = `${count(requests, "request")} in ${formatDuration(elapsedMs)}, ${count(errors, "error")}; ${count(journeys.completed, "journey")} completed${failed}${left}`;
  return [
    ...table(rows),
    ...errorsByKind.flatMap(({ kind, count: times, messages }) => [
      colors.red(`${kind}: ${times}`),
      ...messages.map((message) => `  ${printable(message)}`),
    ]),
    said,
  ];
}

function resultRow(name: string, figures: Figures): string[] {
  const { requests, requestsPerSecond, latencyMs, errors } = figures;
  return [
    printable(name),
    String(requests),
    rate(requestsPerSecond),
    ...latencyCells(latencyMs),
    String(errors),
  ];
}

function latencyCells(latency: Latency | undefined): readonly string[] {
  if (latency === undefined) return ["-", "-", "-", "-"];
  const { p50, p95, p99, max } = latency;
  return [p50, p95, p99, max].map((ms) => `${ms.toFixed(ms < 10 ? 1 : 0)} ms`);
}

function rate(perSecond: number): string {
  return perSecond.toFixed(perSecond < 100 ? 1 : 0);
}

/** Steps and messages come from a module and from answers: they must not move the cursor of the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "\uFFFD");
}

/** For `--json`. By name, so that `jq` finds what it looks for. */
export function resultJson(run: RunOfLoad, result: LoadResult): object {
  const { errorsByKind, regions, steps, journeys, unfinished } = result;
  return {
    load: run.load,
    profile: run.profile,
    url: run.url,
    clients: run.clients,
    seconds: rounded(result.elapsedMs / 1_000),
    ...figuresJson(result),
    errorsByKind: Object.fromEntries(
      errorsByKind.map(({ kind, count: times, messages }) => [kind, { count: times, messages }]),
    ),
    regions: Object.fromEntries(regions.map((one) => [one.region, figuresJson(one)])),
    steps: Object.fromEntries(steps.map((one) => [one.step, figuresJson(one)])),
    journeys,
    unfinished,
  };
}

function figuresJson({ requests, requestsPerSecond, errors, latencyMs }: Figures): object {
  const latency =
    latencyMs &&
    Object.fromEntries(Object.entries(latencyMs).map(([name, ms]) => [name, rounded(ms)]));
  return {
    requests,
    requestsPerSecond: rounded(requestsPerSecond),
    errors,
    latencyMs: latency ?? null,
  };
}

/** Thousandths are as exact as it was measured. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
