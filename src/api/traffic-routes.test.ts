import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  exampleControls,
  exampleDistribution,
  exampleNames,
  exampleServices,
  exampleTraffic,
} from "../../test/fake-traffic.ts";
import { exampleOperation, FakeWorld, MemoryLog } from "../../test/fake-world.ts";
import { nodeClock } from "../env/node/clock.ts";
import { Failure } from "../model/failure.ts";
import { Secret } from "../std/secret.ts";
import type { ApiApp } from "./routes.ts";
import { buildApi } from "./server.ts";

const world = new FakeWorld();
const end = new AbortController();
let app: ApiApp;

beforeAll(async () => {
  const options = { token: new Secret("right"), hosts: ["127.0.0.1"], log: new MemoryLog() };
  app = await buildApi(world, { ...options, clock: nodeClock, version: "0.1.0" }, end.signal);
});
beforeEach(() => world.reset());
afterAll(async () => {
  end.abort();
  await app.close();
});

type Answer = {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
};

async function ask(
  method: "GET" | "PATCH" | "POST" | "PUT",
  url: string,
  body?: object,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const headers = { host: "127.0.0.1:7400", authorization: "Bearer right", ...more };
  const payload = body === undefined ? {} : { payload: body };
  const {
    statusCode,
    json,
    headers: answered,
  } = await app.inject({
    method,
    url,
    headers,
    ...payload,
  });
  return { status: statusCode, body: json(), headers: answered };
}

test.for([
  ["/v1/controls", exampleControls()],
  ["/v1/traffic", exampleTraffic()],
  ["/v1/names", exampleNames()],
  ["/v1/distribution", exampleDistribution()],
  ["/v1/services", exampleServices()],
] as const)("%s is answered as the world gives it", async ([url, expected]) => {
  expect(await ask("GET", url)).toMatchObject({ status: 200, body: expected });
});

test("a batch of controls reaches the world whole, and is answered with what was switched", async () => {
  const controls = [
    { name: "us-west-2", state: "On" },
    { name: "us-east-1", state: "Off" },
  ];
  const { status, body } = await ask("PUT", "/v1/controls", { controls });
  expect(status).toBe(200);
  expect(body).toMatchObject({ changed: [{ name: "us-east-1", state: "Off" }], overridden: [] });
  expect(world.wishes).toEqual([{ what: "controls", controls }]);
});

test("a rule that refuses is a conflict", async () => {
  world.onWish = () => {
    throw new Failure("control.rule-failed", "rule at-least-one of panel default refuses");
  };
  const controls = [{ name: "us-east-1", state: "Off" }];
  expect(await ask("PUT", "/v1/controls", { controls })).toMatchObject({
    status: 409,
    body: { code: "control.rule-failed" },
  });
});

test.for([
  ["PUT", "/v1/controls", { controls: [{ name: "us-east-1", state: "off" }] }],
  ["PUT", "/v1/controls", { controls: [{ name: "us-east-1", isOn: true }] }],
  ["PATCH", "/v1/traffic/regions/us-east-1", {}],
  ["PATCH", "/v1/traffic/regions/us-east-1", { dial: 101 }],
  ["PATCH", "/v1/traffic/regions/us-east-1", { dial: 10.5 }],
  ["PATCH", "/v1/traffic/regions/us-east-1", { weight: 256 }],
  ["PUT", "/v1/distribution/origin", { region: "us-west-2" }],
  ["PUT", "/v1/distribution/origin", { region: "us-west-2", ifMatch: "" }],
  ["PUT", "/v1/services/webapp/replicas", { replicas: -1 }],
  ["PUT", "/v1/services/webapp/replicas", { replicas: 1, regions: ["us-east-1"] }],
  ["POST", "/v1/regions/us-west-2/prescale", { percent: 0 }],
  ["POST", "/v1/databases/orders/failover", {}],
] as const)(
  "%s %s with %j is refused before the world hears of it",
  async ([method, url, body]) => {
    expect(await ask(method, url, body)).toMatchObject({
      status: 400,
      body: { code: "api.invalid" },
    });
    expect(world.wishes).toEqual([]);
  },
);

test("a dial and a weight go together, and what is left out stays as it is", async () => {
  const answer = await ask("PATCH", "/v1/traffic/regions/us-east-1", { dial: 10 });
  expect(answer.body).toEqual({ region: "us-east-1", dial: 10, weight: 128, isOn: true });
  await ask("PATCH", "/v1/traffic/regions/us-east-1", { dial: 0, weight: 0 });
  expect(world.wishes.at(-1)).toEqual({ what: "traffic", region: "us-east-1", dial: 0, weight: 0 });
});

const origin = "/v1/distribution/origin";
const west = { region: "us-west-2" };

test.for([
  ['"first-us-east-1"', {}],
  ['W/"first-us-east-1"', {}],
  ["first-us-east-1", { ifMatch: "first-us-east-1" }],
] as const)("the origin moves by the tag in If-Match: %s, %j", async ([tag, field]) => {
  const { etag } = (await ask("GET", "/v1/distribution")).headers;
  expect(etag).toBe('"first-us-east-1"');
  const answer = await ask("PUT", origin, { ...west, ...field }, { "if-match": tag });
  expect(answer).toMatchObject({ status: 200, headers: { etag: '"0b1e"' } });
  expect(world.wishes).toEqual([
    { what: "origin", region: "us-west-2", ifMatch: "first-us-east-1", force: false },
  ]);
});

test("the origin does not move by a tag that is outdated, or by two", async () => {
  expect(await ask("PUT", origin, { ...west, ifMatch: "older" })).toMatchObject({
    status: 412,
    body: { code: "distribution.tag-mismatch" },
  });
  const both = await ask("PUT", origin, { ...west, ifMatch: "one" }, { "if-match": '"other"' });
  expect(both).toMatchObject({ status: 400, body: { code: "api.invalid" } });
  expect((await ask("PUT", origin, { ...west, ifMatch: "*", force: true })).status).toBe(200);
});

test("a world without a distribution has nothing to show or to move", async () => {
  world.distributionNow = undefined;
  const none = { status: 404, body: { code: "distribution.unknown" } };
  expect(await ask("GET", "/v1/distribution")).toMatchObject(none);
  expect(await ask("POST", "/v1/distribution/invalidations")).toMatchObject(none);
});

test("warming a Region is no action on it, and the actions stay what they are", async () => {
  const warmed = await ask("POST", "/v1/regions/us-west-2/prescale", { percent: 200 });
  expect(warmed.body).toMatchObject({ holdMs: 600_000, services: [{ from: 2, to: 12 }] });
  expect((await ask("POST", "/v1/regions/us-west-2/kill")).status).toBe(200);
  expect(world.actions).toEqual(["kill us-west-2"]);
});

test("the simplest button answers 200 when the database is there, and 202 while it goes on", async () => {
  const url = "/v1/databases/orders/failover";
  const done = await ask("POST", url, { to: "us-west-2", allowDataLoss: true });
  expect(done).toMatchObject({ status: 200, body: { isDone: true, operation: null } });
  expect(world.wishes).toEqual([
    { what: "move", database: "orders", to: "us-west-2", allowDataLoss: true },
  ]);
  const operation = exampleOperation();
  world.onMove = (result) => ({ ...result, isDone: false, operation });
  const going = await ask("POST", url, { to: "us-west-2", from: "us-east-1" });
  expect(going).toMatchObject({ status: 202, body: { operation: { id: operation.id } } });
});
