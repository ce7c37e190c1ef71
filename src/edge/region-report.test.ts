import { expect, test } from "vitest";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import { reportRegion, type RegionSight } from "./region-report.ts";

const web = "web" as ServiceId;
const orders = "orders" as DatabaseId;
const facts = { service: web, because: "why", open: 0, served: 0, failed: 0 };

const sight = (change: Partial<RegionSight>): RegionSight => ({
  region: "east" as RegionId,
  service: web,
  database: undefined,
  isLeaving: false,
  services: [{ ...facts, ready: 1, isHealthy: true }],
  databases: [],
  ...change,
});

test.for<readonly [string, Partial<RegionSight>, string]>([
  ["its service is ready", {}, "healthy"],
  ["no replica is ready", { services: [{ ...facts, ready: 0, isHealthy: false }] }, "unhealthy"],
  ["the service does not run here", { services: [] }, "unhealthy"],
  ["it leaves", { isLeaving: true }, "leaving"],
  ["writes must arrive and nobody knows", { database: orders }, "unhealthy"],
  [
    "writes must arrive and do not",
    { database: orders, databases: [{ database: orders, canWrite: false, because: "" }] },
    "unhealthy",
  ],
  [
    "writes must arrive and do",
    { database: orders, databases: [{ database: orders, canWrite: true, because: "" }] },
    "healthy",
  ],
  [
    "writes do not arrive and nobody asks",
    { databases: [{ database: orders, canWrite: false, because: "" }] },
    "healthy",
  ],
])("when %s, it is %s", ([, change, status]) => {
  expect(reportRegion(sight(change)).status).toBe(status);
});
