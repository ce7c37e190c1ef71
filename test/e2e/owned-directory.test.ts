import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Child } from "./child.ts";
import { makeOwnedDirectory, removeLeftBehind } from "./owned-directory.ts";

test("the directory of a process that is gone is removed, with what is in it", () => {
  const directory = directoryOf(endedProcess());
  writeFileSync(join(directory, "leeward.yaml"), "");

  expect(removeLeftBehind()).not.toContain(directory);

  expect(existsSync(directory)).toBe(false);
});

test("the directory of a process that runs is left alone", () => {
  const directory = makeOwnedDirectory("e2e");
  onTestFinished(() => rmSync(directory, { recursive: true }));

  expect(removeLeftBehind()).not.toContain(directory);

  expect(existsSync(directory)).toBe(true);
});

test("a directory that something still runs in is left alone, and named", async () => {
  const directory = directoryOf(endedProcess());
  await using guest = new Child(
    [process.execPath, "-e", "console.log('here'); setInterval(() => {}, 1000)"],
    { cwd: directory, env: {} },
  );
  await guest.prints(/here/, 30_000);

  expect(removeLeftBehind()).toContain(directory);

  expect(existsSync(directory)).toBe(true);
});

function endedProcess(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

/** As another run would have left it. */
function directoryOf(maker: number): string {
  const directory = mkdtempSync(join(tmpdir(), `leeward e2e ${maker} `));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
