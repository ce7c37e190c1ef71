import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { drawAddress } from "../../test/postgres/scratch.ts";
import { nodeClock } from "../env/node/clock.ts";
import { checkHealth } from "./health-check.ts";
import type { Answer } from "./replica-decide.ts";

const never = new AbortController().signal;
const health = {
  path: "/health" as string | undefined,
  intervalMs: 100,
  timeoutMs: 400,
  healthyThreshold: 1,
  unhealthyThreshold: 1,
};

let address = { host: "", port: 0 };
let server: Server;
let answer: (socket: Socket) => void;
const sockets = new Set<Socket>();

beforeEach(async () => {
  address = { host: drawAddress().host, port: 8_000 };
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(address.port, address.host, resolve));
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

const says =
  (text: string) =>
  (socket: Socket): void =>
    void socket.once("data", () => socket.write(text));
const check = (path: string | undefined = "/health"): Promise<Answer> =>
  checkHealth(address, { ...health, path }, nodeClock, never);
const status = (code: number): string => `HTTP/1.1 ${code} X\r\ncontent-length: 2\r\n\r\nok`;

test("200 to 399 is well, everything else is not", async () => {
  for (const [code, isGood] of [
    [200, true],
    [201, true],
    [302, true],
    [399, true],
    [400, false],
    [503, false],
  ] as const) {
    answer = says(status(code));
    expect(await check()).toMatchObject({ isGood });
  }
});

test("an answer that does not come in time, or not whole, is none", async () => {
  const started = nodeClock.monotonicMs();
  answer = () => undefined;
  expect(await check()).toEqual({ isGood: false, because: "no answer within 400 ms" });
  answer = says("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
  expect(await check()).toMatchObject({ isGood: false });
  expect(nodeClock.monotonicMs() - started).toBeLessThan(3_000);
});

test("what speaks no HTTP is not well, and neither is one that hangs up", async () => {
  answer = says("SSH-2.0-OpenSSH\r\n");
  expect(await check()).toMatchObject({ isGood: false });
  answer = (socket) => socket.destroy();
  expect(await check()).toMatchObject({ isGood: false });
});

test("of a gigabyte no more than a little is read", async () => {
  let sent = 0;
  const piece = Buffer.alloc(64 * 1024);
  answer = (socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n");
      const more = (): void => {
        while (!socket.destroyed && socket.write(piece)) sent += piece.length;
      };
      socket.on("drain", more);
      more();
    });
  };
  expect(await check()).toMatchObject({ isGood: true });
  // What the kernel's buffers took besides is some megabytes.
  expect(sent).toBeLessThan(50_000_000);
});

test("without a path a connection is enough, and nobody there is not well", async () => {
  answer = () => undefined;
  const connects = { ...health, path: undefined };
  expect(await checkHealth(address, connects, nodeClock, never)).toMatchObject({ isGood: true });
  const nobody = { host: address.host, port: 8_001 };
  const refused = await checkHealth(nobody, connects, nodeClock, never);
  expect(refused).toMatchObject({ isGood: false });
  expect(refused.because).toContain("ECONNREFUSED");
});

test("a check that is taken back is over at once", async () => {
  const end = new AbortController();
  answer = () => end.abort();
  const started = nodeClock.monotonicMs();
  const long = { ...health, timeoutMs: 10_000 };
  expect(await checkHealth(address, long, nodeClock, end.signal)).toMatchObject({ isGood: false });
  expect(nodeClock.monotonicMs() - started).toBeLessThan(5_000);
});
