/** A program between clients and PostgreSQL, started for a benchmark. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Address } from "../src/model/address.ts";
import { databaseName, password, user } from "./gateway-postgres.ts";
import { processTree } from "./proc.ts";

/** 20 s: the slowest, pgpool-II, forks its children and asks its servers first. */
const startBoundMs = 20_000;
const endBoundMs = 10_000;
const lookEveryMs = 50;

export type Proxy = {
  readonly name: string;
  readonly address: Address;
  /** Of all its processes, since its start. */
  cpuMs(): number;
  /** Resident memory of all its processes, in bytes. */
  residentBytes(): number;
  end(): Promise<void>;
};

export type Launch = {
  readonly name: string;
  readonly address: Address;
  readonly command: readonly string[];
  readonly directory: string;
  /** What makes it end at once. */
  readonly endSignal: NodeJS.Signals;
  /** Ends what belongs to it, after it has ended. */
  readonly after: () => Promise<void>;
};

/** Settles when a client has logged in through it. @throws Error with the end of its log when none can */
export async function launch(options: Launch): Promise<Proxy> {
  const { name, address, directory, after } = options;
  const [program = "", ...words] = options.command;
  const path = `${directory}/${name.replaceAll(/\W/g, "-")}.log`;
  const log = openSync(path, "a");
  const child = spawn(program, words, { cwd: directory, stdio: ["ignore", log, log] });
  child.on("error", () => undefined);
  const end = async (): Promise<void> => {
    await stop(child, options.endSignal);
    await after();
  };
  try {
    await untilServing(address, child);
  } catch (cause) {
    await end();
    const tail = readFileSync(path, "utf8").slice(-2_000);
    throw new Error(`${name} does not serve on ${address.host}:\n${tail}`, { cause });
  }
  const tree = (): ReturnType<typeof processTree> => processTree(child.pid ?? 0);
  return {
    name,
    address,
    cpuMs: () => tree().reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    residentBytes: () => tree().reduce((sum, { pid }) => sum + residentBytes(pid), 0),
    end,
  };
}

async function untilServing(address: Address, child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + startBoundMs;
  for (;;) {
    const refusal = await logIn(address).catch((error: unknown) => error);
    if (refusal === undefined) return;
    if (child.exitCode !== null || child.pid === undefined || performance.now() > deadlineMs)
      throw refusal;
    await sleep(lookEveryMs);
  }
}

async function logIn(address: Address): Promise<undefined> {
  const login = { user, password: password.reveal(), database: databaseName };
  const client = new pg.Client({ ...address, ...login, connectionTimeoutMillis: 5_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("SELECT 1");
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  const members = processTree(child.pid);
  child.kill(signal);
  const late = await Promise.race([ended, sleep(endBoundMs, "late", { ref: false })]);
  if (late !== "late") return;
  for (const { pid } of members) kill(pid);
  await ended;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

function residentBytes(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    // It ended between two looks.
    return 0;
  }
}
