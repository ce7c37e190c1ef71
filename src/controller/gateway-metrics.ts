/** Metrics of the gateways: what each does with the sessions of its Region, and the same in Aurora's spelling. */
import type { GatewayPace } from "../database/gateway-window.ts";
import type { SystemSnapshot } from "../database/system-snapshot.ts";
import { gauge, memberLabels, type Metric, type MetricSources, type Sample } from "./metric.ts";

/** Labels as of the lag, for dashboards that show both. */
const auroraLabels = ["DBClusterIdentifier", "SourceRegion"] as const;

export const gatewayMetrics: readonly Metric[] = [
  gauge(
    "leeward_gateway_state",
    "1 for the state that a Region's gateway is in.",
    ["region", "state"],
    (from) => from.gateways().map(({ region, state }) => ({ labels: { region, state }, value: 1 })),
  ),
  own("sessions", "Clients that are connected.", ({ sessions }) => sessions),
  own(
    "pinned_sessions",
    "Sessions that cannot be taken off their server.",
    ({ pinnedSessions }) => pinnedSessions,
  ),
  own("held_units", "Statements that wait for a writer to move.", ({ heldUnits }) => heldUnits),
  own(
    "server_connections",
    "Connections to PostgreSQL and to gateways of other Regions.",
    ({ serverConnections }) => serverConnections,
  ),
  total("local_reads", "Reads that were answered in the Region.", ({ localReads }) => localReads),
  total(
    "writer_reads",
    "Reads that were answered by the writer.",
    ({ writerReads }) => writerReads,
  ),
  total("writes", "Statements that were written by the writer.", ({ writes }) => writes),
  total("commits", "Transactions with a write that were committed.", ({ commits }) => commits),
  total("errors", "Statements that ended with an error.", ({ errors }) => errors),
  total(
    "replays",
    "Statements that a standby refused and the writer answered.",
    ({ replays }) => replays,
  ),
  total("write_seconds", "How long clients waited for writes.", ({ writeMs }) => writeMs / 1000),
  total("read_waits", "Reads that waited for a secondary.", ({ readWaits }) => readWaits),
  total(
    "read_wait_seconds",
    "How long reads waited for a secondary.",
    ({ readWaitMs }) => readWaitMs / 1000,
  ),
  total(
    "rejected_sessions",
    "Clients that were refused because there were too many.",
    ({ rejectedSessions }) => rejectedSessions,
  ),
  total("holds", "How often writes were held for a switchover.", ({ holds }) => holds),
  total("hold_seconds", "How long writes were held.", ({ holdMs }) => holdMs / 1000),
  replica("DMLThroughput", "Forwarded writes per second.", ({ writes, overMs }) =>
    perSecond(writes, overMs),
  ),
  replica("DMLLatency", "Mean ms of a forwarded write.", ({ writes, writeMs }) =>
    mean(writeMs, writes),
  ),
  replica("CommitThroughput", "Forwarded commits per second.", ({ commits, overMs }) =>
    perSecond(commits, overMs),
  ),
  replica("OpenSessions", "Sessions whose writes are forwarded.", ({ now }) => now.sessions),
  replica(
    "ReadWaitLatency",
    "Mean ms that a read waited for its consistency.",
    ({ readWaits, readWaitMs }) => mean(readWaitMs, readWaits),
  ),
  replica(
    "ErrorSessionsLimit",
    "Sessions that were refused because there were too many.",
    ({ now }) => now.rejectedSessions,
  ),
  writer("DMLThroughput", "Writes per second that came from other Regions.", ({ writes, overMs }) =>
    perSecond(writes, overMs),
  ),
  writer(
    "OpenSessions",
    "Sessions of other Regions whose writes come here.",
    ({ now }) => now.sessions,
  ),
];

type Counts = GatewayPace["now"];

function own(name: string, help: string, read: (counts: Counts) => number): Metric {
  return gauge(`leeward_gateway_${name}`, help, memberLabels, (from) => samplesOf(from, read));
}

function total(name: string, help: string, read: (counts: Counts) => number): Metric {
  return {
    name: `leeward_gateway_${name}_total`,
    help,
    kind: "counter",
    labels: memberLabels,
    samples: (from) => samplesOf(from, read),
  };
}

function samplesOf(from: MetricSources, read: (counts: Counts) => number): readonly Sample[] {
  return from
    .gateways()
    .flatMap(({ region, paces }) =>
      paces.map(({ now }) => ({ labels: { database: now.database, region }, value: read(now) })),
    );
}

type Reading = (pace: GatewayPace) => number | undefined;

/** Of each secondary Region. */
function replica(name: string, help: string, read: Reading): Metric {
  return gauge(`AuroraForwardingReplica${name}`, help, auroraLabels, (from) =>
    forwarding(from).flatMap(({ system, region, pace }) => {
      const value = read(pace);
      return value === undefined ? [] : [{ labels: auroraNames(system, region), value }];
    }),
  );
}

/** Of the primary Region: all of its secondaries together. */
function writer(name: string, help: string, read: Reading): Metric {
  return gauge(`AuroraForwardingWriter${name}`, help, auroraLabels, (from) => {
    const sums = new Map<SystemSnapshot, number>();
    for (const { system, pace } of forwarding(from)) {
      sums.set(system, (sums.get(system) ?? 0) + (read(pace) ?? 0));
    }
    return [...sums].map(([system, value]) => ({
      labels: auroraNames(system, system.record.primary),
      value,
    }));
  });
}

type Forwarding = {
  readonly system: SystemSnapshot;
  readonly region: string;
  readonly pace: GatewayPace;
};

/** Gateways of secondary Regions, by database system. */
function forwarding(from: MetricSources): readonly Forwarding[] {
  const systems = from.systems().filter(({ system }) => system.kind === "global");
  return from.gateways().flatMap(({ region, paces }) =>
    paces.flatMap((pace) => {
      const system = systems.find(
        (one) =>
          one.system.database === pace.now.database &&
          one.record.members.some((member) => member === region),
      );
      return system && system.record.primary !== region ? [{ system, region, pace }] : [];
    }),
  );
}

function auroraNames({ system, record }: SystemSnapshot, region: string): Sample["labels"] {
  return { DBClusterIdentifier: `${system.name}-${region}`, SourceRegion: record.primary };
}

function perSecond(count: number, overMs: number): number | undefined {
  return overMs === 0 ? undefined : (count * 1000) / overMs;
}

function mean(sum: number, count: number): number | undefined {
  return count === 0 ? undefined : sum / count;
}
