import { expect, test } from "vitest";
import type { ServiceId } from "../model/service.ts";
import type { ReplicaFacts } from "../wire/traffic-protocol.ts";
import { CpuMeans } from "./cpu-means.ts";

function replica(cpuMillis: number | undefined, changes: Partial<ReplicaFacts> = {}): ReplicaFacts {
  return {
    service: "webapp" as ServiceId,
    number: 1,
    state: "ready",
    because: "",
    pid: 101,
    restarts: 0,
    ageMs: 60_000,
    cpuMillis,
    ...changes,
  };
}

test("S10: what counts is the mean since the last look, and not the last sample", () => {
  const means = new CpuMeans();
  for (const cpuMillis of [900, 0, undefined, 300]) means.take([replica(cpuMillis)]);
  expect(means.of(replica(300))).toBe(400);
  means.clear();
  expect(means.of(replica(300))).toBeUndefined();
});

test("S10: what a process used while it started is not in its mean", () => {
  const means = new CpuMeans();
  means.take([replica(1_000, { state: "starting" })]);
  expect(means.of(replica(50))).toBeUndefined();
  means.take([replica(50)]);
  expect(means.of(replica(50))).toBe(50);
});

test("S10: another process of the same number begins anew", () => {
  const means = new CpuMeans();
  means.take([replica(800)]);
  const next = replica(100, { pid: 102, restarts: 1 });
  expect(means.of(next)).toBeUndefined();
  means.take([next]);
  expect(means.of(next)).toBe(100);
});
