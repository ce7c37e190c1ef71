import { createServer, connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import {
  ask,
  Backend,
  canConnect,
  converse,
  drawPlace,
  named,
  RunningRegion,
} from "../../test/edge/places.ts";
import { until } from "../../test/e2e/until.ts";

const noRetry = { method: "POST", body: "x" };

test("requests are shared out among the replicas that are ready", async () => {
  const backends = await Promise.all(["a", "b"].map((name) => Backend.start(named(name))));
  const region = await RunningRegion.start(backends);
  for (let n = 0; n < 20; n += 1) await ask(region.service);
  expect(backends.map(({ seen }) => seen.length)).toEqual([10, 10]);
});

test("a replica that fails its checks gets nothing, and gets its share again when they are good", async () => {
  const [good, bad] = [await Backend.start(named("good")), await Backend.start(named("bad"))];
  const region = await RunningRegion.start([good, bad, await Backend.start(named("third"))]);
  bad.isHealthy = false;
  await until("it is out", 5_000, () => region.ready === 2);
  for (let n = 0; n < 20; n += 1) expect((await ask(region.entry)).body).not.toBe("bad");
  bad.isHealthy = true;
  await until("it is in again", 5_000, () => region.ready === 3);
  await until("it gets requests", 5_000, async () => (await ask(region.entry)).body === "bad");
});

test("when fewer than the panic threshold are ready, all that ever were are asked", async () => {
  const backends = [];
  for (const name of ["a", "b", "c"]) backends.push(await Backend.start(named(name)));
  const region = await RunningRegion.start(backends);
  for (const backend of backends) backend.isHealthy = false;
  await until("all fail", 5_000, () => region.ready === 0);
  expect((await ask(region.entry)).status).toBe(200);
  expect((await ask(region.entry, "/.leeward/health")).status).toBe(503);
});

test("a replica that is killed costs nobody a request that may be repeated, and is out at once", async () => {
  const [a, b] = [await Backend.start(named("a")), await Backend.start(named("b"))];
  // Checks are far apart: only requests can find out.
  const region = await RunningRegion.start([a, b], { check: { intervalMs: 60_000 } });
  for (let n = 0; n < 4; n += 1) await ask(region.entry);
  a.kill();
  for (let n = 0; n < 20; n += 1) expect((await ask(region.entry)).body).toBe("b");
  expect(region.ready).toBe(1);
  for (let n = 0; n < 4; n += 1) expect((await ask(region.entry, "/", noRetry)).body).toBe("b");
});

test("a replica that answers its checks and resets its requests is out longer each time", async () => {
  const liar = await Backend.start((request) => void request.socket.resetAndDestroy());
  const good = await Backend.start(named("good"));
  const region = await RunningRegion.start([liar, good]);
  await until("it lies", 10_000, async () => {
    expect((await ask(region.entry)).body).toBe("good");
    return liar.seen.length >= 4;
  });
  const before = liar.seen.length;
  // By now it takes eight good answers in a row at 50 ms.
  for (let n = 0; n < 10; n += 1) expect((await ask(region.entry)).body).toBe("good");
  expect(liar.seen.length - before).toBeLessThanOrEqual(1);
});

test("clients that go away in the middle of their uploads take no replica out", async () => {
  const backend = await Backend.start((request) => void request.resume());
  const region = await RunningRegion.start([backend], { check: { intervalMs: 60_000 } });
  for (let n = 1; n <= 5; n += 1) {
    const client = connect(region.entry.port, region.entry.host);
    client.on("error", () => undefined);
    client.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");
    await until("it has arrived", 5_000, () => backend.seen.length === n);
    client.resetAndDestroy();
    await until("it is over", 5_000, () => region.edge.serviceFacts()[0]?.open === 0);
  }
  expect(region.ready).toBe(1);
});

test("a check that hangs is a bad one, and one that answers a gigabyte is read no further than its bound", async () => {
  const hanging = createServer(() => undefined);
  const place = drawPlace(9_000);
  await new Promise<void>((resolve) => hanging.listen(place.port, place.host, resolve));
  onTestFinished(() => void hanging.close());
  let sent = 0;
  const endless = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    const more = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536))) sent += 65_536;
    };
    socket.on("drain", more);
    more();
  });
  const other = drawPlace(9_000);
  await new Promise<void>((resolve) => endless.listen(other.port, other.host, resolve));
  onTestFinished(() => void endless.close());
  const region = await RunningRegion.start([await Backend.start(named("ok"))], {
    check: { intervalMs: 10_000, timeoutMs: 300 },
  });
  region.tell({
    replicas: [
      { service: region.edge.serviceFacts()[0]?.service ?? raise(), number: 2, address: place },
    ],
  });
  await until("it is found out", 5_000, () =>
    /no answer within 300 ms/.test(region.edge.serviceFacts()[0]?.because ?? ""),
  ).catch(() => undefined);
  expect(region.ready).toBe(0);
  const second = await RunningRegion.start([other], { check: { intervalMs: 10_000 } });
  expect(second.ready).toBe(1);
  // Of what was sent, most is in the buffers of the system.
  expect(sent).toBeLessThan(20_000_000);
});

