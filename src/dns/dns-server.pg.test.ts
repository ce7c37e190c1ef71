import { execFile, execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { decode, encode, streamEncode, type Packet } from "dns-packet";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { east, orders, trafficState, west, zoneSettings } from "../../test/zone-example.ts";
import type { Clock, Log } from "../env/env.ts";
import { NodeByteSockets } from "../env/node/byte-sockets.ts";
import { nodeClock } from "../env/node/clock.ts";
import { nodeDatagrams } from "../env/node/datagrams.ts";
import { nodeRandom } from "../env/node/random.ts";
import type { Address } from "../model/address.ts";
import { DnsServer } from "./dns-server.ts";

/** This process's own loopback address: nobody else draws ports there. */
const host = `127.${100 + (process.pid % 100)}.${1 + ((process.pid >> 7) % 250)}.5`;

const warnings: string[] = [];
const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (event) => warnings.push(event),
  error: (event) => warnings.push(event),
  child: () => log,
};

let lastPort = 5_300;
let stop = new AbortController();
beforeEach(() => {
  stop = new AbortController();
  warnings.length = 0;
});
afterEach(() => stop.abort(new Error("the test has ended")));

type Started = { readonly server: DnsServer; readonly address: Address };

async function start(clock: Clock = nodeClock): Promise<Started> {
  const address = { host, port: (lastPort += 1) };
  const sockets = new NodeByteSockets({ clock, onAcceptError: () => undefined });
  const server = new DnsServer(
    { clock, log, random: nodeRandom, sockets, datagrams: nodeDatagrams },
    zoneSettings(west),
  );
  await server.listen(address, stop.signal);
  server.follow(trafficState());
  return { server, address };
}

function resolverOf({ host: at, port }: Address): Resolver {
  const resolver = new Resolver({ timeout: 5_000, tries: 1 });
  resolver.setServers([`${at}:${port}`]);
  return resolver;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`not within 20 s: ${what}`);
    await sleep(2);
  }
}

const writer = "orders.writer.leeward.internal";
const question = (name = writer, id = 1): Packet => ({
  type: "query",
  id,
  questions: [{ type: "A", name }],
});

test("a resolver that knows nothing of us finds every kind of name", async () => {
  const { address } = await start();
  const resolver = resolverOf(address);
  expect(await resolver.resolve4(writer, { ttl: true })).toEqual([
    { address: "127.7.2.101", ttl: 1 },
  ]);
  expect(await resolver.resolveCname(writer)).toEqual([`gateway.${east}.leeward.internal`]);
  expect(await resolver.resolveSrv(`_postgresql._tcp.${writer}`)).toEqual([
    { name: `gateway.${east}.leeward.internal`, port: 6432, priority: 0, weight: 0 },
  ]);
  expect(await resolver.resolveSoa("leeward.internal")).toMatchObject({
    nsname: "ns.leeward.internal",
    serial: 12,
    minttl: 1,
  });
  expect(await resolver.resolveNs("leeward.internal")).toEqual(["ns.leeward.internal"]);
  await expect(resolver.resolve4("nobody.leeward.internal")).rejects.toMatchObject({
    code: "ENOTFOUND",
  });
  await expect(resolver.resolve6(`gateway.${east}.leeward.internal`)).rejects.toMatchObject({
    code: "ENODATA",
  });
  await expect(resolver.resolve4("example.com")).rejects.toMatchObject({ code: "EREFUSED" });
});

test("a moved name is answered from the next question on, and an older state changes nothing", async () => {
  const { server, address } = await start();
  const resolver = resolverOf(address);
  const names = [{ database: orders, version: 2, writer: west, readers: [west] }];
  server.follow(trafficState({ revision: 13, names }));
  expect(await resolver.resolve4(writer)).toEqual(["127.7.2.1"]);
  server.follow(trafficState({ revision: 11 }));
  server.follow(undefined);
  expect(await resolver.resolve4(writer)).toEqual(["127.7.2.1"]);
});

test("before anything is known a name fails, and is not denied", async () => {
  const address = { host, port: (lastPort += 1) };
  const sockets = new NodeByteSockets({ clock: nodeClock, onAcceptError: () => undefined });
  const doors = { clock: nodeClock, log, random: nodeRandom, sockets, datagrams: nodeDatagrams };
  await new DnsServer(doors, zoneSettings(west)).listen(address, stop.signal);
  await expect(resolverOf(address).resolve4(writer)).rejects.toMatchObject({ code: "ESERVFAIL" });
});

