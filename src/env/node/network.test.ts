import { getEventListeners, once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { expect, test } from "vitest";
import type { Address } from "../../model/address.ts";
import { registerNetworkContract } from "../network-contract.ts";
import { nodeClock } from "./clock.ts";
import { NodeNetwork } from "./network.ts";

const never = new AbortController().signal;
/** This process's own loopback address: nobody else draws ports there. */
const host = `127.${100 + (process.pid % 100)}.${1 + ((process.pid >> 7) % 250)}.1`;

async function listening(server: Server): Promise<Address> {
  server.listen(0, host);
  await once(server, "listening");
  return { host, port: (server.address() as AddressInfo).port };
}

async function freeAddress(): Promise<Address> {
  const server = createServer();
  const address = await listening(server);
  server.close();
  await once(server, "close");
  return address;
}

registerNetworkContract({
  make: () => {
    const networks = new Map<string, NodeNetwork>();
    const bugs: unknown[] = [];
    const open = (name: string): NodeNetwork => {
      const network = new NodeNetwork({ clock: nodeClock, onBug: (bug) => bugs.push(bug) });
      networks.set(name, network);
      return network;
    };
    return {
      clock: nodeClock,
      network: (name) => networks.get(name) ?? open(name),
      newAddress: freeAddress,
      bugs,
      end: () => {
        for (const network of networks.values()) network.close();
      },
    };
  },
  drive: (_, body) => body(),
});

/** Takes connections and bytes, and never says a word: a link that is a black hole. */
async function blackHole(): Promise<{ address: Address; opened: () => number; close: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) =>
    sockets.push(socket.on("error", () => undefined).resume()),
  );
  const address = await listening(server);
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { address, opened: () => sockets.length, close };
}

const open = (): NodeNetwork => new NodeNetwork({ clock: nodeClock, onBug: () => undefined });
const hasCode = (code: string): unknown => expect.objectContaining({ code });

test("a black hole is unreachable, and each next request takes a fresh connection", async () => {
  const hole = await blackHole();
  const network = open();
  const options = { token: "t", timeoutMs: 50 };
  for (let round = 1; round <= 3; round++) {
    const asked = network.request(hole.address, null, options, never);
    await expect(asked).rejects.toEqual(hasCode("network.unreachable"));
    expect(hole.opened()).toBe(round);
  }
  network.close();
  hole.close();
});

test("an address of another machine cannot be served", async () => {
  const network = open();
  const serving = network.serve(
    { host: "192.0.2.1", port: 7 },
    () => "p",
    async () => 1,
    never,
  );
  await expect(serving).rejects.toEqual(hasCode("network.address-unavailable"));
});

test.for(["not HTTP at all\r\n\r\n", 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"x'])(
  "a peer that answers %j does not end the program",
  async (words) => {
    const server = createServer((socket) => socket.on("error", () => undefined).end(words));
    const address = await listening(server);
    const network = open();
    const asked = network.request(address, null, { token: "t", timeoutMs: 5_000 }, never);
    await expect(asked).rejects.toEqual(hasCode("network.unreachable"));
    network.close();
    server.close();
  },
);

test("connections are kept and used again, one for each call under way", async () => {
  const stop = new AbortController();
  const network = open();
  const behind = await freeAddress();
  await network.serve(
    behind,
    () => "peer",
    async (_, message) => message,
    stop.signal,
  );
  let connections = 0;
  const front = createServer((socket) => {
    connections += 1;
    const onward = connect(behind);
    socket.on("error", () => onward.destroy()).pipe(onward);
    onward.on("error", () => socket.destroy()).pipe(socket);
  });
  const address = await listening(front);
  const options = { token: "t", timeoutMs: 5_000 };
  for (let n = 0; n < 20; n++) await network.request(address, n, options, never);
  expect(connections).toBe(1);
  await Promise.all([1, 2, 3].map((n) => network.request(address, n, options, never)));
  expect(connections).toBe(3);
  stop.abort();
  network.close();
  front.close();
});

test("a closed network asks nobody, and gives up what is under way", async () => {
  const hole = await blackHole();
  const network = open();
  const asked = network.request(hole.address, null, { token: "t", timeoutMs: 60_000 }, never);
  network.close();
  await expect(asked).rejects.toEqual(hasCode("network.unreachable"));
  const late = network.request(hole.address, null, { token: "t", timeoutMs: 60_000 }, never);
  await expect(late).rejects.toEqual(hasCode("network.unreachable"));
  hole.close();
});

test("a hundred calls under one signal leave no warning and no listener", async () => {
  const warnings: string[] = [];
  const note = ({ message }: Error): void => void warnings.push(message);
  process.on("warning", note);
  const stop = new AbortController();
  const network = open();
  const address = await freeAddress();
  await network.serve(
    address,
    () => "peer",
    async (_, message) => message,
    stop.signal,
  );
  const options = { token: "t", timeoutMs: 5_000 };
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  await Promise.all(numbers.map((n) => network.request(address, n, options, stop.signal)));
  // The server's own; each request has taken its listener back.
  expect(getEventListeners(stop.signal, "abort")).toHaveLength(1);
  stop.abort();
  network.close();
  process.off("warning", note);
  expect(warnings).toEqual([]);
});

test.for<[string, string, number]>([
  ["not JSON", "POST / HTTP/1.1\r\nauthorization: Bearer t\r\ncontent-length: 1\r\n\r\n{", 400],
  ["no message", "GET / HTTP/1.1\r\nauthorization: Bearer t\r\n\r\n", 400],
  ["5 MiB", "POST / HTTP/1.1\r\nauthorization: Bearer t\r\ncontent-length: 5242880\r\n\r\n", 400],
  ["no token", "POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\nnull", 401],
  ["another scheme", "POST / HTTP/1.1\r\nauthorization: Basic t\r\n\r\n", 401],
])("a stranger that sends %s is refused", async ([, words, status]) => {
  const stop = new AbortController();
  const network = open();
  const address = await freeAddress();
  await network.serve(
    address,
    () => "peer",
    async () => "served",
    stop.signal,
  );
  const socket = connect(address);
  socket.write(words.replace("\r\n", `\r\nhost: here\r\n`));
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  stop.abort();
  socket.destroy();
});
