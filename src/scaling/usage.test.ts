import { expect, test } from "vitest";
import type { ServiceId } from "../model/service.ts";
import type { ReplicaFacts } from "../wire/traffic-protocol.ts";
import { initializationMs, usageOf } from "./usage.ts";

function replica(number: number, changes: Partial<ReplicaFacts> = {}): ReplicaFacts {
  return {
    service: "webapp" as ServiceId,
    number,
    state: "ready",
    because: "",
    pid: 100 + number,
    restarts: 0,
    ageMs: 60_000,
    cpuMillis: 100,
    ...changes,
  };
}

const kindsOf = (replicas: readonly ReplicaFacts[], current: number): readonly string[] =>
  usageOf(replicas, current, ({ cpuMillis }) => cpuMillis).map(({ kind }) => kind);

test("S3: a ready replica that nobody measured is missing", () => {
  expect(kindsOf([replica(1), replica(2, { cpuMillis: undefined })], 2)).toEqual([
    "measured",
    "missing",
  ]);
});

test("S4: what starts, and what waits to be started again, is not ready, whatever it uses", () => {
  const replicas = [replica(1, { state: "starting" }), replica(2, { state: "waiting" })];
  expect(kindsOf(replicas, 2)).toEqual(["unready", "unready"]);
});

test("S4: a replica that answers no more is set aside while it is young, and counts when it is old", () => {
  const young = replica(1, { state: "unready", ageMs: initializationMs - 1 });
  const old = replica(2, { state: "unready", ageMs: initializationMs });
  expect(kindsOf([young, old], 2)).toEqual(["unready", "measured"]);
});

test("S4: a replica that nobody has started yet is not ready", () => {
  expect(kindsOf([replica(1)], 3)).toEqual(["measured", "unready", "unready"]);
});

test("S4: a replica that ends, or is one too many, does not count", () => {
  const replicas = [replica(1), replica(2, { state: "stopping" }), replica(3)];
  expect(kindsOf(replicas, 2)).toEqual(["measured", "unready"]);
  expect(kindsOf([replica(1), replica(2), replica(3, { state: "stopping" })], 2)).toEqual([
    "measured",
    "measured",
  ]);
});