test("many questions on one TCP connection are answered in their order, however they are cut", async () => {
  const { server, address } = await start();
  const client = await connected(address);
  const replies = messagesOf(client);
  const stream = Buffer.concat(
    Array.from({ length: 500 }, (_, id) => streamEncode(question(writer, id))),
  );
  for (let at = 0; at < stream.length; at += 333) {
    client.write(stream.subarray(at, at + 333));
    if (at % 7 === 0) await sleep(1);
  }
  await until("all came", () => replies.length === 500);
  expect(replies.map((bytes) => bytes.readUInt16BE(0))).toEqual(
    Array.from({ length: 500 }, (_, id) => id),
  );
  expect(decode(replies[0] as Buffer).answers).toHaveLength(2);
  expect(server.counts()).toEqual({ answered: 500, refused: 0, malformed: 0 });
  client.end();
  await until("the server ended it as well", () => client.closed);
});

test("who asks by TCP and never reads is not read from, and is ended; others go on", async () => {
  const { address } = await start(hurried);
  const greedy = (await connected(address)).pause();
  const many = Buffer.concat(Array.from({ length: 2_000 }, () => streamEncode(question())));
  let written = 0;
  let isStuck = false;
  // 64 MiB: far more than all buffers between the two take.
  while (written < 64 * 2 ** 20 && !isStuck && !greedy.destroyed) {
    written += many.length;
    if (!greedy.write(many)) {
      const drained = once(greedy, "drain").then(
        () => "drained",
        () => "reset",
      );
      isStuck = (await Promise.race([drained, sleep(500, "stuck")])) === "stuck";
    }
  }
  expect(written).toBeLessThan(64 * 2 ** 20);
  expect(await resolverOf(address).resolve4(writer)).toEqual(["127.7.2.101"]);
  await until("the connection was ended", () => {
    greedy.write(Buffer.from([0]));
    return greedy.destroyed;
  });
});

test("a question that trickles in, an announced giant and an idle client are ended", async () => {
  const { address } = await start(hurried);
  const idle = await connected(address);
  const trickling = await connected(address);
  const trickle = setInterval(() => trickling.write(Buffer.from([0])), 50);
  stop.signal.addEventListener("abort", () => clearInterval(trickle));
  trickling.write(Buffer.from([1, 0]));
  const giant = await connected(address);
  giant.write(Buffer.from([0xff, 0xff]));
  await until("the giant was ended", () => giant.closed);
  await until("the idle one was ended", () => idle.closed);
  await until("the trickling one was ended", () => trickling.closed);
  clearInterval(trickle);
  expect(await resolverOf(address).resolve4(writer)).toEqual(["127.7.2.101"]);
});

test("more TCP clients than there may be are turned away, and those that are there are served", async () => {
  const { address } = await start();
  const first = await connected(address);
  const replies = messagesOf(first);
  const crowd = await Promise.all(Array.from({ length: 260 }, () => connected(address)));
  const turnedAway = (): number => crowd.filter((client) => client.closed).length;
  await until("some were turned away", () => turnedAway() === 5);
  first.write(streamEncode(question()));
  await until("the first was answered", () => replies.length === 1);
  expect(turnedAway()).toBe(5);
});

test("whatever is sent by UDP, the server answers the next good question", async () => {
  const { server, address } = await start();
  const socket = createSocket("udp4");
  let received = 0;
  socket.on("message", () => (received += 1));
  const good = encode(question());
  const packets = fc.sample(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 1_400 }),
      fc
        .tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length))
        .map(([at, octet, end]) => {
          const bytes = Buffer.from(good);
          bytes[at] = octet;
          return bytes.subarray(0, Math.max(end, 1));
        }),
    ),
    { numRuns: 5_000, seed: 42 },
  );
  const total = (): number => Object.values(server.counts()).reduce((sum, one) => sum + one, 0);
  for (const [index, packet] of packets.entries()) {
    socket.send(packet, address.port, address.host);
    // Not faster than the server reads, so that each one is seen.
    if (index % 50 === 49) await until("they were seen", () => total() >= index + 1);
  }
  expect(await resolverOf(address).resolve4(writer)).toEqual(["127.7.2.101"]);
  expect(server.counts().malformed).toBeGreaterThan(1_000);
  expect(received).toBeGreaterThan(1_000);
  socket.close();
  expect(warnings).toEqual([]);
});

