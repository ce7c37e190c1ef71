/** Real process trees: a shell as the host, and a shell as the agent. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RecordingLog } from "../../sim/log.ts";
import { withDeadline } from "../env/deadline.ts";
import { nodeClock } from "../env/node/clock.ts";
import type { RegionId } from "../model/region.ts";
import { descendantsOf } from "./descendants.ts";
import { hostCommand } from "./isolation.ts";
import { machineFacts } from "./machine-facts.ts";
import { isAlive, type ProcessId } from "../env/node/process-id.ts";
import { RegionHost } from "./region-host.ts";

const never = new AbortController().signal;
const facts = { ...machineFacts(), canUnshare: false };

/** Ends at the first line on the lifeline, which is `stop`. Has a child, as an agent has a PostgreSQL. */
const obedient = ["sh", "-c", "sleep 60 & read -r _ <&3; kill $!"];
const deaf = ["sh", "-c", "sleep 60 & wait"];
const doomed = ["false"];

let directory: string;
let log: RecordingLog;
let lost: number;
let host: RegionHost;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "leeward-host-"));
  log = new RecordingLog();
  lost = 0;
});

afterEach(async () => {
  await host.kill();
  rmSync(directory, { recursive: true });
});

function start(agent: readonly string[]): void {
  const environment = { PATH: process.env["PATH"] ?? "" };
  host = new RegionHost(
    "us-east-1" as RegionId,
    {
      name: "agent-us-east-1",
      command: hostCommand(facts, "process-tree", agent),
      logPath: join(directory, "log"),
      environment,
    },
    { clock: nodeClock, log },
    { strays: () => [], changed: () => (lost += 1) },
  );
  host.start();
}

const ours = (): readonly ProcessId[] =>
  descendantsOf(process.pid).filter(({ pid }) => pid !== process.pid);

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = { ms: 10_000, expired: () => new Error(`not within 10 s: ${what}`) };
  await withDeadline(nodeClock, deadline, never, async (signal) => {
    while (!isSo()) await nodeClock.sleep(5, signal);
  });
}

const endsOfAgents = (): readonly unknown[] =>
  log.lines
    .filter(({ event }) => event === "supervisor.agent-ended")
    .map(({ fields }) => fields["restartInMs"]);

test("a Region that is killed leaves no process, and can be started again", async () => {
  const before = ours().length;
  start(deaf);
  await until("the agent runs", () => ours().length >= before + 3);
  const all = ours();
  await host.kill();
  expect(host.state).toBe("killed");
  expect(all.filter(isAlive)).toHaveLength(before);
  expect(lost).toBe(0);
  host.start();
  expect(host.state).toBe("running");
});

test("a Region stops when its agent does", async () => {
  start(obedient);
  await host.stop();
  expect(host.state).toBe("stopped");
  await host.stop();
  expect(endsOfAgents()).toEqual([]);
});

test("an agent that dies is started again, ever more seldom; its Region runs on", async () => {
  start(doomed);
  await until("three ends", () => endsOfAgents().length >= 3);
  expect(endsOfAgents().slice(0, 3)).toEqual([100, 200, 400]);
  expect(host.state).toBe("running");
});

test("a Region is not started while it still stops", async () => {
  start(deaf);
  const stopping = host.stop();
  expect(() => host.start()).toThrow(expect.objectContaining({ code: "region.busy" }) as Error);
  await host.kill();
  await stopping;
  expect(host.state).toBe("killed");
});

test("a host that somebody else kills is a lost Region, and is told once", async () => {
  const before = new Set(ours().map(({ pid }) => pid));
  start(obedient);
  await until("the agent runs", () => ours().length >= before.size + 2);
  const first = ours().find(({ pid }) => !before.has(pid));
  process.kill(first?.pid ?? 0, "SIGKILL");
  await until("it is lost", () => host.state === "killed");
  expect(lost).toBe(1);
});
