import { expect, test } from "vitest";
import type { DatabaseView } from "../database/region-agent.ts";
import type { HealthAnswer } from "../env/node/health-server.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { answerRest } from "./rest.ts";

const writer: DatabaseView = {
  role: "primary",
  isServing: true,
  hasLease: true,
  leaseLeftMs: 2_000,
  timeline: 3,
  lagBytes: undefined,
};
const copy: DatabaseView = {
  role: "secondary",
  isServing: true,
  hasLease: false,
  leaseLeftMs: 0,
  timeline: 3,
  lagBytes: 10 * 2 ** 20,
};

function ask(
  target: string,
  views: Readonly<Record<string, DatabaseView | undefined>>,
  method = "GET",
): HealthAnswer {
  const [path = "", query = ""] = target.split("?");
  return answerRest(
    { method, path, query: new Map(new URLSearchParams(query)) },
    {
      region: "us-east-1" as RegionId,
      databases: Object.keys(views) as DatabaseId[],
      view: (database) => views[database],
    },
  );
}

const primaryPaths = ["/", "/primary", "/master", "/leader", "/read-write"];

test.for(primaryPaths)("%s is 200 where the writer serves with its lease in hand", (path) => {
  expect(ask(path, { orders: writer }).status).toBe(200);
  expect(ask(path, { orders: copy }).status).toBe(503);
});

test("a primary without a lease, or that does not serve, is none", () => {
  expect(ask("/primary", { orders: { ...writer, hasLease: false } }).status).toBe(503);
  expect(ask("/primary", { orders: { ...writer, isServing: false } }).status).toBe(503);
  expect(ask("/read-only", { orders: { ...writer, hasLease: false } }).status).toBe(503);
});

test("a database that nobody knows anything of yet is no primary, and the agent lives", () => {
  expect(ask("/primary", { orders: undefined })).toMatchObject({
    status: 503,
    body: { state: "unknown" },
  });
  expect(ask("/patroni", { orders: undefined }).status).toBe(200);
  expect(ask("/liveness", { orders: undefined }).status).toBe(200);
});

test.for([
  ["/replica", 200],
  ["/replica?lag=10MB", 200],
  ["/replica?lag=10485759", 503],
  ["/replica?lag=9MB", 503],
  ["/replica?lag=1.5%20GB", 200],
  ["/replica?lag=far", 400],
  ["/read-only", 200],
  ["/health", 200],
  ["/readiness", 200],
] as const)("on a secondary that lags by 10 MiB, %s is %i", ([target, status]) => {
  expect(ask(target, { orders: copy }).status).toBe(status);
});

test("a secondary whose lag is not known is within no bound", () => {
  const unknown = { ...copy, lagBytes: undefined };
  expect(ask("/replica", { orders: unknown }).status).toBe(200);
  expect(ask("/replica?lag=1GB", { orders: unknown }).status).toBe(503);
});

test("a secondary that does not serve is neither", () => {
  const stopped = { ...copy, isServing: false };
  for (const path of ["/replica", "/read-only", "/health", "/readiness"]) {
    expect(ask(path, { orders: stopped }).status).toBe(503);
  }
});

test("of several databases one is named, in the path or in the query", () => {
  const both = { orders: writer, catalog: copy };
  expect(ask("/orders/primary", both).status).toBe(200);
  expect(ask("/catalog/primary", both).status).toBe(503);
  expect(ask("/catalog/replica", both).status).toBe(200);
  expect(ask("/primary?database=orders", both).status).toBe(200);
  expect(ask("/orders", both).status).toBe(200);
  expect(ask("/primary", both)).toMatchObject({
    status: 400,
    body: { databases: ["orders", "catalog"] },
  });
  expect(ask("/billing/primary", both).status).toBe(404);
});

test("a database that is called like a check is meant in the long form", () => {
  const both = { replica: writer, orders: copy };
  expect(ask("/replica/primary", both).status).toBe(200);
  expect(ask("/replica", both).status).toBe(400);
});

test("what is not there is 404, and nothing is changed by asking", () => {
  expect(ask("/config", { orders: writer }).status).toBe(404);
  expect(ask("/orders/primary/more", { orders: writer }).status).toBe(404);
  expect(ask("/primary", { orders: writer }, "POST").status).toBe(405);
});

test("the body speaks Patroni's words", () => {
  expect(ask("/primary", { orders: writer }).body).toEqual({
    state: "running",
    role: "primary",
    timeline: 3,
    has_lease: true,
    database: "orders",
    region: "us-east-1",
  });
});
