import { expect, test } from "vitest";
import { aSystem, anInstance, east, someLag, west } from "../../test/system-snapshot.ts";
import type { SystemSnapshot } from "../database/controller.ts";
import { metricsRegistry } from "./metrics.ts";

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
    regionStates: () => [{ region: east, state: "serving" }],
    directions: () => [{ from: east, to: west, conditions }],
    traffic: () => [{ from: east, to: west, ...carried }],
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
