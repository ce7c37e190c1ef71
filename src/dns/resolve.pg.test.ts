import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { decode, encode } from "dns-packet";
import { afterEach, beforeEach, expect, test } from "vitest";
import { east, trafficState, west, zoneSettings } from "../../test/zone-example.ts";
import type { Log } from "../env/env.ts";
import { NodeByteSockets } from "../env/node/byte-sockets.ts";
import { nodeClock } from "../env/node/clock.ts";
import { nodeDatagrams } from "../env/node/datagrams.ts";
import { nodeRandom } from "../env/node/random.ts";
import type { Address } from "../model/address.ts";
import { DnsServer } from "./dns-server.ts";
import type { Resolved } from "./dns.ts";
import { resolveName } from "./resolve.ts";

/** This process's own loopback address: nobody else draws ports there. */
const host = `127.${100 + (process.pid % 100)}.${1 + ((process.pid >> 7) % 250)}.7`;
const writer = "orders.writer.leeward.internal";

const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => log,
};

const sockets = new NodeByteSockets({ clock: nodeClock, onAcceptError: () => undefined });
const doors = { clock: nodeClock, log, random: nodeRandom, sockets, datagrams: nodeDatagrams };

let lastPort = 5_300;
let stop = new AbortController();
beforeEach(() => (stop = new AbortController()));
afterEach(() => stop.abort(new Error("the test has ended")));

const resolve = (server: Address, name: string): Promise<Resolved> =>
  resolveName(doors, server, name, stop.signal);

async function start(): Promise<{ server: DnsServer; address: Address }> {
  const address = { host, port: (lastPort += 1) };
  const server = new DnsServer(doors, zoneSettings(west));
  await server.listen(address, stop.signal);
  return { server, address };
}

/** A server by UDP alone, which answers as `answer` wants. */
async function strange(
  answer: (query: Buffer, count: number) => readonly Buffer[],
): Promise<Address> {
  const socket: Socket = createSocket("udp4");
  let count = 0;
  socket.on("message", (query, { address, port }) => {
    count += 1;
    for (const bytes of answer(query, count)) socket.send(bytes, port, address);
  });
  socket.bind(0, host);
  await once(socket, "listening");
  stop.signal.addEventListener("abort", () => socket.close());
  return { host, port: socket.address().port };
}

test("a name is followed to its address, with every step", async () => {
  const { server, address } = await start();
  server.follow(trafficState());
  const target = `gateway.${east}.leeward.internal`;
  expect(await resolve(address, `${writer}.`)).toEqual({
    name: writer,
    chain: [
      { name: writer, type: "CNAME", data: target, ttl: 1 },
      { name: target, type: "A", data: "127.7.2.101", ttl: 1 },
    ],
    address: "127.7.2.101",
    ttl: 1,
  });
  expect(await resolve(address, "writer.leeward.internal")).toEqual({
    name: "writer.leeward.internal",
    chain: [],
    address: undefined,
    ttl: 0,
  });
});

test("no such name, no state yet, another zone and no name at all fail each in its own way", async () => {
  const { address } = await start();
  for (const [name, code, says] of [
    ["nobody.leeward.internal", "dns.no-such-name", "knows no name nobody.leeward.internal"],
    [writer, "dns.server-failed", "it has not heard yet where the name leads"],
    ["example.com", "dns.server-failed", "does not answer for that zone"],
    ["a..b", "usage.invalid", "is no name"],
    ["", "usage.invalid", "is no name"],
    [`${"x".repeat(64)}.leeward.internal`, "usage.invalid", "is no name"],
  ] as const) {
    const failure = await resolve(address, name).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code });
    expect(String(failure)).toContain(says);
  }
});

test("nobody there is told at once, and one that says nothing after some tries", async () => {
  const startedMs = performance.now();
  await expect(resolve({ host, port: 1 }, writer)).rejects.toMatchObject({
    code: "network.unreachable",
  });
  expect(performance.now() - startedMs).toBeLessThan(900);
  const mute = await strange(() => []);
  const failure = await resolve(mute, writer).catch((error: unknown) => error);
  expect(String(failure)).toContain(`asking ${host}:${mute.port} for ${writer}: no answer came`);
});

test("a lost question is asked again, and what answers another question is not believed", async () => {
  const reply = (query: Buffer, data: string, idChange: number): Buffer => {
    const { id = 0, questions = [] } = decode(query);
    const answers = [{ type: "A" as const, name: writer, data, ttl: 5 }];
    return encode({ type: "response", id: (id + idChange) % 65_536, questions, answers });
  };
  const server = await strange((query, count) =>
    count === 1
      ? [Buffer.from("no DNS at all"), reply(query, "6.6.6.6", 1)]
      : [query, reply(query, "6.6.6.6", 1), reply(query, "127.0.0.9", 0)],
  );
  expect(await resolve(server, writer)).toMatchObject({ address: "127.0.0.9", ttl: 5 });
});

test("an answer that has no room comes by TCP; nobody there is a failure", async () => {
  const truncated = (query: Buffer): readonly Buffer[] => {
    const bytes = Buffer.from(query);
    bytes[2] = 0x82;
    return [bytes];
  };
  const server = await strange(truncated);
  await expect(resolve(server, writer)).rejects.toMatchObject({ code: "network.unreachable" });
  const fixed = encode({
    type: "response",
    questions: [{ type: "A", name: writer }],
    answers: [{ type: "A", name: writer, data: "127.0.0.8", ttl: 1 }],
  });
  await sockets.listen(
    server,
    (socket) =>
      socket.attach({
        data: (bytes) => {
          const reply = Buffer.concat([Buffer.alloc(2), fixed]);
          reply.writeUInt16BE(fixed.length, 0);
          bytes.copy(reply, 2, 2, 4);
          // In two pieces.
          socket.write(reply.subarray(0, 5));
          socket.write(reply.subarray(5));
        },
        drained: () => undefined,
        ended: () => socket.end(),
        closed: () => undefined,
      }),
    stop.signal,
  );
  expect(await resolve(server, writer)).toMatchObject({ address: "127.0.0.8" });
});

test("an abort ends the question", async () => {
  const mute = await strange(() => []);
  const over = new AbortController();
  const asked = resolveName(doors, mute, writer, over.signal);
  over.abort(new Error("nobody wants to know"));
  await expect(asked).rejects.toThrow("nobody wants to know");
});
