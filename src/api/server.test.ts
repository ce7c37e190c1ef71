import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleSnapshot, FakeWorld, MemoryLog } from "../../test/fake-world.ts";
import { nodeClock } from "../env/node/clock.ts";
import { Failure } from "../model/failure.ts";
import { Secret } from "../std/secret.ts";
import type { ApiApp } from "./routes.ts";
import { buildApi } from "./server.ts";

const world = new FakeWorld();
const log = new MemoryLog();
const end = new AbortController();
let app: ApiApp;

const headers = { host: "127.0.0.1:7400", authorization: "Bearer right" };

beforeAll(async () => {
  const options = { token: new Secret("right"), hosts: ["127.0.0.1", "localhost"] };
  app = await buildApi(world, { ...options, log, clock: nodeClock, version: "0.1.0" }, end.signal);
});

afterAll(async () => {
  end.abort();
  await app.close();
});

test("the status is answered as the world gives it", async () => {
  const answer = await app.inject({ url: "/v1/status", headers });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual(world.statusNow);
});

test.for(["/healthz", "/metrics", "/openapi.json"])("%s needs no token", async (url) => {
  const { host } = headers;
  expect((await app.inject({ url, headers: { host } })).statusCode).toBe(200);
});

test.for(["/v1/status", "/v1/events", "/v1/watch", "/v1/links", "/nothing"])(
  "%s answers nothing without the token",
  async (url) => {
    const { host } = headers;
    const answer = await app.inject({ url, headers: { host } });
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ code: "api.unauthorized" });
  },
);

test.for(["Bearer wrong", "Bearer righ", "Basic right", "right", "Bearer "])(
  "the token %j is refused",
  async (authorization) => {
    const answer = await app.inject({ url: "/v1/status", headers: { ...headers, authorization } });
    expect(answer.statusCode).toBe(401);
    expect(answer.body).not.toContain("right");
  },
);

test.for([
  { host: "evil.example" },
  { host: "127.0.0.1.evil.example:7400" },
  { origin: "https://evil.example" },
  { origin: "null" },
])("a foreign name %j is refused, with the right token too", async (foreign) => {
  const answer = await app.inject({ url: "/v1/status", headers: { ...headers, ...foreign } });
  expect(answer.statusCode).toBe(403);
  expect(answer.json()).toMatchObject({ code: "api.foreign-origin" });
});

test("a page of our own may ask", async () => {
  const own = { ...headers, host: "localhost:7400", origin: "http://localhost:7400" };
  expect((await app.inject({ url: "/v1/status", headers: own })).statusCode).toBe(200);
});

test("a problem has its code's status, its message and its hint", async () => {
  const answer = await app.inject({ method: "POST", url: "/v1/regions/mars/kill", headers });
  expect(answer.statusCode).toBe(404);
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect(answer.json()).toEqual({
    code: "region.unknown",
    message: 'There is no Region "mars"',
    hint: new Failure("region.unknown", "").hint,
  });
});

test.for([
  ["GET", "/v1/events?limit=0", undefined, "limit"],
  ["GET", "/v1/events?after=x", undefined, "after"],
  ["POST", "/v1/regions/us-east-1/explode", undefined, "action"],
  ["PATCH", "/v1/links/us-east-1/us-west-2", { rttMs: "fast" }, "rttMs"],
  ["PATCH", "/v1/links/us-east-1/us-west-2", { rtt: 1 }, "rtt"],
  ["POST", "/v1/databases/orders/operations", { kind: "explode", to: "us-west-2" }, "kind"],
  ["POST", "/v1/databases/orders/operations", { kind: "failover" }, "to"],
  ["POST", "/v1/databases/orders/operations", { kind: "add", to: "x", force: true }, "force"],
  [
    "POST",
    "/v1/databases/orders/operations",
    { kind: "failover", to: "us-west-2", overrideFence: "  " },
    "overrideFence",
  ],
  ["GET", "/v1/operations?after=x", undefined, "after"],
  ["GET", "/v1/operations/x?after=-1", undefined, "after"],
] as const)("%s %s %j is refused with the field", async ([method, url, body, field]) => {
  const payload = body === undefined ? {} : { payload: body };
  const answer = await app.inject({ method, url, headers, ...payload });
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ code: "api.invalid" });
  expect(answer.json<{ message: string }>().message).toContain(field);
});

