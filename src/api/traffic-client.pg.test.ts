/** The questions about traffic over a real socket: what is asked here is answered there, and comes back whole. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleOperation, FakeWorld, MemoryLog } from "../../test/fake-world.ts";
import { nodeClock } from "../env/node/clock.ts";
import { Secret } from "../std/secret.ts";
import { ApiClient } from "./client.ts";
import { startApi } from "./server.ts";
import type { TrafficClient } from "./traffic-client.ts";

const world = new FakeWorld();
const end = new AbortController();
const never = new AbortController().signal;
const token = new Secret("right");
let client: ApiClient;
let traffic: TrafficClient;
let ended: Promise<void>;

beforeAll(async () => {
  const options = { token, hosts: ["127.0.0.1"], log: new MemoryLog(), clock: nodeClock };
  const address = { host: "127.0.0.1", port: 0 };
  const api = await startApi(world, { ...options, address, version: "0.1.0" }, end.signal);
  ended = api.ended;
  client = new ApiClient(api.address, token, nodeClock);
  traffic = client.traffic;
});

afterAll(async () => {
  client.close();
  end.abort();
  await ended;
});

test("everything that can be seen comes back whole", async () => {
  expect(await traffic.controls(never)).toEqual(world.controlsNow);
  expect(await traffic.traffic(never)).toEqual(world.trafficNow);
  expect(await traffic.names(never)).toEqual(world.namesNow);
  expect(await traffic.distribution(never)).toEqual(world.distributionNow);
  expect(await traffic.services(never)).toEqual(world.servicesNow);
});

test("everything that can be changed arrives as it was asked for", async () => {
  const controls = [{ name: "us-east-1", state: "Off" as const }];
  const override = { rules: ["at-least-one"], reason: "a drill in both Regions" };
  await traffic.setControls({ controls, override }, never);
  await traffic.changeTraffic("us-east-1", { weight: 3 }, never);
  await traffic.setOrigin({ region: "us-west-2", ifMatch: "*", force: true }, never);
  expect((await traffic.invalidate(never)).invalidations).toBe(1);
  await traffic.setReplicas("webapp", { region: "us-east-1", replicas: 4 }, never);
  await traffic.prescale("us-west-2", 200, never);
  expect(world.wishes).toEqual([
    { what: "controls", controls, override },
    { what: "traffic", region: "us-east-1", weight: 3 },
    { what: "origin", region: "us-west-2", ifMatch: "*", force: true },
    { what: "invalidation" },
    { what: "replicas", service: "webapp", region: "us-east-1", replicas: 4 },
    { what: "prescale", region: "us-west-2", percent: 200 },
  ]);
});

test("a move that is not done yet comes back with its operation", async () => {
  const operation = exampleOperation();
  world.onMove = (result) => ({ ...result, isDone: false, operation });
  const moved = await traffic.moveDatabase("orders", { to: "us-west-2" }, never);
  expect(moved).toMatchObject({ isDone: false, operation: { id: operation.id } });
});
