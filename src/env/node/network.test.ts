import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterAll, expect, test } from "vitest";
import type { Address } from "../../model/address.ts";
import { registerNetworkContract } from "../network-contract.ts";
import { nodeClock } from "./clock.ts";
import { NodeNetwork } from "./network.ts";

const never = new AbortController().signal;
/** This process's own loopback address: nobody else draws ports there. */
const host = `127.${100 + (process.pid % 100)}.${1 + ((process.pid >> 7) % 250)}.1`;

const warnings: string[] = [];
process.on("warning", ({ name }) => warnings.push(name));
afterAll(() => expect(warnings).toEqual([]));

async function listening(server: Server): Promise<Address> {
  server.listen(0, host);
  await once(server, "listening");
  return { host, port: (server.address() as AddressInfo).port };
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
      newAddress: async () => {
        const server = createServer();
        const address = await listening(server);
        server.close();
        await once(server, "close");
        return address;
      },
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

test.for(["not HTTP at all\r\n\r\n", 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{"x'])(
  "a peer that answers %j does not end the program",
  async (words) => {
    const server = createServer((socket) => socket.on("error", () => undefined).end(words));
    const address = await listening(server);
    const network = open();
    const asked = network.request(address, null, { token: "t", timeoutMs: 5_000 }, never);
    await expect(asked).rejects.toThrow();
    network.close();
    server.close();
  },
);

test("connections are kept and used again, one for each call under way", async () => {
  const stop = new AbortController();
  const network = open();
  const server = createServer();
  const behind = await listening(server);
  server.close();
  await once(server, "close");
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
