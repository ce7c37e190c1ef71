import { connect, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import {
  ask,
  Backend,
  canConnect,
  drawPlace,
  east,
  named,
  RunningOutside,
  RunningRegion,
  west,
  type OutsideOptions,
} from "../../test/edge/places.ts";
import { until } from "../../test/e2e/until.ts";
import type { Address } from "../model/address.ts";
import type { RegionId } from "../model/region.ts";

type Two = {
  readonly east: Backend;
  readonly west: Backend;
  readonly edges: readonly [RunningRegion, RunningRegion];
  readonly outside: RunningOutside;
};

async function twoRegions(options: OutsideOptions = {}): Promise<Two> {
  const backends = [
    await Backend.start(named("east")),
    await Backend.start(named("west")),
  ] as const;
  const edges = [
    await RunningRegion.start([backends[0]], { region: east }),
    await RunningRegion.start([backends[1]], { region: west }),
  ] as const;
  const outside = await RunningOutside.start([edges[0].entry, edges[1].entry], options);
  return { east: backends[0], west: backends[1], edges, outside };
}

const near = (region: RegionId): RequestInit => ({ headers: { "x-near": region } });

const traffic = (
  region: RegionId,
  change: Partial<{ readonly isOn: boolean; readonly dial: number }>,
): { readonly regions: { region: RegionId; isOn: boolean; dial: number; weight: number }[] } => ({
  regions: [east, west].map((one) => ({
    region: one,
    isOn: true,
    dial: 100,
    weight: 128,
    ...(one === region ? change : {}),
  })),
});

test("a client reaches the Region that it is near to, and hears which one answered", async () => {
  const { outside } = await twoRegions();
  const first = await ask(outside.entry);
  expect([first.body, first.headers.get("x-leeward-region")]).toEqual(["east", "east"]);
  expect((await ask(outside.entry, "/", near(west))).body).toBe("west");
  expect((await ask(outside.entry, "/", near("nowhere" as RegionId))).body).toBe("east");
});

test("a Region that is lost costs no reader an answer, and the first to notice are rescued", async () => {
  const { outside, edges } = await twoRegions();
  await ask(outside.entry);
  await edges[0].stop();
  const answer = await ask(outside.entry);
  expect([answer.status, answer.body]).toEqual([200, "west"]);
  for (let n = 0; n < 20; n += 1) expect((await ask(outside.entry)).status).toBe(200);
  await until("it is seen", 5_000, () => !outside.facts(east).isHealthy);
  expect(outside.facts(west).rescued).toBeGreaterThanOrEqual(1);
});

test("what a Region refuses because no replica is ready goes elsewhere, also a POST: nobody has seen it", async () => {
  const { outside, edges } = await twoRegions();
  edges[0].tell({ replicas: [] });
  const answer = await ask(outside.entry, "/", { method: "POST", body: "x" });
  expect([answer.status, answer.body]).toEqual([200, "west"]);
  expect(answer.headers.get("x-leeward-edge")).toBeNull();
});

test("a POST whose connection broke is never sent twice", async () => {
  const { outside, east: backend, west: other } = await twoRegions();
  backend.server.removeAllListeners("request");
  let asked = 0;
  backend.server.on("request", (request, response) => {
    if (request.url === "/health") return void response.end();
    asked += 1;
    request.socket.resetAndDestroy();
  });
  const answer = await ask(outside.entry, "/", { method: "POST", body: "x" });
  expect(answer.status).toBe(502);
  expect([asked, other.seen.length]).toEqual([1, 0]);
  expect((await ask(outside.entry)).body).toBe("west");
});

test("nobody is asked a third time", async () => {
  const { outside, east: one, west: other } = await twoRegions();
  let asked = 0;
  for (const { server } of [one, other]) {
    server.removeAllListeners("request");
    server.on("request", (request, response) => {
      if (request.url === "/health") return void response.end();
      asked += 1;
      request.socket.resetAndDestroy();
    });
  }
  expect((await ask(outside.entry)).status).toBe(502);
  expect(asked).toBe(2);
});

test("the next request after a control is Off goes elsewhere, and what rests towards it is closed", async () => {
  // Backends in the place of edges, because they count their connections.
  const [one, other] = [await Backend.start(named("east")), await Backend.start(named("west"))];
  const limits = { upstreamIdleMs: 60_000 };
  const outside = await RunningOutside.start([one.address, other.address], { limits });
  expect((await ask(outside.entry)).body).toBe("east");
  outside.tell(traffic(east, { isOn: false }));
  const answer = await ask(outside.entry);
  expect([answer.body, answer.headers.get("x-leeward-rescued")]).toEqual(["west", null]);
  // Those of checks come and go.
  await until("no connection rests there", 5_000, () => one.connections === 0);
});

test("with all controls Off there is a clear 503", async () => {
  const { outside } = await twoRegions();
  const regions = traffic(east, { isOn: false }).regions.map((one) => ({ ...one, isOn: false }));
  outside.tell({ regions });
  const answer = await ask(outside.entry);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(answer.body).toContain("Every Region is switched off");
});

test("when no Region is healthy, those that are On are asked all the same", async () => {
  const { outside, ...backends } = await twoRegions();
  for (const backend of [backends.east, backends.west]) backend.isHealthy = false;
  await until("both are unhealthy", 5_000, () =>
    outside.global.endpointFacts().every(({ isHealthy }) => !isHealthy),
  );
  expect((await ask(outside.entry)).body).toBe("east");
  outside.tell(traffic(east, { isOn: false }));
  expect((await ask(outside.entry)).body).toBe("west");
});

test("of a planned move of traffic no request notices anything", async () => {
  const { outside, east: one, west: other } = await twoRegions();
  const over = new AbortController();
  const statuses = new Map<number, number>();
  const clients = Array.from({ length: 8 }, async (_, client) => {
    while (!over.signal.aborted) {
      const init = client % 2 === 0 ? {} : { method: "POST", body: "x" };
      const { status } = await ask(outside.entry, "/", init);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  for (const [region, target] of [
    [east, other],
    [west, one],
    [east, other],
  ] as const) {
    const before = target.seen.length;
    outside.tell(traffic(region, region === east ? { isOn: false } : { dial: 0 }));
    await until("the others come", 10_000, () => target.seen.length > before + 50);
  }
  over.abort();
  await Promise.all(clients);
  expect([...statuses.keys()]).toEqual([200]);
});

test("a Region that hangs is passed by, and who waits there is asked for again elsewhere", async () => {
  const hanging = createServer((socket) => socket.on("error", () => undefined));
  const place = drawPlace(8_080);
  const sockets = new Set<{ destroy(): unknown }>();
  hanging.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => hanging.listen(place.port, place.host, resolve));
  onTestFinished(() => {
    hanging.close();
    for (const socket of sockets) socket.destroy();
  });
  const good = await RunningRegion.start([await Backend.start(named("west"))], { region: west });
  const outside = await RunningOutside.start([place, good.entry]);
  const beganMs = performance.now();
  const answer = await ask(outside.entry);
  expect([answer.status, answer.body]).toEqual([200, "west"]);
  expect(performance.now() - beganMs).toBeLessThan(2_000);
});

test("a WebSocket in a Region that is switched off stays, is shown as pinned, and is closed after its time", async () => {
  const { outside, east: backend } = await twoRegions({ limits: { pinnedMs: 300, lookMs: 50 } });
  backend.server.on("upgrade", (_, socket) => {
    socket.on("error", () => undefined);
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    socket.pipe(socket);
  });
  const socket = connect(outside.entry.port, outside.entry.host);
  let heard = "";
  let isClosed = false;
  socket.on("data", (piece) => (heard += piece.toString()));
  socket.on("error", () => undefined).on("close", () => (isClosed = true));
  socket.write("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  await until("it is open", 5_000, () => heard.includes("\r\n\r\n"));
  expect(outside.facts(east)).toMatchObject({ open: 1, pinned: 0 });
  outside.tell(traffic(east, { isOn: false }));
  expect(outside.facts(east)).toMatchObject({ open: 1, pinned: 1 });
  expect(isClosed).toBe(false);
  await until("it is closed", 5_000, () => isClosed);
});

test("the distribution takes from its origin, says its tag, and follows a move of it", async () => {
  const { outside } = await twoRegions();
  outside.tell({ distribution: { origin: west, tag: "t1", invalidations: 0 } });
  const answer = await ask(outside.distribution);
  expect([answer.body, answer.headers.get("x-leeward-origin-tag")]).toEqual(["west", "t1"]);
  outside.tell({ distribution: { origin: east, tag: "t2", invalidations: 0 } });
  expect((await ask(outside.distribution)).body).toBe("east");
});

test("reads alone leave a failing origin, and each tries the origin first", async () => {
  const { outside, east: origin, west: other } = await twoRegions();
  origin.server.removeAllListeners("request");
  let asked = 0;
  origin.server.on("request", (request, response) => {
    if (request.url !== "/health") asked += 1;
    response.writeHead(request.url === "/health" ? 200 : 500).end("broken");
  });
  for (let n = 0; n < 3; n += 1) {
    const answer = await ask(outside.distribution);
    expect([answer.status, answer.headers.get("x-leeward-rescued")]).toEqual([200, "east"]);
  }
  expect(asked).toBe(3);
  expect((await ask(outside.distribution, "/", { method: "POST", body: "x" })).status).toBe(500);
  expect((await ask(outside.distribution, "/", { method: "DELETE" })).status).toBe(500);
  expect(other.seen.length).toBe(3);
});

test("a kept answer is told again until it is invalidated, and nobody's own is kept", async () => {
  const { outside, east: origin } = await twoRegions({ keepMs: 60_000 });
  outside.tell({ distribution: { origin: east, tag: "t", invalidations: 0 } });
  await ask(outside.distribution, "/page");
  const again = await ask(outside.distribution, "/page");
  expect([again.body, again.headers.get("age")]).toEqual(["east", "0"]);
  expect(origin.seen.length).toBe(1);
  await ask(outside.distribution, "/page", { headers: { cookie: "me=1" } });
  await ask(outside.distribution, "/page", { headers: { authorization: "Basic x" } });
  expect(origin.seen.length).toBe(3);
  outside.tell({ distribution: { origin: east, tag: "t", invalidations: 1 } });
  await ask(outside.distribution, "/page");
  expect(origin.seen.length).toBe(4);
});

test("the entry's own health is its own, and says how it sees each Region", async () => {
  const { outside, east: backend } = await twoRegions();
  const answer = await ask(outside.entry, "/.leeward/health");
  expect(JSON.parse(answer.body)).toMatchObject({
    status: "healthy",
    regions: [
      { region: "east", isHealthy: true },
      { region: "west", isHealthy: true },
    ],
  });
  expect((await ask(outside.entry, "/.leeward/secrets")).status).toBe(404);
  expect(backend.seen).toEqual([]);
});

test("it starts before the Regions do", async () => {
  const places: [Address, Address] = [drawPlace(8_080), drawPlace(8_080)];
  const outside = await RunningOutside.start(places);
  expect((await ask(outside.entry)).status).toBe(502);
  expect(await canConnect(outside.entry)).toBe(true);
});
