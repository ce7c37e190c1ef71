import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeClock } from "../env/node/clock.ts";
import { SharedNote } from "../env/node/shared-note.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { GuardBoard, GuardSettings } from "../wire/guard-protocol.ts";

const cli = fileURLToPath(new URL("../cli/main.ts", import.meta.url));

/** A guard looks at least each half second, and starts as fast; the rest is for a busy machine. */
const timeout = 15_000;

let home: string;
let board: SharedNote;
let running: ChildProcess[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "leeward-guard-"));
  board = new SharedNote(join(home, "leases"));
  running = [];
});
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  board.close();
  rmSync(home, { recursive: true, force: true });
});

const now = (): number => nodeClock.monotonicMs();

/** By database: in how many ms from now its lease is over. */
function grant(leases: Readonly<Record<string, number>>, generation = 1): void {
  const fromMs = now();
  const entries = Object.entries(leases);
  const content = {
    bootId: "boot",
    generation,
    leases: entries.map(([database, ms]) => ({ database, epoch: 1, untilMs: fromMs + ms })),
  };
  board.write(JSON.stringify(content satisfies Record<keyof GuardBoard, unknown>));
}

function start(command: string, args: string[], cwd: string | undefined): ChildProcess {
  const child = spawn(command, args, { stdio: "ignore", cwd });
  running.push(child);
  return child;
}

/** Stands in the data directory as a server does. */
function server(database: string): ChildProcess {
  const data = join(home, database);
  mkdirSync(data, { recursive: true });
  return start("sleep", ["60"], data);
}

function guard(hostPid = process.pid): ChildProcess {
  const settings: GuardSettings = {
    logLevel: "info",
    region: "us-east-1" as RegionId,
    leaseBoardPath: join(home, "leases"),
    generation: 1,
    hostPid,
    directories: ["orders", "catalog"].map((database) => ({
      database: database as DatabaseId,
      dataDirectory: join(home, database),
    })),
  };
  const path = join(home, "guard.json");
  writeFileSync(path, JSON.stringify(settings));
  return start(process.execPath, ["--import", "tsx", cli, "internal", "guard", path], undefined);
}

const endOf = (child: ChildProcess): string | number | null => child.signalCode ?? child.exitCode;

test("a server is killed when its lease is over and not before; another database's goes on", async () => {
  const [orders, catalog] = [server("orders"), server("catalog")];
  grant({ orders: 2_000, catalog: 60_000 });
  const overMs = now() + 2_000;
  guard();
  let endedMs = 0;
  orders.on("exit", () => (endedMs = now()));
  await expect.poll(() => endOf(orders), { timeout, interval: 5 }).toBe("SIGKILL");
  expect(endedMs).toBeGreaterThanOrEqual(overMs);
  expect(endOf(catalog)).toBeNull();
});

test("a lease that is renewed kills nobody; whoever comes back after its end is killed again", async () => {
  const first = server("orders");
  grant({ orders: 2_000 });
  guard();
  for (let round = 0; round < 6; round += 1) {
    await nodeClock.sleep(500, new AbortController().signal);
    grant({ orders: 2_000 });
    expect(endOf(first)).toBeNull();
  }
  await expect.poll(() => endOf(first), { timeout }).toBe("SIGKILL");
  const second = server("orders");
  await expect.poll(() => endOf(second), { timeout }).toBe("SIGKILL");
});

test("a board that was damaged holds what it held before", async () => {
  const orders = server("orders");
  grant({ orders: 3_000 });
  guard();
  await nodeClock.sleep(1_500, new AbortController().signal);
  writeFileSync(join(home, "leases"), "garbage");
  await expect.poll(() => endOf(orders), { timeout }).toBe("SIGKILL");
});

test("without its board it ends, and leaves the servers alone", async () => {
  const orders = server("orders");
  grant({ orders: 60_000 });
  const guarding = guard();
  await nodeClock.sleep(1_500, new AbortController().signal);
  rmSync(join(home, "leases"));
  await expect.poll(() => endOf(guarding), { timeout }).toBe(0);
  expect(endOf(orders)).toBeNull();
});

test("when the Region's first process is gone it takes everything down, and itself", async () => {
  const [orders, host] = [server("orders"), start("sleep", ["60"], undefined)];
  grant({});
  const guarding = guard(host.pid);
  host.kill("SIGKILL");
  await expect.poll(() => endOf(guarding), { timeout }).toBe(0);
  await expect.poll(() => endOf(orders), { timeout }).toBe("SIGKILL");
});
