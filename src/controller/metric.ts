/** What a row of a table of metrics is: its name and how its samples are read at each scrape. */
import type { KeptEvidence } from "../database/evidence-desk.ts";
import type { GatewayReading } from "../database/reports.ts";
import type { SystemSnapshot } from "../database/system-snapshot.ts";
import type { LinkDirection, LinkTraffic } from "../model/link.ts";
import type { Operation } from "../model/operation.ts";

export type MetricSources = {
  readonly systems: () => readonly SystemSnapshot[];
  /** The newest first. */
  readonly operations: () => readonly Operation[];
  readonly evidence: () => readonly KeptEvidence[];
  readonly regionStates: () => readonly { readonly region: string; readonly state: string }[];
  readonly directions: () => readonly LinkDirection[];
  readonly traffic: () => readonly LinkTraffic[];
  /** Those that were told of a moment ago, with the pace of each database in them. */
  readonly gateways: () => readonly GatewayReading[];
  readonly term: number;
};

export type Labels = Readonly<Record<string, string>>;
export type Sample = { readonly labels: Labels; readonly value: number };

export type Metric = {
  readonly name: string;
  readonly help: string;
  readonly kind: "gauge" | "counter";
  readonly labels: readonly string[];
  readonly samples: (sources: MetricSources) => readonly Sample[];
};

export const memberLabels = ["database", "region"] as const;

export function gauge(
  name: string,
  help: string,
  labels: readonly string[],
  samples: Metric["samples"],
): Metric {
  return { name, help, kind: "gauge", labels, samples };
}
