import { expect, test } from "vitest";
import { aSystem, anInstance, east, someLag, west } from "../../test/system-snapshot.ts";
import { gatewayCounts } from "../../test/gateway-counters.ts";
import { anOperation } from "../../test/operation.ts";
import type { KeptEvidence } from "../database/evidence-desk.ts";
import type { GatewayPace } from "../database/gateway-window.ts";
import type { GatewayReading } from "../database/reports.ts";
import type { SystemSnapshot } from "../database/system-snapshot.ts";
import type { DatabaseId, Epoch, SystemId } from "../model/region.ts";
import { metricsRegistry } from "./metrics.ts";

const ended = { phase: "ended", outcome: "completed" } as const;
const operations = [
  anOperation({ ...ended, writePauseMs: 412 }),
  anOperation({ ...ended, writePauseMs: 900 }),
  anOperation({ ...ended, outcome: "rolled-back" }),
];
const evidence: readonly KeptEvidence[] = [1_000, 2_000].map((bytes) => ({
  region: east,
  reportAgeMs: 100,
  item: {
    name: `evidence-${bytes}`,
    database: "orders" as DatabaseId,
    region: east,
    number: 1,
    systemId: "7000" as SystemId,
    timeline: 1,
    forkLsn: undefined,
    epoch: 2 as Epoch,
    atWallMs: 0,
    because: "its history was left",
    bytes,
    path: "/evidence",
  },
}));

const counts = gatewayCounts({ sessions: 40, pinnedSessions: 2, writes: 900, holdMs: 1_500 });
const paceOf = (fields: Partial<GatewayPace>): GatewayPace => ({
  now: counts,
  writes: 50,
  commits: 20,
  writeMs: 3_000,
  readWaits: 0,
  readWaitMs: 0,
  overMs: 10_000,
  ...fields,
});
const gateways: readonly GatewayReading[] = [
  { region: east, state: "serving", paces: [paceOf({ writes: 7 })] },
  { region: west, state: "serving", paces: [paceOf({})] },
];

