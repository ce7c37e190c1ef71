/** Links of real sockets, on loopback addresses of this process's own. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { SeededRandom } from "../../sim/random.ts";
import type { Clock, Log } from "../env/env.ts";
import { nodeClock } from "../env/node/clock.ts";
import type { Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import type {
  FlowClass,
  LinkConditions,
  LinkDirection,
  LinkEnd,
  LinkRoute,
} from "../model/link.ts";
import { openConditions, windowBytes } from "./conditions.ts";
import { TcpLinks } from "./tcp-links.ts";

const east = "us-east-1" as LinkEnd;
const west = "us-west-2" as LinkEnd;
const never = new AbortController().signal;
// 5 s: no test waits that long for anything unless it fails, on a busy machine neither.
const patienceMs = 5000;

const host = `127.${64 + (process.pid % 128)}.${(process.pid >> 7) % 250}.1`;
// Below the range from which the system takes the ports of outgoing connections.
let lastPort = 20_000;
const nextAddress = (): Address => ({ host, port: ++lastPort });

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

function makeLinks(clock: Clock = nodeClock): TcpLinks {
  const links = new TcpLinks({ clock, random: new SeededRandom(7), log: silent });
  endings.push(() => links.close());
  return links;
}

type Target = { readonly address: Address; readonly sockets: Socket[] };

async function serve(onConnection: (socket: Socket) => void): Promise<Target> {
  const sockets: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => undefined);
    sockets.push(socket);
    onConnection(socket);
  });
  const address = nextAddress();
  server.listen(address);
  await once(server, "listening");
  endings.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address, sockets };
}

const echo = (socket: Socket): void => void socket.pipe(socket);

function route(target: Address, flowClass: FlowClass = "data"): LinkRoute {
  return { from: east, to: west, flowClass, listen: nextAddress(), target, sourceHost: undefined };
}

function dial(address: Address): Socket {
  const socket = connect({ ...address, noDelay: true, allowHalfOpen: true });
  socket.on("error", () => undefined);
  endings.push(() => void socket.destroy());
  return socket;
}

function directions(there: Partial<LinkConditions>, back = there): LinkDirection[] {
  return [
    { from: east, to: west, conditions: { ...openConditions, ...there } },
    { from: west, to: east, conditions: { ...openConditions, ...back } },
  ];
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadlineMs = nodeClock.monotonicMs() + patienceMs;
  while (!isSo()) {
    if (nodeClock.monotonicMs() > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await nodeClock.sleep(2, never);
  }
}

/** All that comes from now on. */
function collect(socket: Socket): { readonly text: () => string; readonly bytes: () => number } {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  return {
    text: () => Buffer.concat(chunks).toString(),
    bytes: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  };
}

const brokenBy = async (socket: Socket): Promise<string | undefined> =>
  ((await once(socket, "error")) as [NodeJS.ErrnoException])[0].code;

/** One echo server behind one route, and a client that has heard its first answer. */
async function talk(there: Partial<LinkConditions> = {}, back = there) {
  const target = await serve(echo);
  const links = makeLinks();
  const way = route(target.address);
  const set = (...conditions: Parameters<typeof directions>): Promise<void> =>
    links.apply([way], directions(...conditions));
  await set(there, back);
  const client = dial(way.listen);
  const heard = collect(client);
  client.write("hello");
  await until("the echo came", () => heard.text() === "hello");
  return { target, links, way, set, client, heard };
}

test("a megabyte arrives whole and in order across delay, jitter and a limited bandwidth", async () => {
  const { client, heard } = await talk({
    delayMs: 5,
    jitterMs: 10,
    bandwidthBitsPerSecond: 100_000_000,
  });
  const random = new SeededRandom(1);
  const sent = Buffer.from(
    Array.from({ length: 2 ** 18 }, () => Math.floor(random.float() * 94) + 32),
  );
  for (let part = 0; part < 4; part++) client.write(sent);
  await until("all came back", () => heard.bytes() >= 5 + 4 * sent.length);
  const again = sent.toString();
  expect(heard.text() === `hello${again}${again}${again}${again}`).toBe(true);
});

