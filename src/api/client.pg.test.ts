/** The client against the real server, on a socket: what is asked here is answered there, and comes back whole. */
import { afterEach, expect, test, vi } from "vitest";
import { connect } from "node:net";
import { exampleStatus, FakeWorld, MemoryLog } from "../../test/fake-world.ts";
import { nodeClock } from "../env/node/clock.ts";
import type { Address } from "../model/address.ts";
import { Secret } from "../std/secret.ts";
import { ApiClient, type Change } from "./client.ts";
import { startApi } from "./server.ts";

const token = new Secret("right");
const ends: AbortController[] = [];
const clients: ApiClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const end of ends.splice(0)) end.abort();
});

type Served = { readonly address: Address; stop(): Promise<void> };

async function serve(world: FakeWorld, port = 0): Promise<Served> {
  const end = new AbortController();
  ends.push(end);
  const options = { token, hosts: ["127.0.0.1"], log: new MemoryLog(), clock: nodeClock };
  const address = { host: "127.0.0.1", port };
  const api = await startApi(world, { ...options, address, version: "0.1.0" }, end.signal);
  return {
    address: api.address,
    stop: async () => {
      end.abort();
      await api.ended;
    },
  };
}

function clientOf(address: Address, secret = token): ApiClient {
  const client = new ApiClient(address, secret, nodeClock);
  clients.push(client);
  return client;
}

/** Runs a watch into a list until the signal aborts. */
function collect(client: ApiClient, after: number | undefined, end: AbortController): Change[] {
  const seen: Change[] = [];
  ends.push(end);
  void (async () => {
    for await (const change of client.watch(after, end.signal)) seen.push(change);
  })().catch(() => undefined);
  return seen;
}

const never = new AbortController().signal;
const ids = (changes: readonly Change[]): number[] =>
  changes.flatMap((change) => (change.kind === "event" ? [change.event.id] : []));

test("every question is answered over a socket", async () => {
  const world = new FakeWorld();
  world.happen("one");
  world.happen("two", "us-west-2");
  const { address } = await serve(world);
  const client = clientOf(address);
  expect(await client.status(never)).toEqual(exampleStatus());
  expect(await client.links(never)).toEqual(exampleStatus().links);
  const page = await client.events({ after: 0, region: "us-west-2" }, never);
  expect(page.events.map(({ message }) => message)).toEqual(["two"]);
  const done = await client.actOnRegion("us-east-1", "kill", never);
  expect(done).toEqual({ region: "us-east-1", action: "kill", tookMs: 12 });
  const link = await client.changeLink(["us-east-1", "us-west-2"], { rttMs: 90 }, never);
  expect(link.rttMs).toBe(90);
});

test("what the world refuses comes back as the same failure", async () => {
  const { address } = await serve(new FakeWorld());
  await expect(clientOf(address).actOnRegion("mars", "stop", never)).rejects.toMatchObject({
    name: "Failure",
    code: "region.unknown",
    message: 'There is no Region "mars"',
  });
  await expect(clientOf(address, new Secret("wrong")).status(never)).rejects.toMatchObject({
    code: "api.unauthorized",
  });
});

test("nobody listening is a world that does not run", async () => {
  const { address, stop } = await serve(new FakeWorld());
  await stop();
  await expect(clientOf(address).status(never)).rejects.toMatchObject({
    code: "world.not-running",
  });
});

test("a port that is taken is said so", async () => {
  const { address } = await serve(new FakeWorld());
  await expect(serve(new FakeWorld(), address.port)).rejects.toMatchObject({
    code: "network.address-in-use",
  });
});

test("a watcher gets the status at once, each change of it, and each event once", async () => {
  const world = new FakeWorld();
  world.happen("before");
  const { address } = await serve(world);
  const end = new AbortController();
  const seen = collect(clientOf(address), undefined, end);
  await vi.waitFor(() => expect(seen[0]).toEqual({ kind: "status", status: exampleStatus() }));
  world.happen("after");
  world.statusNow = { ...exampleStatus(), isReady: false };
  await vi.waitFor(() => expect(seen).toHaveLength(3));
  expect(ids(seen)).toEqual([2]);
  expect(seen.findLast(({ kind }) => kind === "status")).toMatchObject({
    status: { isReady: false },
  });
  end.abort();
  await vi.waitFor(() => expect(world.followers).toBe(0));
});

test("ages that grow are no change", async () => {
  const world = new FakeWorld();
  const { address } = await serve(world);
  const seen = collect(clientOf(address), undefined, new AbortController());
  await vi.waitFor(() => expect(seen).toHaveLength(1));
  const older = exampleStatus();
  const region = older.regions["us-east-1"];
  if (region) region.reportAgeMs = 900;
  world.statusNow = older;
  // An event that comes through after the next looks shows that no status did.
  await nodeClock.sleep(600, never);
  world.happen("news");
  await vi.waitFor(() => expect(seen.map(({ kind }) => kind)).toEqual(["status", "event"]));
});

test("a watcher with a cursor gets everything after it, in order, without a gap", async () => {
  const world = new FakeWorld();
  for (let count = 0; count < 1203; count += 1) world.happen(`number ${count}`);
  const { address } = await serve(world);
  const seen = collect(clientOf(address), 3, new AbortController());
  for (let count = 0; count < 20; count += 1) {
    world.happen("while it catches up");
    await Promise.resolve();
  }
  await vi.waitFor(() => expect(ids(seen)).toHaveLength(1220));
  expect(ids(seen)).toEqual(Array.from({ length: 1220 }, (_, index) => index + 4));
});

test("a watcher comes back after a restart of the controller and misses no event", async () => {
  const world = new FakeWorld();
  const first = await serve(world);
  const seen = collect(clientOf(first.address), undefined, new AbortController());
  await vi.waitFor(() => expect(seen).toHaveLength(1));
  await first.stop();
  world.happen("while nobody serves");
  await serve(world, first.address.port);
  await vi.waitFor(() => expect(ids(seen)).toEqual([1]), 5_000);
  world.happen("afterwards");
  await vi.waitFor(() => expect(ids(seen)).toEqual([1, 2]));
});

test("a watcher with a cursor waits for a controller that died since it was told the cursor", async () => {
  const world = new FakeWorld();
  const first = await serve(world);
  world.happen("before");
  await first.stop();
  const seen = collect(clientOf(first.address), 1, new AbortController());
  world.happen("while nobody serves");
  await serve(world, first.address.port);
  await vi.waitFor(() => expect(ids(seen)).toEqual([2]), 5_000);
});

test("a watch that never began fails at once", async () => {
  const { address, stop } = await serve(new FakeWorld());
  await stop();
  const first = clientOf(address).watch(undefined, never).next();
  await expect(first).rejects.toMatchObject({ code: "world.not-running" });
});

test("a reader that takes nothing holds back its own stream only", async () => {
  const world = new FakeWorld();
  const { address } = await serve(world);
  const stopped = connect(address.port, address.host);
  stopped.pause();
  stopped.write(
    `GET /v1/watch?after=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer right\r\n\r\n`,
  );
  await vi.waitFor(() => expect(world.followers).toBe(1));
  const big = "x".repeat(100_000);
  for (let count = 0; count < 200; count += 1) world.happen(big);
  const seen = collect(clientOf(address), 0, new AbortController());
  await vi.waitFor(() => expect(ids(seen)).toHaveLength(200), 10_000);
  stopped.destroy();
  await vi.waitFor(() => expect(world.followers).toBe(1));
}, 15_000);