test("a replica that is listed no more finishes what it has, and gets nothing new", async () => {
  let release = (): void => undefined;
  const first = await Backend.start((_, response) => {
    response.write("first ");
    release = () => void response.end("to the end");
  });
  const region = await RunningRegion.start([first]);
  const slow = ask(region.entry);
  await until("it is under way", 5_000, () => first.seen.length === 1);
  const second = await Backend.start(named("second"));
  const { service } = region.edge.serviceFacts()[0] ?? raise();
  region.tell({ replicas: [{ service, number: 1, address: second.address }] });
  await until("the second is ready", 5_000, () => region.ready === 1);
  expect((await ask(region.entry)).body).toBe("second");
  region.tell({ replicas: [{ service, number: 2, address: second.address }] });
  // The one that took its number has come and gone in between, and is not waited for.
  expect(region.edge.inUse().map(({ number }) => number)).toEqual([2, 1]);
  release();
  expect((await slow).body).toBe("first to the end");
  await until("nobody waits for it", 5_000, () => region.edge.inUse().length === 1);
  await until("its connection is closed", 5_000, () => first.connections === 0);
});

test("without a replica there is a clear 503, as JSON and as a page", async () => {
  const region = await RunningRegion.start([]);
  const answer = await ask(region.entry);
  expect(answer.status).toBe(503);
  expect(answer.headers.get("retry-after")).toBe("1");
  expect(JSON.parse(answer.body)).toEqual({
    error: { status: 503, code: "service-not-ready", message: "No replica of web is ready here." },
  });
  const page = await ask(region.entry, "/", { headers: { accept: "text/html" } });
  expect(page.body).toContain("<h1>503</h1>");
});

test("a Region that leaves says so, finishes what is under way, and closes its doors", async () => {
  let release = (): void => undefined;
  const backend = await Backend.start((request, response) => {
    if (request.url === "/quick") return void response.end("quick");
    release = () => void response.end("finished");
  });
  const region = await RunningRegion.start([backend], { limits: { farewellMs: 300 } });
  const slow = ask(region.entry, "/slow");
  await until("it is under way", 5_000, () => backend.seen.length === 1);
  region.tell({ isLeaving: true, replicas: [] });
  const health = await ask(region.entry, "/.leeward/health");
  expect(health.status).toBe(503);
  expect(JSON.parse(health.body)).toMatchObject({ status: "leaving" });
  expect(
    (await converse(region.entry, "GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")).toLowerCase(),
  ).toContain("connection: close");
  await until("nobody listens any more", 5_000, async () => !(await canConnect(region.entry)));
  release();
  expect((await slow).body).toBe("finished");
  await expect(region.ended).resolves.toBeUndefined();
});

