import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ask, Backend, converse, named, RunningRegion } from "../../test/edge/places.ts";
import { until } from "../../test/e2e/until.ts";

const head = "Host: a\r\nConnection: close\r\n";

/** What is sent, and the status of the answer. */
const refused: readonly (readonly [what: string, bytes: string, status: number])[] = [
  [
    "both lengths",
    `POST / HTTP/1.1\r\n${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    "both lengths the other way",
    `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    "two lengths",
    `POST / HTTP/1.1\r\n${head}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    400,
  ],
  ["a list of lengths", `POST / HTTP/1.1\r\n${head}Content-Length: 3, 3\r\n\r\nabc`, 400],
  ["a signed length", `POST / HTTP/1.1\r\n${head}Content-Length: +3\r\n\r\nabc`, 400],
  [
    "a length beyond all bodies",
    `POST / HTTP/1.1\r\n${head}Content-Length: 10000000000000000\r\n\r\nabc`,
    413,
  ],
  ["obsolete folding", `GET / HTTP/1.1\r\n${head}X-A: b\r\n c\r\n\r\n`, 400],
  [
    "folding before an encoding",
    `POST / HTTP/1.1\r\n${head}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ["bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400],
  ["a bare line feed in the header", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400],
  ["a bare carriage return", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400],
  ["NUL in a value", `GET / HTTP/1.1\r\n${head}X: b\0c\r\n\r\n`, 400],
  ["NUL in a name", `GET / HTTP/1.1\r\n${head}X\0: b\r\n\r\n`, 400],
  ["NUL in the target", `GET /\0 HTTP/1.1\r\n${head}\r\n`, 400],
  [
    "a chunk without a size",
    `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n`,
    400,
  ],
  [
    "a space before the colon",
    `POST / HTTP/1.1\r\n${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    "an encoding that only looks like one",
    `POST / HTTP/1.1\r\n${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    501,
  ],
  [
    "an encoding before chunked",
    `POST / HTTP/1.1\r\n${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    501,
  ],
  [
    "chunks in HTTP/1.0",
    `POST / HTTP/1.0\r\n${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ["no host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
  ["two hosts", `GET / HTTP/1.1\r\n${head}Host: b\r\n\r\n`, 400],
  ["a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n", 400],
  ["a target with a user", `GET http://u@b/ HTTP/1.1\r\n${head}\r\n`, 400],
  ["a target in authority form", `GET b:80 HTTP/1.1\r\n${head}\r\n`, 400],
  ["a star for a target", `GET * HTTP/1.1\r\n${head}\r\n`, 400],
  ["a fragment", `GET /a#b HTTP/1.1\r\n${head}\r\n`, 400],
  ["CONNECT", `CONNECT a:80 HTTP/1.1\r\n${head}\r\n`, 405],
  ["TRACE", `TRACE / HTTP/1.1\r\n${head}\r\n`, 405],
  ["HTTP/2.0", `GET / HTTP/2.0\r\n${head}\r\n`, 505],
  ["HTTP/0.9", "GET /\r\n\r\n", 505],
  ["a header of 20 KiB", `GET / HTTP/1.1\r\n${head}X: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  [
    "an upgrade with a body",
    `POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\nabc`,
    400,
  ],
];

test("whatever can be read in two ways is refused, nothing of it reaches a replica, and the edge goes on", async () => {
  const backend = await Backend.start((request, response) => {
    request.resume().on("end", () => response.end("served"));
  });
  const region = await RunningRegion.start([backend]);
  for (const [what, bytes, status] of refused) {
    const heard = await converse(region.entry, bytes);
    const answers = heard.match(/HTTP\/1\.1 \d+/g);
    const tellsOfTheInside = / at |node:|HPE_/.test(heard);
    expect({ what, answers, tellsOfTheInside }).toEqual({
      what,
      answers: [`HTTP/1.1 ${status}`],
      tellsOfTheInside: false,
    });
  }
  expect(backend.seen).toEqual([]);
  expect((await ask(region.entry)).body).toBe("served");
});

test("a request for an absolute target is passed on by its path, and its authority is the host", async () => {
  const backend = await Backend.start(named("served"));
  const region = await RunningRegion.start([backend]);
  const heard = await converse(region.entry, `GET http://b.example/x?y HTTP/1.1\r\n${head}\r\n`);
  expect(heard).toContain("served");
  expect(backend.seen[0]?.url).toBe("/x?y");
  expect(backend.seen[0]?.headers).toEqual(expect.arrayContaining(["host", "b.example"]));
});

test("a client that trickles its header is told and closed", async () => {
  const backend = await Backend.start(named("served"));
  const region = await RunningRegion.start([backend], { limits: { headersMs: 200, lookMs: 50 } });
  const heard = await converse(region.entry, "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ");
  expect(heard).toMatch(/^HTTP\/1.1 408 /);
  expect(backend.seen).toEqual([]);
});

test("a client that stops in the middle of its body is closed, and so is what was opened for it", async () => {
  const backend = await Backend.start((request) => void request.resume());
  const region = await RunningRegion.start([backend], { limits: { uploadIdleMs: 150 } });
  await converse(region.entry, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  await until("nothing is under way", 5_000, () => region.edge.serviceFacts()[0]?.open === 0);
  await until("the replica's connection is closed", 5_000, () => backend.connections === 0);
  expect(backend.seen).toHaveLength(1);
});

test("a client that does not read its answer is closed", async () => {
  const backend = await Backend.start((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on("drain", more);
    more();
  });
  const region = await RunningRegion.start([backend], { limits: { downloadIdleMs: 200 } });
  const socket = connect(region.entry.port, region.entry.host);
  socket.pause().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  socket.on("error", () => undefined);
  await until("it is under way", 5_000, () => region.edge.serviceFacts()[0]?.open === 1);
  await until("it is cut", 10_000, () => region.edge.serviceFacts()[0]?.open === 0);
  expect(region.edge.serviceFacts()[0]?.served).toBe(0);
  socket.destroy();
});

test("a client that says it sends no more still reads its answer", async () => {
  const backend = await Backend.start((_, response) => {
    setTimeout(() => response.end("late but whole"), 100);
  });
  const region = await RunningRegion.start([backend]);
  const heard = await converse(region.entry, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", {
    halfClose: true,
  });
  expect(heard).toContain("late but whole");
});

test("more connections than may be are closed as they come, and the others go on", async () => {
  const backend = await Backend.start(named("served"));
  const region = await RunningRegion.start([backend], { limits: { connectionsMax: 1 } });
  const first = connect(region.entry.port, region.entry.host);
  await new Promise((resolve) => first.once("connect", resolve));
  await until("it is counted", 5_000, async () => {
    const heard = await converse(region.entry, `GET / HTTP/1.1\r\n${head}\r\n`);
    return heard === "";
  });
  first.destroy();
  await until("there is room again", 5_000, async () => {
    const heard = await converse(region.entry, `GET / HTTP/1.1\r\n${head}\r\n`);
    return heard.includes("served");
  });
  expect((await ask(region.entry)).status).toBe(200);
});

test("a replica that answers what is not HTTP, or too long a header, costs its client a 502 and nobody else", async () => {
  const backend = await Backend.start((request, response) => {
    if (request.url === "/ok") return void response.end("served");
    const { socket } = request;
    if (request.url === "/control") {
      return void socket.end("HTTP/1.1 200 OK\r\nX: a\x7fb\r\nContent-Length: 0\r\n\r\n");
    }
    socket.end(
      request.url === "/long" ? `HTTP/1.1 200 OK\r\nX: ${"x".repeat(40_000)}\r\n\r\n` : "Hello\r\n",
    );
  });
  const region = await RunningRegion.start([backend]);
  for (const path of ["/long", "/hello", "/control"]) {
    const answer = await ask(region.entry, path);
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: "answer-lost" } });
  }
  expect((await ask(region.entry, "/ok")).body).toBe("served");
});

test("who asks for another protocol, is answered without one and reads nothing is cut off", async () => {
  const backend = await Backend.start((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on("drain", more);
    more();
  });
  const region = await RunningRegion.start([backend], { limits: { downloadIdleMs: 300 } });
  const client = connect(region.entry.port, region.entry.host).pause();
  onTestFinished(() => void client.destroy());
  client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  await until("it is answered", 5_000, () => backend.seen.length === 1);
  await until("it is cut off", 5_000, () => region.edge.serviceFacts()[0]?.open === 0);
  expect(region.ready).toBe(1);
});
