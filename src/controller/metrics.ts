/**
 * What Prometheus scrapes. Each row of the table is one metric; values are read at the scrape. Lag, states
 * and links in our own names (base units), and lag in Aurora's spelling (ms) for dashboards that know it.
 */
import { Counter, Gauge, Registry } from "prom-client";
import { reportMaxAgeMs } from "../database/reports.ts";
import type { MeasuredLag } from "../model/instance.ts";
import { gatewayMetrics } from "./gateway-metrics.ts";
import { gauge, memberLabels, type Labels, type Metric, type MetricSources } from "./metric.ts";
import { operationMetrics } from "./operation-metrics.ts";
import { lagOf, stateOf } from "./status-view.ts";

const auroraLabels = ["DBClusterIdentifier", "SourceRegion"] as const;
const linkLabels = ["from", "to"] as const;

const table: readonly Metric[] = [
  gauge("leeward_database_epoch", "Counts promotions of a global database.", ["database"], (from) =>
    from
      .systems()
      .filter(({ system }) => system.kind === "global")
      .map(({ system, record }) => ({
        labels: { database: system.name },
        value: record.epoch,
      })),
  ),
  gauge(
    "leeward_database_is_primary",
    "1 in the Region that may write, 0 elsewhere.",
    memberLabels,
    (from) =>
      from.systems().flatMap(({ system, record }) =>
        record.members.map((region) => ({
          labels: { database: system.name, region },
          value: region === record.primary ? 1 : 0,
        })),
      ),
  ),
  gauge(
    "leeward_instance_state",
    "1 for the state that an instance is in.",
    ["database", "region", "instance", "state"],
    (from) =>
      from.systems().flatMap(({ instances }) =>
        instances.map((instance) => ({
          labels: {
            database: instance.id.database,
            region: instance.id.region,
            instance: String(instance.id.number),
            state: stateOf(instance),
          },
          value: 1,
        })),
      ),
  ),
  gauge(
    "leeward_instance_disk_free_bytes",
    "Free on the disk of an instance's data.",
    ["database", "region", "instance"],
    (from) =>
      from.systems().flatMap(({ instances }) =>
        instances.flatMap(({ id: { database, region, number }, report }) => {
          const value = report?.diskFreeBytes;
          return value === undefined
            ? []
            : [{ labels: { database, region, instance: String(number) }, value }];
        }),
      ),
  ),
  gauge(
    "leeward_region_state",
    "1 for the state that a Region is in.",
    ["region", "state"],
    (from) => from.regionStates().map((labels) => ({ labels, value: 1 })),
  ),
  memberLag(
    "leeward_database_lag_bytes",
    "WAL that a secondary has not replayed.",
    ({ lagBytes }) => lagBytes,
  ),
  memberLag(
    "leeward_database_lag_seconds",
    "Age of the oldest commit that a secondary has not replayed.",
    ({ lagMs }) => seconds(lagMs),
  ),
  memberLag(
    "leeward_database_rpo_lag_seconds",
    "Age of the oldest commit that a secondary has not on disk.",
    ({ rpoLagMs }) => seconds(rpoLagMs),
  ),
  memberLag(
    "leeward_database_progress_lag_seconds",
    "Age of the oldest WAL that a secondary has not on disk.",
    ({ progressLagMs }) => seconds(progressLagMs),
  ),
  auroraLag(
    "AuroraGlobalDBReplicationLag",
    "ms behind the primary, in reads.",
    ({ lagMs }) => lagMs,
  ),
  auroraLag(
    "AuroraGlobalDBRPOLag",
    "ms of commits that would be lost.",
    ({ rpoLagMs }) => rpoLagMs,
  ),
  auroraLag(
    "AuroraGlobalDBProgressLag",
    "ms behind the primary, in WAL.",
    ({ progressLagMs }) => progressLagMs,
  ),
  {
    ...auroraLag(
      "AuroraGlobalDBDataTransferBytes",
      "WAL sent to the secondary.",
      ({ sentBytes }) => sentBytes,
    ),
    kind: "counter",
  },
  gauge("leeward_link_up", "0 when this direction is a black hole.", linkLabels, (from) =>
    from.directions().map((way) => ({ labels: ends(way), value: way.conditions.isUp ? 1 : 0 })),
  ),
  gauge("leeward_link_delay_seconds", "What this direction adds.", linkLabels, (from) =>
    from.directions().map((way) => ({ labels: ends(way), value: way.conditions.delayMs / 1000 })),
  ),
  gauge("leeward_link_open_flows", "Connections that cross this direction.", linkLabels, (from) =>
    from.traffic().map((way) => ({ labels: ends(way), value: way.openFlows })),
  ),
  gauge("leeward_link_queued_bytes", "Bytes inside this direction now.", linkLabels, (from) =>
    from.traffic().map((way) => ({ labels: ends(way), value: way.queuedBytes })),
  ),
  {
    name: "leeward_link_delivered_bytes_total",
    help: "Bytes that left this direction at its end.",
    kind: "counter",
    labels: [...linkLabels, "class"],
    samples: (from) =>
      from.traffic().flatMap((way) => [
        { labels: { ...ends(way), class: "control" }, value: way.deliveredBytes.control },
        { labels: { ...ends(way), class: "data" }, value: way.deliveredBytes.data },
      ]),
  },
  ...operationMetrics,
  ...gatewayMetrics,
  gauge("leeward_controller_term", "Counts controllers of this world.", [], (from) => [
    { labels: {}, value: from.term },
  ]),
];

export function metricsRegistry(sources: MetricSources): Registry {
  const registry = new Registry();
  for (const metric of table) register(metric, sources, registry);
  return registry;
}

/** The registry keeps what is made with it. */
function register(metric: Metric, sources: MetricSources, registry: Registry): Gauge | Counter {
  const { name, help } = metric;
  const common = { name, help, labelNames: [...metric.labels], registers: [registry] };
  if (metric.kind === "gauge") {
    return new Gauge({
      ...common,
      collect() {
        this.reset();
        for (const { labels, value } of metric.samples(sources)) this.set(labels, value);
      },
    });
  }
  return new Counter({
    ...common,
    collect() {
      this.reset();
      for (const { labels, value } of metric.samples(sources)) this.inc(labels, value);
    },
  });
}

type Reading = (lag: MeasuredLag) => number | undefined;

function memberLag(name: string, help: string, read: Reading): Metric {
  return gauge(name, help, memberLabels, (from) =>
    secondaryLags(from, read).map(({ database, region, value }) => ({
      labels: { database, region },
      value,
    })),
  );
}

function auroraLag(name: string, help: string, read: Reading): Metric {
  return gauge(name, help, auroraLabels, (from) =>
    secondaryLags(from, read).map(({ database, region, primary, value }) => ({
      labels: { DBClusterIdentifier: `${database}-${region}`, SourceRegion: primary },
      value,
    })),
  );
}

/** A lag that is not known has no sample: Prometheus marks the series stale, which is the truth. */
function secondaryLags(
  sources: MetricSources,
  read: Reading,
): readonly { database: string; region: string; primary: string; value: number }[] {
  return sources.systems().flatMap((snapshot) =>
    snapshot.record.members.flatMap((region) => {
      const { lag, ageMs } = lagOf(snapshot, region);
      const isKnown = ageMs !== undefined && ageMs <= reportMaxAgeMs;
      const value = lag && isKnown ? read(lag) : undefined;
      const database = snapshot.system.name;
      return value === undefined
        ? []
        : [{ database, region, primary: snapshot.record.primary, value }];
    }),
  );
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function ends({ from, to }: { readonly from: string; readonly to: string }): Labels {
  return { from, to };
}
