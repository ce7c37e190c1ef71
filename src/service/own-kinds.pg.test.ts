/** Redis and RabbitMQ as they are, from the machine or from packages; where there are none, that is said. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, type TestContext } from "vitest";
import { ServiceBench } from "../../test/service/service-bench.ts";
import { Failure } from "../model/failure.ts";
import { findInstalled, installPackages, packageCacheDirectory } from "./debian-packages.ts";
import { addressOf } from "./launch.ts";
import type { ProgramName } from "./program-catalog.ts";
import type { Address } from "../model/address.ts";

let bench: ServiceBench;

beforeEach(async () => {
  bench = await ServiceBench.open();
});

afterEach(() => bench.close());

const soon = (): AbortSignal => AbortSignal.timeout(110_000);

/** Downloads it once for all runs on this machine. */
async function need(name: ProgramName, context: TestContext): Promise<void> {
  try {
    await installPackages([name], bench.packages, soon());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.warn(`SKIPPED: ${error.message}`);
    context.skip(error.message);
  }
}

function ask(address: Address, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(address, () => socket.write(bytes));
    socket.once("data", (answer) => {
      socket.destroy();
      resolve(answer);
    });
    socket.on("error", reject);
  });
}

/** Sockets that listen at an address, as `host:port`, of the family of processes that we started. */
function listeners(host: string): readonly string[] {
  const rows = execFileSync("ss", ["-Hltn"], { encoding: "utf8" }).split("\n");
  return rows
    .map((row) => row.trim().split(/\s+/)[3] ?? "")
    .filter((local) => local.startsWith(`${host}:`))
    .toSorted();
}

function nameOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
}

test("Redis answers at its Region's address, and keeps what it was told over a restart", async (context) => {
  await need("redis-server", context);
  const settings = bench.settings({ name: "cache", kind: "redis", path: undefined });
  const services = bench.start(settings);
  const pid = await bench.ready("cache");
  const address = addressOf(settings, 1);
  expect(String(await ask(address, Buffer.from("PING\r\n")))).toBe("+PONG\r\n");
  expect(String(await ask(address, Buffer.from("SET kept 1\r\n")))).toBe("+OK\r\n");
  process.kill(pid, "SIGKILL");
  await bench.until("another process", () => ![undefined, pid].includes(bench.facts("cache")?.pid));
  await bench.ready("cache");
  expect(String(await ask(address, Buffer.from("GET kept\r\n")))).toBe("$1\r\n1\r\n");
  await services.leave(soon());
  expect(bench.strays).toEqual([]);
}, 120_000);

test("Redis is adopted by the next agent", async (context) => {
  await need("redis-server", context);
  const settings = bench.settings({ name: "cache", kind: "redis", path: undefined });
  bench.start(settings);
  const pid = await bench.ready("cache");
  await bench.drop();
  bench.start(settings);
  expect(await bench.ready("cache")).toBe(pid);
  expect(bench.strays).toEqual([pid]);
}, 120_000);

test("RabbitMQ speaks AMQP, listens nowhere but in its Region, starts no epmd, and leaves nothing", async (context) => {
  await need("rabbitmq-server", context);
  const settings = bench.settings({
    name: "queue",
    kind: "rabbitmq",
    path: undefined,
    startMs: 60_000,
    stopMs: 20_000,
  });
  const services = bench.start(settings);
  await bench.until("it is ready", () => bench.facts("queue")?.state === "ready", 60_000);
  const address = addressOf(settings, 1);
  const hello = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);
  const start = await ask(address, hello);
  // A method frame on channel 0 whose payload begins with Connection.Start.
  expect([...start.subarray(0, 3), ...start.subarray(7, 11)]).toEqual([1, 0, 0, 0, 10, 0, 10]);
  expect(listeners(address.host)).toEqual(
    [`${address.host}:${address.port}`, `${address.host}:${address.port + 20_000}`].toSorted(),
  );
  // It would have inherited the mark, and outlived the server.
  expect(bench.strays.map(nameOf)).not.toContain("epmd");
  await services.leave(soon());
  expect(bench.strays).toEqual([]);
  expect(listeners(address.host)).toEqual([]);
}, 150_000);

test("a program that is nowhere is missed with the command that brings it", async () => {
  // A file, in which there can be no directory.
  const cacheDirectory = bench.web[1] ?? "";
  const nowhere = { ...bench.packages, cacheDirectory, searchPath: "" };
  const found = await findInstalled("redis-server", nowhere);
  if (found) return;
  const failure = await installPackages(["redis-server"], nowhere, soon()).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(Failure);
  expect(failure).toMatchObject({ code: "service.program-missing" });
  expect(String(failure)).toContain("sudo apt-get install redis-server");
}, 120_000);

test("a service whose program is nowhere is told of with that command, and does not spin", async () => {
  bench.packages = { ...bench.packages, cacheDirectory: bench.web[1] ?? "", searchPath: "" };
  if (await findInstalled("redis-server", bench.packages)) return;
  bench.start(
    bench.settings({ name: "cache", kind: "redis", path: undefined }),
    bench.settings({}),
  );
  await bench.until("it is told", () => bench.events.length > 0);
  expect(bench.events[0]?.message).toContain("sudo apt-get install redis-server");
  await bench.ready("web");
  expect(bench.facts("cache")).toMatchObject({ state: "waiting", restarts: 1, pid: undefined });
});

test.runIf(process.env["LEEWARD_TEST_LONG"])(
  "two that download the same at once both have it, and leave nothing half done",
  async () => {
    const cacheDirectory = join(bench.directory, "cache");
    const fresh = { ...bench.packages, cacheDirectory, searchPath: "" };
    if (await findInstalled("redis-server", fresh)) return;
    const both = [1, 2].map(() => installPackages(["redis-server"], fresh, soon()));
    const [[one] = [], [other] = []] = await Promise.all(both);
    expect(one).toEqual(other);
    expect(one?.from).toBe("cache");
    const [release = ""] = readdirSync(cacheDirectory);
    expect(readdirSync(join(cacheDirectory, release))).toEqual(["redis-server"]);
  },
  120_000,
);

test("root's cache is not in its home, which is closed to the user that servers run as", () => {
  const user = { home: "/home/ada", xdgCacheHome: undefined, isRoot: false };
  expect(packageCacheDirectory(user)).toBe("/home/ada/.cache/leeward/packages");
  expect(packageCacheDirectory({ ...user, xdgCacheHome: "/c" })).toBe("/c/leeward/packages");
  expect(packageCacheDirectory({ ...user, isRoot: true })).toBe("/var/cache/leeward/packages");
});
