import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { clock, soon } from "../../test/postgres/scratch.ts";
import { findInstallation } from "./installation.ts";
import { restoreLibraryLinks } from "./library-links.ts";
import { runProgram } from "./program.ts";

const made: string[] = [];
afterEach(async () => {
  for (const path of made.splice(0)) await rm(path, { recursive: true, force: true });
});

async function temporary(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "leeward-installation-"));
  made.push(path);
  return path;
}

test("the embedded PostgreSQL is found and says which it is", async () => {
  const found = await findInstallation(undefined, clock, soon());
  expect(found).toMatchObject({ major: 18, kind: "embedded" });
  expect(await readdir(found.binDirectory)).toContain("initdb");
});

test("a package without its links is mended, by several programs at once and again", async () => {
  const { binDirectory } = await findInstallation(undefined, clock, soon());
  const native = join(await temporary(), "native");
  await cp(dirname(binDirectory), native, { recursive: true, verbatimSymlinks: true });
  const listText = await readFile(join(native, "pg-symlinks.json"), "utf8");
  const list = JSON.parse(listText) as { source: string; target: string }[];
  for (const { target } of list) await rm(join(native, "..", target), { force: true });
  const postgres = [join(native, "bin", "initdb"), "--version"];
  const limits = { clock, timeoutMs: 5000 };
  const program = [join(native, "bin", "postgres"), "--version"];
  expect((await runProgram(program, limits, soon())).exitCode).toBe(127);
  await Promise.all(Array.from({ length: 8 }, async () => restoreLibraryLinks(native)));
  await restoreLibraryLinks(native);
  expect((await runProgram(program, limits, soon())).stdout).toContain("(PostgreSQL) 18");
  expect((await runProgram(postgres, limits, soon())).exitCode).toBe(0);
  for (const { target } of list) {
    expect(await readlink(join(native, "..", target))).not.toContain("/");
  }
});

test("a chosen bin directory that is not one is refused with its path", async () => {
  await expect(findInstallation("/nowhere/bin", clock, soon())).rejects.toMatchObject({
    code: "postgres.not-installed",
    message: expect.stringContaining("/nowhere/bin/postgres"),
  });
});

test("a PostgreSQL that is too old, or no PostgreSQL, is refused with what it says", async () => {
  const bin = join(await temporary(), "bin");
  await mkdir(bin);
  const fake = async (says: string): Promise<void> => {
    for (const name of ["postgres", "initdb"]) {
      await writeFile(join(bin, name), `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 });
    }
  };
  await fake("postgres (PostgreSQL) 12.3");
  await expect(findInstallation(bin, clock, soon())).rejects.toThrow(/12\.3; 15 is the oldest/);
  await fake("hello");
  await expect(findInstallation(bin, clock, soon())).rejects.toThrow(/hello/);
});

test("a program that hangs is ended in time, with its children", async () => {
  const limits = { clock, timeoutMs: 200 };
  const end = await runProgram(["sh", "-c", "sleep 60 & wait"], limits, soon());
  expect(end).toMatchObject({ exitCode: undefined, ending: "did not end within 200 ms" });
});
