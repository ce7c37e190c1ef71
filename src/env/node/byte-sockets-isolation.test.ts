/**
 * All sockets read into one buffer and write from another. Were the memory of a waiting write used again, a client
 * would see another one's bytes: this is where that would show.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Address } from "../../model/address.ts";
import type { ByteSocket, ByteSocketEvents } from "../byte-socket.ts";
import { NodeByteSockets } from "./byte-sockets.ts";
import { nodeClock } from "./clock.ts";

const host = `127.${100 + (process.pid % 100)}.${1 + ((process.pid >> 7) % 250)}.4`;
const sockets = new NodeByteSockets({ clock: nodeClock, onAcceptError: () => undefined });

const clients = 24;
const bytesEach = 6_000_000;
/** A proxy stops reading while so much waits, as the gateway does. */
const queueMax = 256 * 1024;

/** Repeatable chance, from 0 up to `below`. */
function chanceFrom(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    state = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    return ((state ^ (state >>> 15)) >>> 0) % below;
  };
}

/** Streams repeat after a prime, so at no buffer's length. */
const period = 65_521;

/** One period of each stream, twice. No two streams agree for long. */
const patterns = Array.from({ length: clients }, (_, stream) => {
  const one = Buffer.alloc(period);
  for (let at = 0; at < period; at += 1) one[at] = stream * 89 + at * 31 + (at >>> 8) * 7;
  return Buffer.concat([one, one, one, one]);
});

/** What stream `stream` has from `at` on, at most three periods of it. */
function pieceOf(stream: number, at: number, length: number): Buffer {
  const start = at % period;
  return patterns[stream]?.subarray(start, start + length) ?? Buffer.alloc(0);
}

/** Sends stream N to whoever connects N-th, in pieces of all sizes. */
function serveStreams(chance: (below: number) => number, served: Socket[]) {
  return createServer((socket) => {
    const stream = served.push(socket) - 1;
    let sent = 0;
    const fill = (): void => {
      while (sent < bytesEach) {
        const length = Math.min(1 + chance(chance(2) ? 300 : 150_000), bytesEach - sent);
        const piece = pieceOf(stream, sent, length);
        sent += length;
        if (!socket.write(piece)) return;
      }
      socket.end();
    };
    socket.on("drain", fill).on("error", () => undefined);
    fill();
  });
}

/** Forwards one way with back-pressure; every third piece goes in two corked halves. */
function forward(from: ByteSocket, to: ByteSocket, chance: (below: number) => number) {
  const reader: ByteSocketEvents = {
    data: (bytes) => {
      if (chance(3) === 0) {
        const middle = chance(bytes.length + 1);
        to.cork();
        to.write(bytes.subarray(0, middle));
        to.write(bytes.subarray(middle));
        to.uncork();
      } else to.write(bytes);
      if (to.queuedBytes > queueMax) from.pause();
    },
    drained: () => undefined,
    ended: () => to.end(),
    closed: () => undefined,
  };
  const writer: ByteSocketEvents = {
    data: () => undefined,
    drained: () => from.resume(),
    ended: () => undefined,
    closed: () => from.destroy(),
  };
  from.attach(reader);
  to.attach(writer);
}

/** Reads with pauses; throws at the first byte that is another stream's. */
async function readSlowly(
  socket: Socket,
  stream: number,
  chance: (below: number) => number,
): Promise<number> {
  let at = 0;
  for await (const bytes of socket as AsyncIterable<Buffer>) {
    if (!bytes.equals(pieceOf(stream, at, bytes.length)))
      throw new Error(`stream ${stream} has wrong bytes from ${at} to ${at + bytes.length}`);
    at += bytes.length;
    if (chance(stream % 2 === 0 ? 4 : 40) === 0) await sleep(chance(4));
  }
  return at;
}

test("a slow reader never sees bytes of another socket", async () => {
  const seed = Number(process.env["LEEWARD_TEST_SEED"] ?? process.pid);
  const chance = chanceFrom(seed);
  const stop = new AbortController();
  const served: Socket[] = [];
  const backend = serveStreams(chance, served).listen(0, host);
  await once(backend, "listening");
  const to: Address = { host, port: (backend.address() as AddressInfo).port };
  const front = createServer().listen(0, host);
  await once(front, "listening");
  const address: Address = { host, port: (front.address() as AddressInfo).port };
  front.close();
  await once(front, "close");
  const accepted: ByteSocket[] = [];
  await sockets.listen(address, (socket) => accepted.push(socket), stop.signal);
  const readers: Socket[] = [];
  try {
    for (let stream = 0; stream < clients; stream += 1) {
      const reader = connect({ ...address, allowHalfOpen: true }).pause();
      readers.push(reader);
      await once(reader, "connect");
      const server = await sockets.connect(to, 5_000, stop.signal);
      while (accepted.length <= stream || served.length <= stream) await sleep(1);
      const client = accepted[stream];
      if (client) forward(server, client, chance);
    }
    const read = readers.map((reader, stream) => readSlowly(reader, stream, chance));
    const lengths = await Promise.all(read).catch((error: unknown) => {
      throw new Error(`LEEWARD_TEST_SEED=${seed}`, { cause: error });
    });
    expect(new Set(lengths)).toEqual(new Set([bytesEach]));
  } finally {
    stop.abort(new Error("the test has ended"));
    for (const socket of [...readers, ...served]) socket.destroy();
    for (const socket of accepted) socket.destroy();
    backend.close();
  }
});