test("a Region that leaves keeps its services' doors open for what came in through its entry", async () => {
  let release = (): void => undefined;
  const backend = await Backend.start((request, response) => {
    if (request.url === "/inner") return void response.end("inner");
    release = () => {
      ask(region.service, "/inner").then(
        ({ body }) => response.end(body),
        () => response.writeHead(503).end(),
      );
    };
  });
  const region = await RunningRegion.start([backend], { limits: { farewellMs: 50 } });
  const slow = ask(region.entry, "/outer");
  await until("it is under way", 5_000, () => backend.seen.length === 1);
  region.tell({ isLeaving: true, replicas: [] });
  await until("the entry is closed", 5_000, async () => !(await canConnect(region.entry)));
  release();
  expect((await slow).body).toBe("inner");
  await expect(region.ended).resolves.toBeUndefined();
  expect(await canConnect(region.service)).toBe(false);
});

test("health names services and databases apart", async () => {
  const region = await RunningRegion.start([await Backend.start(named("ok"))]);
  const database = "orders" as never;
  region.tell({ databases: [{ database, canWrite: false, because: "the link is down" }] });
  const answer = await ask(region.entry, "/.leeward/health");
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body)).toMatchObject({
    status: "healthy",
    services: [{ service: "web", ready: 1, isHealthy: true }],
    databases: [{ database: "orders", canWrite: false, because: "the link is down" }],
  });
});

test("connections of a TCP service reach a replica, half-closed ones too, and a dead one is passed by", async () => {
  const place = drawPlace(9_000);
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    let heard = "";
    socket.on("data", (piece) => (heard += piece.toString()));
    socket.on("end", () => socket.end(`heard ${heard}`)).on("error", () => undefined);
  });
  await new Promise<void>((resolve) => echo.listen(place.port, place.host, resolve));
  onTestFinished(() => void echo.close());
  const dead = await Backend.start(named("never"));
  const region = await RunningRegion.start([place, dead.address], {
    protocol: "tcp",
    check: { path: undefined, intervalMs: 60_000 },
  });
  dead.kill();
  for (let n = 0; n < 4; n += 1) {
    expect(await converse(region.service, "hello", { halfClose: true })).toBe("heard hello");
  }
  const open = connect(region.service.port, region.service.host);
  await until("it is counted", 5_000, () => region.edge.serviceFacts()[0]?.open === 1);
  open.destroy();
  await until("and not any more", 5_000, () => region.edge.serviceFacts()[0]?.open === 0);
});

test("what an application passes on of another edge's refusal is its own answer, and nothing is sent again", async () => {
  const backends = [];
  for (const name of ["a", "b"]) {
    const refusing = await Backend.start((_, response) => {
      response.writeHead(503, { "x-leeward-edge": "not-sent" }).end(name);
    });
    backends.push(refusing);
  }
  const region = await RunningRegion.start(backends);
  const answer = await ask(region.entry, "/", noRetry);
  expect(answer.status).toBe(503);
  expect(answer.headers.has("x-leeward-edge")).toBe(false);
  expect(backends.map(({ seen }) => seen.length).toSorted()).toEqual([0, 1]);
});

test("a request that one replica may have carried out is not said to be unsent because the next is gone", async () => {
  const first = await Backend.start((request) => {
    second.kill();
    request.socket.resetAndDestroy();
  });
  const second = await Backend.start((request) => {
    first.kill();
    request.socket.resetAndDestroy();
  });
  const region = await RunningRegion.start([first, second], { check: { intervalMs: 60_000 } });
  const answer = await ask(region.entry, "/", { method: "DELETE" });
  expect(answer.headers.get("x-leeward-edge")).toBe("lost");
  expect(JSON.parse(answer.body)).toMatchObject({ error: { code: "answer-lost" } });
});

function raise(): never {
  throw new Error("the service is known");
}
