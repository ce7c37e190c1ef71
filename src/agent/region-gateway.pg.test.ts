/** With a real process for the gateway, and the network as it is. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RecordingLog } from "../../sim/log.ts";
import type { PlainRoute } from "../database/route.ts";
import { nodeClock } from "../env/node/clock.ts";
import { spawnDetached } from "../env/node/detached.ts";
import { NodeNetwork } from "../env/node/network.ts";
import { isProcessAlive, killProcess } from "../env/node/process-life.ts";
import type { DatabaseId, Epoch, RegionId } from "../model/region.ts";
import { Secret } from "../std/secret.ts";
import { RegionGateway } from "./region-gateway.ts";

const child = fileURLToPath(new URL("../../test/children/small-gateway.ts", import.meta.url));
const command = [process.execPath, "--import", "tsx", child];
const database = "orders" as DatabaseId;
const never = new AbortController().signal;
const token = "of-the-gateway-alone";
/** Node starts within a second; the rest is for a busy machine. */
const timeout = 20_000;

let home: string;
let settingsPath: string;
let agents: (() => void)[];
let pids: Set<number>;
let leaseUntilMs: number;
const listen = { host: `127.93.${process.pid % 250}.2`, port: 7403 };

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "leeward-gateway-"));
  settingsPath = join(home, "gateway.json");
  const own = { host: listen.host, port: 6432 };
  writeFileSync(settingsPath, JSON.stringify({ listen: own, agent: listen, token }));
  agents = [];
  pids = new Set();
  leaseUntilMs = 1;
});
afterEach(async () => {
  for (const end of agents) end();
  for (const pid of pids) killProcess(pid);
  // oxlint-disable-next-line vitest/no-standalone-expect
  await expect.poll(() => [...pids].filter(isProcessAlive), { timeout }).toEqual([]);
  rmSync(home, { recursive: true, force: true });
});

const route = (): PlainRoute => ({
  database,
  systemId: undefined,
  epoch: 1 as Epoch,
  writer: "us-east-1" as RegionId,
  acceptsWrites: true,
  leaseUntilMs,
  timeline: 1,
  instances: [],
  forks: [],
});

/** The part of an agent that has to do with its gateway, until it is told to end. */
function agent(hostPid = process.pid): {
  readonly gateway: RegionGateway;
  readonly end: () => Promise<void>;
} {
  const stop = new AbortController();
  const network = new NodeNetwork({ clock: nodeClock, onBug: () => undefined });
  const doors = { clock: nodeClock, log: new RecordingLog(), network };
  const settings = { command, settingsPath, listen, token: new Secret(token) };
  const gateway = new RegionGateway(settings, doors, hostPid);
  gateway.gateOf(database);
  agents.push(() => {
    gateway.kill();
    stop.abort();
  });
  const running = gateway.run(
    () => [route()],
    () => undefined,
    stop.signal,
  );
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
    network.close();
  };
  return { gateway, end };
}

async function serving(gateway: RegionGateway): Promise<number> {
  await expect.poll(() => gateway.facts().state, { timeout }).toBe("serving");
  const { pid = 0 } = gateway;
  pids.add(pid);
  return pid;
}

/** What the gateway was told last. */
function told(): string {
  return readFileSync(`${settingsPath}.told`, "utf8").trim().split("\n").at(-1) ?? "";
}

test("the gateway is started, told its routes, and told of each change at once", async () => {
  const { gateway, end } = agent();
  await serving(gateway);
  await expect.poll(told, { timeout }).toContain('"leaseUntilMs":1,');
  const before = nodeClock.monotonicMs();
  leaseUntilMs = 2;
  gateway.routesChanged();
  await expect.poll(told, { timeout, interval: 5 }).toContain('"leaseUntilMs":2,');
  expect(nodeClock.monotonicMs() - before).toBeLessThan(500);
  await end();
});

test("a hold reaches the gateway, and its answer whoever asked for it", async () => {
  const { gateway, end } = agent();
  await serving(gateway);
  const terms = { withinMs: 10_000, pins: "end" } as const;
  const outcome = await gateway.gateOf(database).hold(1 as Epoch, terms, never);
  expect(outcome).toEqual({ isHeld: true, because: "nothing is linked" });
  expect(told()).toContain('"pins":"end"');
  gateway.gateOf(database).release(1 as Epoch, "us-east-1" as RegionId);
  await expect.poll(told, { timeout }).toContain('"hold":null');
  await end();
});

test("the gateway outlives its agent, and the next agent finds it again instead of starting a second", async () => {
  const first = agent();
  const pid = await serving(first.gateway);
  await first.end();
  expect(isProcessAlive(pid)).toBe(true);
  const next = agent();
  expect(await serving(next.gateway)).toBe(pid);
  await next.end();
});

test("a gateway that is killed is started again", async () => {
  const { gateway, end } = agent();
  const pid = await serving(gateway);
  killProcess(pid);
  await expect.poll(() => gateway.pid, { timeout }).not.toBe(pid);
  expect(await serving(gateway)).not.toBe(pid);
  await end();
});

test("a second gateway finds the address taken and ends, and the agent stays with the first", async () => {
  const { gateway, end } = agent();
  const pid = await serving(gateway);
  const second = spawnDetached([...command, settingsPath]);
  pids.add(second.pid ?? 0);
  expect(await second.ended).toBe("exit code 75");
  expect([gateway.facts().state, gateway.pid]).toEqual(["serving", pid]);
  await end();
});

test("a Region that stops has its gateway end first, by itself", async () => {
  const { gateway, end } = agent();
  const pid = await serving(gateway);
  await gateway.leave();
  expect(isProcessAlive(pid)).toBe(false);
  expect(gateway.facts().state).toBe("down");
  await end();
});

test("a gateway whose Region's first process is gone ends by itself", async () => {
  const host = spawnDetached(["sleep", "60"]);
  pids.add(host.pid ?? 0);
  const { gateway, end } = agent(host.pid);
  const pid = await serving(gateway);
  await end();
  host.kill();
  await expect.poll(() => isProcessAlive(pid), { timeout }).toBe(false);
});

test("whoever has not the gateway's token is refused", async () => {
  const { gateway, end } = agent();
  await serving(gateway);
  const network = new NodeNetwork({ clock: nodeClock, onBug: () => undefined });
  const asked = { kind: "watch", pid: 1, after: 0, counters: [] };
  const options = { token: "another", timeoutMs: 5_000 };
  await expect(network.request(listen, asked, options, never)).rejects.toThrow(
    "the token is not known here",
  );
  network.close();
  await end();
});