test("an address of which half is taken is given back whole", async () => {
  const address = { host, port: (lastPort += 1) };
  const sockets = new NodeByteSockets({ clock: nodeClock, onAcceptError: () => undefined });
  const taken = new AbortController();
  await sockets.listen(address, (socket) => socket.destroy(), taken.signal);
  const doors = { clock: nodeClock, log, random: nodeRandom, sockets, datagrams: nodeDatagrams };
  const server = new DnsServer(doors, zoneSettings(west));
  await expect(server.listen(address, stop.signal)).rejects.toMatchObject({
    code: "network.address-in-use",
  });
  const events = { received: () => undefined, failed: () => undefined };
  await nodeDatagrams.bind(address, events, stop.signal);
  taken.abort(new Error("the test has ended"));
});

test("an abort ends the sockets and every connection", async () => {
  const { address } = await start();
  const client = await connected(address);
  stop.abort(new Error("it is over"));
  await until("the connection was ended", () => client.closed);
  await expect(
    new Promise((resolve, reject) => {
      connect(address).once("connect", resolve).once("error", reject);
    }),
  ).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

const hasDig = ((): boolean => {
  try {
    execFileSync("dig", ["-v"], { stdio: "ignore" });
    return true;
  } catch {
    console.warn("dig is not installed: the tests with it are skipped");
    return false;
  }
})();

async function dig(address: Address, ...words: readonly string[]): Promise<string> {
  const at = [`@${address.host}`, "-p", String(address.port), "+norecurse", "+tries=1"];
  return (await promisify(execFile)("dig", [...at, ...words])).stdout;
}

test.skipIf(!hasDig)("dig understands every answer and complains of none", async () => {
  const { address } = await start();
  for (const [words, expected] of [
    [[writer], [`gateway.${east}.leeward.internal.`, "127.7.2.101", "flags: qr aa;", "udp: 1232"]],
    [["+tcp", writer], ["127.7.2.101"]],
    [["+noedns", writer], ["127.7.2.101"]],
    [["+edns=1", "+noednsneg", writer], ["BADVERS"]],
    [["+dnssec", writer], ["flags: do; udp: 1232"]],
    [["+cookie", "+padding=200", writer], ["127.7.2.101"]],
    [["leeward.internal", "SOA"], ["hostmaster.leeward.internal. 12 1 1 86400 1"]],
    [["leeward.internal", "TXT"], [`"view=${west}" "revision=12"`]],
    [
      ["leeward.internal", "ANY"],
      ["status: NOERROR", "ANSWER: 1"],
    ],
    [["leeward.internal", "AXFR"], ["Transfer failed"]],
    [["nobody.leeward.internal"], ["NXDOMAIN", "AUTHORITY: 1"]],
    [["writer.leeward.internal"], ["NOERROR", "ANSWER: 0, AUTHORITY: 1"]],
    [["-x", "127.7.2.1"], ["REFUSED"]],
    [["+opcode=notify", "+noedns", "leeward.internal"], ["NOTIMP"]],
    [["-c", "CH", "version.bind", "TXT"], ["REFUSED"]],
    [["_postgresql._tcp.orders.writer.leeward.internal", "SRV"], ["0 0 6432 gateway.us-east-1"]],
  ] as const) {
    const said = await dig(address, ...words);
    for (const part of expected) expect(said).toContain(part);
    expect(said).not.toMatch(/malformed|warning|extra bytes|mismatch/i);
  }
});

/** Twenty times as fast, so that what takes 10 s is seen in half a second. */
const hurried: Clock = {
  monotonicMs: () => 20 * nodeClock.monotonicMs(),
  wallMs: () => nodeClock.wallMs(),
  sleep: (ms, signal) => nodeClock.sleep(ms / 20, signal),
};

async function connected(address: Address): Promise<Socket> {
  const socket = connect(address);
  await once(socket, "connect");
  socket.on("error", () => undefined);
  stop.signal.addEventListener("abort", () => socket.destroy());
  return socket.resume();
}

/** Every whole message that arrives from now on. */
function messagesOf(socket: Socket): readonly Buffer[] {
  const messages: Buffer[] = [];
  let pending = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => {
    pending = Buffer.concat([pending, bytes]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      messages.push(pending.subarray(2, end));
      pending = pending.subarray(end);
    }
  });
  return messages;
}
