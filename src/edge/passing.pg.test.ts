import { createHash } from "node:crypto";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { ask, Backend, converse, named, RunningRegion } from "../../test/edge/places.ts";
import { until } from "../../test/e2e/until.ts";

test("what is meant for one connection, and what anybody can claim, is not passed on", async () => {
  const backend = await Backend.start((_, response) => {
    response.setHeader("x-leeward-region", "forged").setHeader("x-own", "kept");
    response.setHeader("connection", "keep-alive, x-hop").setHeader("x-hop", "1").end("ok");
  });
  const region = await RunningRegion.start([backend]);
  const claims = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil\r\nForwarded: for=6.6.6.6\r\n";
  const hops =
    "Connection: close, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=1\r\nX-Kept: 2\r\n";
  const heard = await converse(
    region.entry,
    `GET / HTTP/1.1\r\nHost: a.example\r\n${claims}${hops}\r\n`,
  );
  expect(heard).toContain("x-leeward-region: east");
  expect(heard).toContain("x-own: kept");
  expect(heard).not.toMatch(/forged|x-hop/);
  const headers = headersOf(backend.seen[0]?.headers ?? []);
  expect(headers).toMatchObject({
    host: "a.example",
    "x-kept": "2",
    "x-forwarded-host": "a.example",
  });
  expect(headers["x-forwarded-for"]).toMatch(/^127\./);
  expect(headers).not.toHaveProperty("x-secret");
  expect(headers).not.toHaveProperty("forwarded");
});

test("the front door outside is believed, by its address", async () => {
  const backend = await Backend.start(named("ok"));
  const region = await RunningRegion.start([backend], { outside: "127.0.0.1" });
  await ask(region.entry, "/", { headers: { "x-forwarded-for": "9.9.9.9" } });
  expect(headersOf(backend.seen[0]?.headers ?? [])["x-forwarded-for"]).toBe("9.9.9.9, 127.0.0.1");
});

test("a body of many megabytes passes whole in both directions, without being gathered", async () => {
  const backend = await Backend.start((request, response) => void request.pipe(response));
  const region = await RunningRegion.start([backend]);
  const sent = createHash("sha256");
  const pieces = 400;
  let most = 0;
  const body = Readable.from(
    (function* () {
      for (let n = 0; n < pieces; n += 1) {
        const piece = Buffer.alloc(100_000, n % 251);
        sent.update(piece);
        most = Math.max(most, process.memoryUsage().arrayBuffers);
        yield piece;
      }
    })(),
  );
  const answer = await fetch(`http://${region.entry.host}:${region.entry.port}/`, {
    method: "POST",
    body: Readable.toWeb(body) as ReadableStream,
    duplex: "half",
  });
  const received = createHash("sha256").update(Buffer.from(await answer.arrayBuffer()));
  expect(received.digest("hex")).toBe(sent.digest("hex"));
});

test("a replica that takes no more makes its client wait", async () => {
  const backend = await Backend.start((request) => void request.pause());
  const region = await RunningRegion.start([backend]);
  const socket = connect(region.entry.port, region.entry.host);
  socket.on("error", () => undefined);
  socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
  const piece = Buffer.alloc(1_000_000);
  let accepted = 0;
  const more = (): void => {
    while (accepted < 200_000_000 && socket.write(piece)) accepted += piece.length;
  };
  socket.on("drain", more);
  more();
  let before = -1;
  // What fits between the two ends is a few megabytes of the system's.
  await until("nothing moves any more", 10_000, async () => {
    const isStill = socket.bytesWritten - socket.writableLength === before;
    before = socket.bytesWritten - socket.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return isStill;
  });
  expect(accepted).toBeLessThan(50_000_000);
  socket.destroy();
});

test("events arrive as they are sent, and their end is heard by the replica", async () => {
  let gone = false;
  const backend = await Backend.start((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
    response.on("close", () => (gone = true));
  });
  const region = await RunningRegion.start([backend], { limits: { halfClosedMs: 200 } });
  const abort = new AbortController();
  const { host, port } = region.entry;
  const answer = await fetch(`http://${host}:${port}/`, { signal: abort.signal });
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  expect(Buffer.from(first?.value ?? []).toString()).toBe("data: 1\n\n");
  expect(region.edge.serviceFacts()[0]?.open).toBe(1);
  abort.abort();
  await until("the replica hears that its reader is gone", 5_000, () => gone);
});

