/** Other machines and users: not root, root in a closed home, and no PID namespaces. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, inject, test } from "vitest";
import { isAlive } from "./processes.ts";
import { showLogsOnFailure } from "./shared-world.ts";
import { until } from "./until.ts";
import { asUser, startWorld, World } from "./world.ts";
import { east, west } from "./yaml.ts";

const isRoot = process.getuid?.() === 0;
const nobody = { uid: 65_534, gid: 65_534 };

/** Whether somebody else may read the program and its packages: not when the checkout lies in a closed home. */
function isOpenToOthers(): boolean {
  const packages = join(inject("program"), "node_modules", "pg", "package.json");
  const program = join(inject("program"), "dist", "cli", "main.js");
  const [command = "", ...args] = [...asUser(nobody), "cat", packages, program];
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** A row travels, a Region dies whole and comes back, and the data outlives a stop. */
async function expectWhole(world: World): Promise<void> {
  await world.sql("orders", east, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
  const doomed = world.processesIn(east).map(({ pid }) => pid);
  expect(doomed.length).toBeGreaterThan(8);
  await world.ok(["region", "kill", east]);
  expect(doomed.filter(isAlive)).toEqual([]);
  await world.ok(["region", "start", east]);
  await world.untilReady();
  await world.ok(["down"]);
  expect(world.processes()).toEqual([]);
  await world.up();
  const rows = await until("the row is in the secondary", 10_000, () =>
    world.sql("orders", west, "SELECT id FROM t"),
  );
  expect(rows).toEqual([{ id: 1 }]);
}

test.skipIf(!isRoot)(
  "a user who is not root has a whole world (needs root, to become somebody else)",
  async (context) => {
    if (!isOpenToOthers()) context.skip("the checkout is not open to other users");
    await using world = await startWorld({ user: nobody });
    showLogsOnFailure(() => world);
    expect(ownerOf(world.program("supervisor"))).toBe(nobody.uid);
    await expectWhole(world);
  },
);

/** The user that a process runs as. */
function ownerOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
}

test.skipIf(!isRoot)(
  "root has a whole world in a directory that nobody else may enter (needs root)",
  async () => {
    await using world = await startWorld({ mode: 0o700 });
    showLogsOnFailure(() => world);
    expect(world.logTails()).toContain('"runAs":"user-namespace"');
    await expectWhole(world);
  },
);

/** A PATH with a shell and node, and none of the tools that make namespaces. */
function bareTools(): string {
  const tools = mkdtempSync(join(tmpdir(), "leeward-tools-"));
  chmodSync(tools, 0o755);
  symlinkSync(process.execPath, join(tools, "node"));
  symlinkSync("/bin/sh", join(tools, "sh"));
  return tools;
}

describe("where there are no PID namespaces", () => {
  const tools = bareTools();
  afterAll(() => rmSync(tools, { recursive: true }));

  test("doctor says so, a killed Region dies whole, and nothing outlives the supervisor", async (context) => {
    if (isRoot && !isOpenToOthers()) context.skip("the checkout is not open to other users");
    const user = isRoot ? { user: nobody } : {};
    await using world = await World.prepare({ ...user, env: { PATH: tools } });
    showLogsOnFailure(() => world);
    expect(await world.ok(["doctor"])).toContain("PID namespaces are not permitted here");
    await world.up();
    const namespaces = new Set(world.processes().map(({ namespace }) => namespace));
    expect(namespaces.size).toBe(1);
    await expectWhole(world);
    process.kill(world.program("supervisor"), "SIGKILL");
    await until("no process is left", 10_000, () => world.processes().length === 0);
    await world.up();
    expect(await world.sql("orders", east, "SELECT id FROM t")).toEqual([{ id: 1 }]);
  });
});
