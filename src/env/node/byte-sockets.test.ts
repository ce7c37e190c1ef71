import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Address } from "../../model/address.ts";
import { highWaterBytes, type ByteSocket, type ByteSocketEvents } from "../byte-socket.ts";
import { NodeByteSockets } from "./byte-sockets.ts";
import { nodeClock } from "./clock.ts";

/** This process's own loopback address: nobody else draws ports there. */
const host = `127.${100 + (process.pid % 100)}.${1 + ((process.pid >> 7) % 250)}.3`;
const sockets = new NodeByteSockets({
  clock: nodeClock,
  onAcceptError: (error) => {
    throw error;
  },
});

let stop = new AbortController();
beforeEach(() => (stop = new AbortController()));
afterEach(() => stop.abort(new Error("the test has ended")));

async function freeAddress(): Promise<Address> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return { host, port };
}

/** Everything that a socket tells, in words and in bytes. */
class Told implements ByteSocketEvents {
  readonly words: string[] = [];
  readonly #pieces: Buffer[] = [];
  error: Error | undefined;

  constructor(socket?: ByteSocket) {
    socket?.attach(this);
  }

  get text(): string {
    return Buffer.concat(this.#pieces).toString("latin1");
  }

  data(bytes: Buffer): void {
    this.#pieces.push(Buffer.from(bytes));
  }

  drained(): void {
    this.words.push("drained");
  }

  ended(): void {
    this.words.push("ended");
  }

  closed(error: Error | undefined): void {
    this.words.push("closed");
    this.error = error;
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`not within 15 s: ${what}`);
    await sleep(2);
  }
}

/** An accepted socket of ours and a plain one on the other side. */
async function pair(): Promise<{ ours: ByteSocket; theirs: Socket; address: Address }> {
  const address = await freeAddress();
  const accepted = new Promise<ByteSocket>((resolve) => {
    void sockets.listen(address, resolve, stop.signal).catch(() => undefined);
  });
  const theirs = connect({ ...address, allowHalfOpen: true });
  theirs.on("error", () => undefined);
  stop.signal.addEventListener("abort", () => theirs.destroy());
  return { ours: await accepted, theirs, address };
}

/** An echo of ours, and a socket of ours that is connected to it. */
async function echoed(): Promise<ByteSocket> {
  const address = await freeAddress();
  await sockets.listen(
    address,
    (socket) =>
      socket.attach({
        data: (bytes) => socket.write(bytes),
        drained: () => undefined,
        ended: () => socket.end(),
        closed: () => undefined,
      }),
    stop.signal,
  );
  return sockets.connect(address, 5_000, stop.signal);
}

test("what is written arrives, from either side, and both know where the other is", async () => {
  const { ours, theirs, address } = await pair();
  const told = new Told(ours);
  theirs.write("hello");
  await until("they were heard", () => told.text === "hello");
  ours.write(Buffer.from("world"));
  const [answer] = (await once(theirs, "data")) as [Buffer];
  expect(answer.toString()).toBe("world");
  expect(ours.remote).toEqual({ host: theirs.localAddress, port: theirs.localPort });
  expect(ours.isSecure).toBe(false);
  expect(ours.channelBinding).toBeUndefined();
  const outgoing = await sockets.connect(address, 5_000, stop.signal);
  expect(outgoing.remote).toEqual(address);
  outgoing.destroy();
});

test("nothing is read before somebody listens, and nothing of it is lost", async () => {
  const { ours, theirs } = await pair();
  theirs.write("early");
  await sleep(50);
  const told = new Told(ours);
  expect(told.text).toBe("");
  await until("the early bytes came", () => told.text === "early");
});

test("memory that was written from is the writer's again at once", async () => {
  const socket = await echoed();
  const told = new Told(socket);
  const scratch = Buffer.alloc(100);
  let expected = "";
  for (let letter = 0; letter < 26; letter += 1) {
    scratch.fill(97 + letter);
    expected += scratch.toString();
    socket.write(scratch);
  }
  scratch.fill("!");
  await until("everything came back", () => told.text.length === expected.length);
  expect(told.text).toBe(expected);
  socket.destroy();
});

