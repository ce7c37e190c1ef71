import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { drawAddress } from "../../test/postgres/scratch.ts";
import { nodeClock } from "../env/node/clock.ts";
import { NodeByteSockets } from "../env/node/byte-sockets.ts";
import type { Address } from "../model/address.ts";
import { answers } from "./peer-probe.ts";

const never = new AbortController().signal;
const sockets = new NodeByteSockets({ clock: nodeClock, onAcceptError: () => undefined });
const doors = { clock: nodeClock, sockets };
const open = new Set<Server | Socket>();

afterEach(() => {
  for (const one of open) {
    if ("destroy" in one) one.destroy();
    else one.close();
  }
  open.clear();
});

async function listen(accept: (socket: Socket) => void): Promise<Address> {
  const { host } = drawAddress();
  const address = { host, port: 6432 };
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    accept(socket);
  });
  open.add(server);
  await new Promise<void>((resolve) => server.listen(address, () => resolve()));
  return address;
}

test("a gateway that refuses TLS answers, too", async () => {
  const address = await listen((socket) => socket.once("data", () => socket.write("N")));
  expect(await answers(address, 2_000, doors, never)).toBe(true);
});

test("one that takes the connection and says nothing is not there, and is not waited for any longer", async () => {
  const address = await listen(() => undefined);
  const startedMs = nodeClock.monotonicMs();
  expect(await answers(address, 200, doors, never)).toBe(false);
  expect(nodeClock.monotonicMs() - startedMs).toBeLessThan(2_000);
});

test("one that closes the connection, and an address where nobody listens, are not there", async () => {
  const address = await listen((socket) => socket.destroy());
  expect(await answers(address, 2_000, doors, never)).toBe(false);
  expect(await answers({ ...address, port: 6433 }, 2_000, doors, never)).toBe(false);
});