test("a connection costs a round trip, and an answer another one", async () => {
  const startedMs = nodeClock.monotonicMs();
  const { client, heard } = await talk({ delayMs: 20 });
  expect(nodeClock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(80);
  const askedMs = nodeClock.monotonicMs();
  client.write("again");
  await until("the second echo came", () => heard.text() === "helloagain");
  const answeredMs = nodeClock.monotonicMs() - askedMs;
  expect(answeredMs).toBeGreaterThanOrEqual(40);
  expect(answeredMs).toBeLessThan(400);
});

test("a server that speaks first is not heard before the connection stands at both ends", async () => {
  const target = await serve((socket) => socket.write("welcome"));
  const links = makeLinks();
  const way = route(target.address);
  await links.apply([way], directions({ delayMs: 20 }));
  const startedMs = nodeClock.monotonicMs();
  const heard = collect(dial(way.listen));
  await until("the welcome came", () => heard.text() === "welcome");
  expect(nodeClock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(80);
});

test("a client that ends its half at once still hears the answer", async () => {
  const target = await serve((socket) => {
    const question = collect(socket);
    socket.on("end", () => socket.end(`you said ${question.text()}`));
  });
  const links = makeLinks();
  const way = route(target.address);
  await links.apply([way], directions({ delayMs: 15 }));
  const client = dial(way.listen);
  const heard = collect(client);
  client.end("goodbye");
  await once(client, "end");
  expect(heard.text()).toBe("you said goodbye");
  await until("nothing is left", () => links.traffic().every(({ openFlows }) => openFlows === 0));
});

test("a one-way cut lets the question through and keeps the answer until it is mended", async () => {
  const { target, client, heard, set } = await talk();
  const asked = collect(target.sockets[0] as Socket);
  await set({}, { isUp: false });
  client.write(" still there?");
  await until("the question came", () => asked.text() === " still there?");
  await nodeClock.sleep(50, never);
  expect(heard.text()).toBe("hello");
  await set({});
  await until("the answer came", () => heard.text() === "hello still there?");
});

test("a one-way cut stops a bulk flow after a window, and it goes on once the cut is mended", async () => {
  const target = await serve(() => undefined);
  const links = makeLinks();
  const way = route(target.address);
  await links.apply([way], []);
  const client = dial(way.listen);
  await until("it came", () => target.sockets.length === 1);
  const heard = collect(target.sockets[0] as Socket);
  client.write("x");
  await until("it stands", () => heard.bytes() === 1);
  await links.apply([way], directions({}, { isUp: false }));
  const bulkBytes = 16 * 1024 * 1024;
  client.write(Buffer.alloc(bulkBytes));
  await until("a window has arrived", () => heard.bytes() >= windowBytes(openConditions));
  await nodeClock.sleep(50, never);
  // One read of the socket may have been under way when the window was full.
  expect(heard.bytes()).toBeLessThan(windowBytes(openConditions) + 2 * 64 * 1024);
  await links.apply([way], []);
  await until("all has arrived", () => heard.bytes() === 1 + bulkBytes);
});

test("a cut link accepts connections that stay silent, and none reaches the target before it is mended", async () => {
  const { target, way, set } = await talk();
  await set({ isUp: false });
  const late = dial(way.listen);
  const heard = collect(late);
  late.write("late");
  await once(late, "connect");
  await nodeClock.sleep(50, never);
  expect(target.sockets).toHaveLength(1);
  expect(heard.text()).toBe("");
  await set({});
  await until("the late one was answered", () => heard.text() === "late");
});

test("a client that breaks off while its connection waits in a cut leaves nothing behind", async () => {
  const { target, links, way, set } = await talk();
  await set({ isUp: false });
  const late = dial(way.listen);
  await once(late, "connect");
  await until("it is known", () => links.traffic()[0]?.openFlows === 2);
  late.resetAndDestroy();
  await until("it is forgotten", () => links.traffic()[0]?.openFlows === 1);
  await set({});
  expect(target.sockets).toHaveLength(1);
});

test("a client that gives up on a connection that waits in a cut leaves nothing behind", async () => {
  let aheadMs = 0;
  const links = makeLinks({ ...nodeClock, monotonicMs: () => nodeClock.monotonicMs() + aheadMs });
  const target = await serve(echo);
  const way = route(target.address);
  await links.apply([way], directions({ isUp: false }));
  const late = dial(way.listen);
  late.write("late");
  await until("it is known", () => links.traffic()[0]?.queuedBytes === 4);
  aheadMs = 3000;
  late.end();
  await until("it is forgotten", () => links.traffic()[0]?.openFlows === 0);
  await links.apply([way], directions({}));
  expect(target.sockets).toHaveLength(0);
});

test("neither the end nor the break of a connection crosses a cut, and both do once it is mended", async () => {
  const { target, links, way, client, set } = await talk();
  const breaking = dial(way.listen);
  const heard = collect(breaking);
  breaking.write("x");
  await until("both stand", () => heard.text() === "x");
  const seen: string[] = [];
  target.sockets[0]?.on("end", () => seen.push("end"));
  target.sockets[1]?.on("error", (error: NodeJS.ErrnoException) => seen.push(error.code ?? ""));
  await set({ isUp: false });
  client.end();
  breaking.resetAndDestroy();
  await nodeClock.sleep(50, never);
  expect(seen).toEqual([]);
  await set({});
  await until("both are known", () => seen.length === 2);
  expect(seen.toSorted()).toEqual(["ECONNRESET", "end"]);
  await until("nothing is left", () => links.traffic().every(({ openFlows }) => openFlows === 0));
});

test("a target that refuses resets its client after a round trip, and nobody else", async () => {
  const { links, way, client, heard } = await talk();
  const nobody = route(nextAddress());
  await links.apply([way, nobody], directions({ delayMs: 15 }));
  const startedMs = nodeClock.monotonicMs();
  expect(await brokenBy(dial(nobody.listen))).toBe("ECONNRESET");
  expect(nodeClock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(30);
  client.write("!");
  await until("the other one answers", () => heard.text() === "hello!");
});

test("a reset breaks every connection of the link at both ends, through a cut as well", async () => {
  const { target, links, client, set } = await talk();
  await set({ isUp: false });
  const broken = Promise.all([brokenBy(client), brokenBy(target.sockets[0] as Socket)]);
  expect(links.reset(west, east)).toBe(1);
  expect(await broken).toEqual(["ECONNRESET", "ECONNRESET"]);
  expect(links.reset(west, east)).toBe(0);
});

test("a reset that meets a socket within its orderly end leaves no socket behind", async () => {
  const openSockets = (): number =>
    process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
  await until("earlier tests have closed theirs", () => openSockets() === 0);
  const { links, client, set } = await talk();
  await set({ isUp: false });
  client.end();
  await until("the end waits in the cut", () => client.writableFinished);
  await nodeClock.sleep(20, never);
  await set({});
  // By now the end has been delivered, and the shutdown of the target's socket has begun.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  links.reset(east, west);
  await until("no socket is left", () => openSockets() === 0);
  expect(links.traffic()[0]?.openFlows).toBe(0);
});

test("the target sees the connection come from the source address of the route", async () => {
  const target = await serve(echo);
  const links = makeLinks();
  const sourceHost = host.replace(/1$/, "77");
  const way = { ...route(target.address), sourceHost };
  await links.apply([way], []);
  dial(way.listen);
  await until("it came", () => target.sockets.length === 1);
  expect(target.sockets[0]?.remoteAddress).toBe(sourceHost);
});

test("an address that is taken is named in the failure, and the other routes are open", async () => {
  const target = await serve(echo);
  const links = makeLinks();
  const taken = { ...route(target.address), listen: target.address };
  const free = route(target.address);
  const failed = await links.apply([taken, free], []).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(Failure);
  expect(failed).toMatchObject({ code: "network.address-in-use" });
  expect(String(failed)).toContain(`${target.address.host}:${target.address.port}`);
  const client = dial(free.listen);
  const heard = collect(client);
  client.write("hello");
  await until("the echo came", () => heard.text() === "hello");
});

test("an address that this machine does not have is a failure of its own", async () => {
  // TEST-NET-1 of RFC 5737: nobody's address.
  const elsewhere = { ...route(nextAddress()), listen: { host: "192.0.2.1", port: 20_000 } };
  await expect(makeLinks().apply([elsewhere], [])).rejects.toMatchObject({
    code: "network.address-unavailable",
  });
});

test("applying the same again, or another target, breaks no connection", async () => {
  const other = await serve((socket) => socket.write("other"));
  const { links, way, client, heard, set } = await talk();
  await set({});
  await links.apply([{ ...way, target: other.address }], []);
  client.write("!");
  await until("the old connection answers", () => heard.text() === "hello!");
  const fresh = collect(dial(way.listen));
  await until("a new one leads elsewhere", () => fresh.text() === "other");
  expect(client.destroyed).toBe(false);
});

test("a route that is gone resets its connections and frees its address", async () => {
  const { links, way, client } = await talk();
  const broken = brokenBy(client);
  await links.apply([], []);
  expect(await broken).toBe("ECONNRESET");
  expect((await once(dial(way.listen), "error")) as unknown[]).toMatchObject([
    { code: "ECONNREFUSED" },
  ]);
});

test("closing resets what is open and frees every address", async () => {
  const { links, way, client } = await talk({ delayMs: 5 });
  const broken = brokenBy(client);
  await links.close();
  expect(await broken).toBe("ECONNRESET");
  const again = createServer().listen(way.listen);
  await once(again, "listening");
  again.close();
});

test("three hundred connections at once are all answered", async () => {
  const { way } = await talk({ delayMs: 5 });
  const heard = Array.from({ length: 300 }, (_, at) => {
    const socket = dial(way.listen);
    socket.write(`${at}`);
    return collect(socket);
  });
  await until("all are answered", () => heard.every(({ bytes }) => bytes() > 0));
  expect(heard.map(({ text }) => text())).toEqual(heard.map((_, at) => `${at}`));
});

test("bulk flows over 10 mbit lose no control message for longer than half a second", async () => {
  const sink = await serve((socket) => socket.resume());
  const answering = await serve(echo);
  const links = makeLinks();
  const bulk = route(sink.address, "data");
  const control = route(answering.address, "control");
  const slow = directions({ delayMs: 10, bandwidthBitsPerSecond: 10_000_000 });
  await links.apply([bulk, control], slow);
  // Two flows that would need minutes.
  for (let flow = 0; flow < 2; flow++) dial(bulk.listen).write(Buffer.alloc(64 * 1024 * 1024));
  const client = dial(control.listen);
  const heard = collect(client);
  let worstMs = 0;
  for (let ping = 1; ping <= 50; ping++) {
    const sentMs = nodeClock.monotonicMs();
    client.write("p");
    await until("the control message was answered", () => heard.bytes() === ping);
    worstMs = Math.max(worstMs, nodeClock.monotonicMs() - sentMs);
  }
  const carried = links.traffic().find(({ from }) => from === east)?.deliveredBytes;
  expect(carried?.data).toBeGreaterThan(500_000);
  expect(worstMs).toBeLessThan(500);
});