test("a paused socket brings nothing, not even the end, until it is resumed", async () => {
  const { ours, theirs } = await pair();
  const told = new Told();
  ours.attach({
    data: (bytes) => {
      told.data(bytes);
      ours.pause();
    },
    drained: () => told.drained(),
    ended: () => told.ended(),
    closed: (error) => told.closed(error),
  });
  theirs.write("first");
  await until("the first came", () => told.text === "first");
  theirs.end("second");
  await sleep(50);
  expect([told.text, told.words]).toEqual(["first", []]);
  ours.resume();
  await until("the second came", () => told.text === "firstsecond");
  ours.resume();
  await until("the end came", () => told.words.includes("ended"));
  ours.write(Buffer.from("still here"));
  expect(String(await once(theirs, "data"))).toBe("still here");
  ours.end();
  await until("it closed", () => told.words.at(-1) === "closed");
  expect(told.error).toBeUndefined();
});

test("writes between cork and uncork leave as one, in order", async () => {
  const { ours, theirs } = await pair();
  void new Told(ours);
  theirs.setNoDelay(true);
  const pieces: string[] = [];
  theirs.on("data", (bytes: Buffer) => pieces.push(bytes.toString()));
  ours.cork();
  ours.write(Buffer.from("a"));
  ours.cork();
  ours.write(Buffer.from("b"));
  ours.uncork();
  ours.write(Buffer.from("c"));
  expect(ours.queuedBytes).toBe(3);
  await sleep(30);
  expect(pieces).toEqual([]);
  ours.uncork();
  await until("they arrived", () => pieces.length > 0);
  expect(pieces).toEqual(["abc"]);
});

test("corked writes larger than any buffer arrive whole", async () => {
  const socket = await echoed();
  const told = new Told(socket);
  socket.cork();
  let expected = "";
  for (const length of [1, 70_000, 70_000, 3, 300_000, 5, 100_000]) {
    const bytes = Buffer.alloc(length, 97 + (length % 26));
    expected += bytes.toString();
    socket.write(bytes);
  }
  expect(socket.queuedBytes).toBe(expected.length);
  socket.uncork();
  await until("everything came back", () => told.text.length === expected.length);
  expect(told.text === expected).toBe(true);
  socket.destroy();
});

test("what a slow reader has not taken is counted, and its end is told", async () => {
  const { ours, theirs } = await pair();
  const told = new Told(ours);
  theirs.pause();
  const piece = Buffer.alloc(highWaterBytes, 1);
  let written = 0;
  while (ours.queuedBytes < 1_000_000) {
    ours.write(piece);
    written += piece.length;
  }
  expect(told.words).toEqual([]);
  let arrived = 0;
  theirs.on("data", (bytes: Buffer) => (arrived += bytes.length)).resume();
  await until("it drained", () => told.words.includes("drained"));
  expect(ours.queuedBytes).toBe(0);
  await until("everything arrived", () => arrived === written);
});

test("an end closes after everything has left, and tells nothing more but that", async () => {
  const { ours, theirs } = await pair();
  const told = new Told(ours);
  let arrived = 0;
  theirs.on("data", (bytes: Buffer) => (arrived += bytes.length));
  const closed = once(theirs, "end");
  ours.write(Buffer.alloc(5_000_000, 1));
  ours.end();
  ours.write(Buffer.from("too late"));
  theirs.write("unheard");
  await closed;
  expect(arrived).toBe(5_000_000);
  theirs.end();
  await until("it closed", () => told.words.includes("closed"));
  expect([told.words, told.text, told.error]).toEqual([["closed"], "", undefined]);
});

test("a last word reaches a client that was still sending", async () => {
  const { ours, theirs } = await pair();
  const told = new Told(ours);
  theirs.write(Buffer.alloc(200_000));
  await until("some of it came", () => told.text.length > 0);
  ours.pause();
  const heard = once(theirs, "data");
  theirs.write(Buffer.alloc(200_000));
  ours.write(Buffer.from("sorry"));
  ours.end();
  expect(String((await heard)[0])).toBe("sorry");
  await once(theirs, "end");
  theirs.destroy();
  await until("it closed", () => told.words.includes("closed"));
});