test("a body that is no JSON, or too large, is refused", async () => {
  const send = async (payload: string): Promise<{ json(): unknown; statusCode: number }> =>
    app.inject({
      method: "PATCH",
      url: "/v1/links/us-east-1/us-west-2",
      headers: { ...headers, "content-type": "application/json" },
      payload,
    });
  expect((await send("{")).json()).toMatchObject({ code: "api.invalid" });
  const large = await send(`{"rttMs":${"1".repeat(20_000)}}`);
  expect(large.statusCode).toBe(413);
  expect(large.json()).toMatchObject({ code: "api.invalid" });
});

test("an unknown path is a problem, too", async () => {
  const answer = await app.inject({ url: "/v2/status?x=1", headers });
  expect(answer.statusCode).toBe(404);
  expect(answer.json()).toMatchObject({
    code: "api.not-found",
    message: "There is no GET /v2/status",
  });
});

test("a bug is logged under an id, and the client gets the id alone", async () => {
  const broken = new FakeWorld();
  broken.links = () => {
    throw new TypeError("a secret detail");
  };
  const heard = new MemoryLog();
  const options = { token: new Secret("right"), hosts: ["127.0.0.1"], log: heard };
  const other = await buildApi(broken, { ...options, clock: nodeClock, version: "0" }, end.signal);
  const answer = await other.inject({ url: "/v1/links", headers });
  await other.close();
  expect(answer.statusCode).toBe(500);
  expect(answer.body).not.toContain("secret detail");
  const [, id] = /\(id (\S+)\)/.exec(answer.json<{ message: string }>().message) ?? [];
  expect(heard.lines).toHaveLength(1);
  expect(heard.lines[0]).toContain(`"id":"${id}"`);
  expect(heard.lines[0]).toContain("a secret detail");
});

test("a change of a link reaches the world", async () => {
  const answer = await app.inject({
    method: "PATCH",
    url: "/v1/links/us-east-1/us-west-2",
    headers,
    payload: { rttMs: 120 },
  });
  expect(answer.json()).toMatchObject({ rttMs: 120, between: ["us-east-1", "us-west-2"] });
  expect(world.changes).toEqual([{ between: "us-east-1 us-west-2", change: { rttMs: 120 } }]);
});

test.for(["/v1/status", "/nothing", "/healthz"])(
  "the answer of %s forbids caching, sniffing and framing",
  async (url) => {
    const answer = await app.inject({ url, headers });
    expect(answer.headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    expect(answer.headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  },
);

test("an operation that has begun is accepted, and is found under its id", async () => {
  const begun = await app.inject({
    method: "POST",
    url: "/v1/databases/orders/operations",
    headers,
    payload: { kind: "switchover", to: "us-west-2" },
  });
  expect(begun.statusCode).toBe(202);
  const { id } = begun.json<{ id: string }>();
  expect(world.begun.at(-1)?.request).toEqual({
    kind: "switchover",
    to: "us-west-2",
    allowDataLoss: false,
    pins: "refuse",
  });
  const found = await app.inject({ url: `/v1/operations/${id}`, headers });
  expect(found.json()).toMatchObject({
    id,
    database: "orders",
    change: expect.any(Number) as number,
  });
  const list = await app.inject({ url: "/v1/operations?database=orders", headers });
  expect(list.json()).toMatchObject({ operations: [{ id }] });
  const cancelled = await app.inject({
    method: "POST",
    url: `/v1/operations/${id}/cancel`,
    headers,
  });
  expect(cancelled.json()).toMatchObject({ id, isCancelled: true });
});

test("a preview begins nothing", async () => {
  const before = world.begun.length;
  const answer = await app.inject({
    method: "POST",
    url: "/v1/databases/orders/operations/preview",
    headers,
    payload: { kind: "failover", to: "us-west-2" },
  });
  expect(answer.json()).toMatchObject({
    isPossible: true,
    estimatedLoss: { transactions: 3, bytes: 1_229, ms: 40 },
  });
  expect(world.begun).toHaveLength(before);
});

test("evidence is listed and removed by its Region and name", async () => {
  world.snapshotsNow = [exampleSnapshot()];
  const { region, name } = exampleSnapshot();
  const list = await app.inject({ url: "/v1/snapshots", headers });
  expect(list.json()).toEqual({ snapshots: [exampleSnapshot()] });
  const url = `/v1/snapshots/${region}/${name}`;
  const removed = await app.inject({ method: "DELETE", url, headers });
  expect(removed.json()).toEqual({ region, name });
  expect(world.snapshotsNow).toEqual([]);
});