/** Lines of the text format, by name and labels. */
async function scrape(system: SystemSnapshot): Promise<ReadonlyMap<string, number>> {
  const conditions = {
    delayMs: 30,
    jitterMs: 0,
    bandwidthBitsPerSecond: undefined,
    isUp: false,
  };
  const carried = { openFlows: 2, deliveredBytes: { control: 10, data: 90 }, queuedBytes: 5 };
  const registry = metricsRegistry({
    systems: () => [system],
    operations: () => operations,
    evidence: () => evidence,
    regionStates: () => [{ region: east, state: "serving" }],
    directions: () => [{ from: east, to: west, conditions }],
    traffic: () => [{ from: east, to: west, ...carried }],
    gateways: () => gateways,
    term: 7,
  });
  await registry.metrics();
  // A second scrape must not add to the first.
  const lines = (await registry.metrics()).split("\n").filter((line) => /^[a-zA-Z]/.test(line));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

const member = '{database="orders",region="us-west-2"}';
const aurora = '{DBClusterIdentifier="orders-us-west-2",SourceRegion="us-east-1"}';

test("lag is told in base units, and in Aurora's spelling in ms", async () => {
  const found = await scrape(aSystem());
  expect(found.get(`leeward_database_lag_bytes${member}`)).toBe(4_096);
  expect(found.get(`leeward_database_lag_seconds${member}`)).toBeCloseTo(1.5004);
  expect(found.get(`leeward_database_rpo_lag_seconds${member}`)).toBe(0.25);
  expect(found.get(`leeward_database_progress_lag_seconds${member}`)).toBe(0.3);
  expect(found.get(`AuroraGlobalDBReplicationLag${aurora}`)).toBe(1_500.4);
  expect(found.get(`AuroraGlobalDBRPOLag${aurora}`)).toBe(250);
  expect(found.get(`AuroraGlobalDBProgressLag${aurora}`)).toBe(300);
  expect(found.get(`AuroraGlobalDBDataTransferBytes${aurora}`)).toBe(1_000);
});

test("states, links and the term are told", async () => {
  const found = await scrape(aSystem());
  const way = 'from="us-east-1",to="us-west-2"';
  expect(found.get('leeward_database_is_primary{database="orders",region="us-east-1"}')).toBe(1);
  expect(found.get(`leeward_database_is_primary${member}`)).toBe(0);
  expect(found.get('leeward_region_state{region="us-east-1",state="serving"}')).toBe(1);
  expect(found.get(`leeward_link_up{${way}}`)).toBe(0);
  expect(found.get(`leeward_link_delay_seconds{${way}}`)).toBe(0.03);
  expect(found.get(`leeward_link_delivered_bytes_total{${way},class="data"}`)).toBe(90);
  expect(found.get("leeward_controller_term")).toBe(7);
});

test("what a failover would lose, the lease and the evidence slots are told", async () => {
  const found = await scrape(aSystem());
  const orders = 'database="orders"';
  expect(found.get(`leeward_database_estimated_loss_transactions${member}`)).toBe(3);
  expect(found.get(`leeward_database_estimated_loss_bytes${member}`)).toBe(1_229);
  expect(found.get(`leeward_database_estimated_loss_seconds${member}`)).toBe(0.04);
  expect(found.get(`leeward_database_lease_left_seconds{${orders}}`)).toBe(3.5);
  expect(found.get(`leeward_database_lease_state{${orders},state="held"}`)).toBe(1);
  expect(found.get(`leeward_database_candidates{${orders}}`)).toBe(1);
  expect(found.get(`leeward_database_rpo_guard_state{${orders},state="off"}`)).toBe(1);
  const slot = `{${orders},sql_database="orders"}`;
  expect(found.get(`leeward_database_evidence_slot_retained_bytes${slot}`)).toBe(16_384);
  expect(found.get(`leeward_database_evidence_slot_intact${slot}`)).toBe(1);
  expect(found.get(`leeward_database_evidence_slot_pinned${slot}`)).toBe(0);
});

test("operations are counted by outcome, and the last measured write pause is told", async () => {
  const found = await scrape(aSystem());
  const kind = 'database="orders",kind="switchover"';
  expect(found.get(`leeward_operations{${kind},outcome="completed"}`)).toBe(2);
  expect(found.get(`leeward_operations{${kind},outcome="rolled-back"}`)).toBe(1);
  expect(found.get(`leeward_database_write_pause_seconds{${kind}}`)).toBe(0.412);
  const place = 'database="orders",region="us-east-1"';
  expect(found.get(`leeward_snapshots{${place}}`)).toBe(2);
  expect(found.get(`leeward_snapshots_bytes{${place}}`)).toBe(3_000);
});

test("a lag that is not known, or that a silent writer measured long ago, has no sample", async () => {
  const unknown = { ...someLag, lagMs: undefined };
  const part = await scrape(aSystem([anInstance(east, { lags: [unknown] }), anInstance(west)]));
  expect(part.has(`leeward_database_lag_seconds${member}`)).toBe(false);
  expect(part.has(`leeward_database_lag_bytes${member}`)).toBe(true);
  const silent = [anInstance(east, { lags: [someLag], ageMs: 60_000 }), anInstance(west)];
  const found = await scrape(aSystem(silent));
  expect([...found.keys()].filter((name) => /lag/i.test(name))).toEqual([]);
  const instance = 'database="orders",region="us-east-1",instance="1"';
  expect(found.get(`leeward_instance_state{${instance},state="unknown"}`)).toBe(1);
});

test("what a gateway does is told for each database of its Region", async () => {
  const found = await scrape(aSystem());
  expect(found.get(`leeward_gateway_sessions${member}`)).toBe(40);
  expect(found.get(`leeward_gateway_pinned_sessions${member}`)).toBe(2);
  expect(found.get(`leeward_gateway_writes_total${member}`)).toBe(900);
  expect(found.get(`leeward_gateway_hold_seconds_total${member}`)).toBe(1.5);
  expect(found.get('leeward_gateway_state{region="us-west-2",state="serving"}')).toBe(1);
});

test("forwarding is told in Aurora's spelling: of the secondary, and of the writer that it goes to", async () => {
  const found = await scrape(aSystem());
  expect(found.get(`AuroraForwardingReplicaDMLThroughput${aurora}`)).toBe(5);
  expect(found.get(`AuroraForwardingReplicaDMLLatency${aurora}`)).toBe(60);
  expect(found.get(`AuroraForwardingReplicaCommitThroughput${aurora}`)).toBe(2);
  expect(found.get(`AuroraForwardingReplicaOpenSessions${aurora}`)).toBe(40);
  // No read has waited: there is no mean.
  expect(found.has(`AuroraForwardingReplicaReadWaitLatency${aurora}`)).toBe(false);
  const primary = '{DBClusterIdentifier="orders-us-east-1",SourceRegion="us-east-1"}';
  expect(found.get(`AuroraForwardingWriterDMLThroughput${primary}`)).toBe(5);
  expect(found.has(`AuroraForwardingReplicaDMLThroughput${primary}`)).toBe(false);
});