test("a client that never closes its side is closed a second after the end", async () => {
  const { ours, theirs } = await pair();
  const told = new Told(ours);
  theirs.resume();
  const startedMs = performance.now();
  ours.end();
  await until("it closed", () => told.words.includes("closed"));
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

test("a destroyed socket tells that it closed, once, and nothing after it", async () => {
  const socket = await echoed();
  const told = new Told(socket);
  socket.write(Buffer.from("unheard"));
  socket.destroy();
  socket.destroy();
  socket.write(Buffer.from("nothing"));
  socket.end();
  socket.pause();
  socket.resume();
  expect(told.words).toEqual([]);
  await until("it closed", () => told.words.length > 0);
  await sleep(20);
  expect([told.words, told.text, told.error]).toEqual([["closed"], "", undefined]);
});

test("a reset is the reason of the close, once", async () => {
  const { ours, theirs } = await pair();
  const told = new Told(ours);
  theirs.resetAndDestroy();
  await until("it closed", () => told.words.length > 0);
  ours.write(Buffer.from("to nobody"));
  ours.destroy();
  await sleep(20);
  expect(told.words).toEqual(["closed"]);
  expect(told.error).toMatchObject({ code: "ECONNRESET" });
});

test("who listens only after the close is told of it", async () => {
  const { ours } = await pair();
  ours.destroy();
  await sleep(20);
  const told = new Told(ours);
  expect(told.words).toEqual([]);
  await until("it was told", () => told.words.length > 0);
  expect(told.words).toEqual(["closed"]);
});

test("another one can take over the events", async () => {
  const { ours, theirs } = await pair();
  const [first, second] = [new Told(ours), new Told()];
  theirs.write("one");
  await until("the first heard", () => first.text === "one");
  ours.attach(second);
  theirs.write("two");
  await until("the second heard", () => second.text === "two");
  expect(first.text).toBe("one");
});

test("an address is listened on once, and is free when its signal aborts", async () => {
  const address = await freeAddress();
  const first = new AbortController();
  await sockets.listen(address, () => undefined, first.signal);
  const again = (): Promise<void> => sockets.listen(address, () => undefined, stop.signal);
  await expect(again()).rejects.toMatchObject({ code: "network.address-in-use" });
  first.abort(new Error("stopped"));
  await again();
  const nowhere = sockets.listen({ host: "192.0.2.1", port: 1 }, () => undefined, stop.signal);
  await expect(nowhere).rejects.toMatchObject({ code: "network.address-unavailable" });
});

test("a connection outlives the listener that accepted it", async () => {
  const address = await freeAddress();
  const listening = new AbortController();
  const accepted = new Promise<ByteSocket>((resolve) => {
    void sockets.listen(address, resolve, listening.signal).catch(() => undefined);
  });
  const socket = await sockets.connect(address, 5_000, stop.signal);
  const told = new Told(await accepted);
  listening.abort(new Error("stopped"));
  const late = sockets.connect(address, 5_000, stop.signal);
  await expect(late).rejects.toMatchObject({ code: "network.unreachable" });
  socket.write(Buffer.from("hello"));
  await until("it is heard", () => told.text === "hello");
  socket.destroy();
  await until("the end is heard", () => told.words.includes("ended"));
});

test("where nobody listens, nobody is reached", async () => {
  const refused = sockets.connect(await freeAddress(), 5_000, stop.signal);
  await expect(refused).rejects.toMatchObject({ code: "network.unreachable" });
});

test("who does not answer in time is not reached, and who gives up gets the own reason", async () => {
  // A documentation address: nobody is there, or the system knows that it cannot reach it.
  const nowhere = { host: "192.0.2.1", port: 9 };
  const late = sockets.connect(nowhere, 50, stop.signal);
  await expect(late).rejects.toMatchObject({ code: "network.unreachable" });
  const abort = new AbortController();
  const given = sockets.connect(nowhere, 5_000, abort.signal);
  abort.abort(new Error("enough"));
  await expect(given).rejects.toThrow("enough");
});