test("an answer that breaks in the middle looks broken to its client", async () => {
  const backend = await Backend.start((_, response) => {
    response.writeHead(200, { "content-length": 1_000 });
    response.write("half", () => response.destroy());
  });
  const region = await RunningRegion.start([backend]);
  await expect(ask(region.entry)).rejects.toThrow(/terminated|fetch failed/);
  expect(region.edge.serviceFacts()[0]?.failed).toBe(1);
});

test("trailers of an answer pass", async () => {
  const backend = await Backend.start((_, response) => {
    response.writeHead(200, { trailer: "x-sum" });
    response.write("body");
    response.addTrailers({ "x-sum": "42" });
    response.end();
  });
  const region = await RunningRegion.start([backend]);
  const answer = await nodeAsk(region, { headers: { te: "trailers" } });
  expect(answer.trailers["x-sum"]).toBe("42");
});

test("a client that waits for leave to send its body gets it, and a refusal comes without", async () => {
  const backend = await Backend.start((request, response) => {
    request.resume().on("end", () => response.end("got it"));
  });
  const region = await RunningRegion.start([backend]);
  const bytes =
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  const socket = connect(region.entry.port, region.entry.host);
  let heard = "";
  socket.on("data", (piece) => {
    heard += piece.toString();
    if (heard === "HTTP/1.1 100 Continue\r\n\r\n") socket.write("abc");
  });
  socket.write(bytes);
  await until("it is answered", 5_000, () => heard.includes("got it"));
  backend.kill();
  await until("the replica is out", 5_000, () => region.ready === 0);
  region.tell({ replicas: [] });
  const refused = await converse(region.entry, bytes);
  expect(refused).toMatch(/^HTTP\/1.1 503 /);
});

test("a client of HTTP/1.0 gets its answer without chunks, and the end of it is the connection's", async () => {
  const backend = await Backend.start((_, response) => {
    response.write("in ");
    response.end("pieces");
  });
  const region = await RunningRegion.start([backend]);
  const heard = await converse(region.entry, "GET / HTTP/1.0\r\n\r\n");
  expect(heard.toLowerCase()).not.toContain("transfer-encoding");
  expect(heard.split("\r\n\r\n")[1]).toBe("in pieces");
});

test("HEAD has the length and no body, and its connection goes on", async () => {
  const backend = await Backend.start((_, response) => {
    response.writeHead(200, { "content-length": 5 }).end("12345");
  });
  const region = await RunningRegion.start([backend]);
  const one = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
  const two = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const heard = await converse(region.entry, `${one}${two}`);
  expect(heard.match(/content-length: 5/g)).toHaveLength(2);
  expect(heard.match(/12345/g)).toHaveLength(1);
});

test("a WebSocket passes in both directions, also what is sent with the handshake, and is counted", async () => {
  const backend = await Backend.start(named("no"));
  backend.server.on("upgrade", (request: IncomingMessage, socket, rest: Buffer) => {
    const key = String(request.headers["sec-websocket-key"]);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
    );
    socket.write(rest);
    socket.on("error", () => undefined).pipe(socket);
  });
  const region = await RunningRegion.start([backend]);
  const socket = connect(region.entry.port, region.entry.host);
  let heard = "";
  socket.on("data", (piece) => (heard += piece.toString("latin1")));
  socket.write(
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\nearly",
  );
  await until("the early bytes come back", 5_000, () => heard.includes("early"));
  expect(heard).toMatch(/^HTTP\/1.1 101 [^]*sec-websocket-accept: k/i);
  socket.write(" late");
  await until("the late ones, too", 5_000, () => heard.endsWith("early late"));
  expect(region.edge.serviceFacts()[0]?.open).toBe(1);
  socket.end();
  await until("it is closed on both sides", 5_000, () => region.edge.serviceFacts()[0]?.open === 0);
});

test("a server that does not change the protocol answers as ever; HTTP/2 is never asked for", async () => {
  const backend = await Backend.start((request, response) => {
    response.end(`upgrade: ${request.headers.upgrade ?? "none"}`);
  });
  const region = await RunningRegion.start([backend]);
  const ask2 = (upgrade: string): Promise<string> =>
    converse(
      region.entry,
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`,
    );
  expect(await ask2("websocket")).toContain("upgrade: websocket");
  expect(await ask2("h2c")).toContain("upgrade: none");
});

function nodeAsk(
  { entry }: RunningRegion,
  options: { readonly headers: Record<string, string> },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ ...entry, ...options }, (answer) => {
      answer.resume().on("end", () => resolve(answer));
    });
    asked.on("error", reject).end();
  });
}

function headersOf(raw: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    raw.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), raw[at + 1] ?? ""]] : [])),
  );
}
