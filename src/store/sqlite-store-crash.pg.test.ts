import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";
import { SqliteDisk } from "./sqlite-disk.ts";

const directory = mkdtempSync(join(tmpdir(), "store-crash-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** Kills the committer without warning once it has acknowledged `target`; answers the last number it printed. */
async function commitUntil(path: string, target: number): Promise<number> {
  const args = ["--import", "tsx", join("test", "children", "commit-forever.ts"), path];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  let acknowledged = 0;
  for await (const line of createInterface(child.stdout)) {
    acknowledged = Number(line);
    if (acknowledged >= target) child.kill("SIGKILL");
  }
  expect(await exited).toEqual([null, "SIGKILL"]);
  return acknowledged;
}

test("what a killed process acknowledged is there, whole, and the next one goes on from it", async () => {
  const path = join(directory, "a.db");
  for (const target of [1, 100, 333]) {
    const acknowledged = await commitUntil(path, target);
    const disk = new SqliteDisk(path);
    const { entries, revision } = disk.load();
    disk.close();
    const count = (prefix: string): number =>
      entries.filter(({ key }) => key.startsWith(prefix)).length;
    // One more may have been committed and not yet printed.
    expect([acknowledged, acknowledged + 1]).toContain(revision);
    expect([count("n/"), count("twin/")]).toEqual([revision, revision]);
    expect(entries.find(({ key }) => key === "last")).toMatchObject({ value: `${revision}` });
  }
});
