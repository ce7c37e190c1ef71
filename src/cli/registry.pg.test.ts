import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeFiles } from "../env/node/files.ts";
import { listWorlds, registerWorld, registryDirectory, unregisterWorld } from "./registry.ts";

let directory: string;
const place = (): Parameters<typeof listWorlds>[0] => ({
  env: {},
  userId: process.getuid?.(),
  temporaryDirectory: directory,
  files: nodeFiles,
});

beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "leeward-registry-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("a world that was registered is listed until it is unregistered", () => {
  expect(listWorlds(place())).toEqual([]);
  registerWorld(place(), { stateDirectory: "/a", pid: process.pid });
  expect(listWorlds(place())).toEqual([{ stateDirectory: "/a", pid: process.pid }]);
  unregisterWorld(place(), process.pid);
  unregisterWorld(place(), process.pid);
  expect(listWorlds(place())).toEqual([]);
});

test("the entry of a supervisor that died is dropped", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"]);
  const pid = child.pid ?? 0;
  registerWorld(place(), { stateDirectory: "/b", pid });
  expect(listWorlds(place())).toHaveLength(1);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(listWorlds(place())).toEqual([]);
  expect(readdirSync(registryDirectory(place()))).toEqual([]);
});

test.runIf(process.platform === "linux")(
  "a reused process id is not taken for the supervisor",
  () => {
    registerWorld(place(), { stateDirectory: "/c", pid: process.pid });
    const path = join(registryDirectory(place()), `${process.pid}.json`);
    writeFileSync(path, JSON.stringify({ stateDirectory: "/c", pid: process.pid, born: "1" }));
    expect(listWorlds(place())).toEqual([]);
  },
);

test("a directory that others can write is not believed", () => {
  const shared = registryDirectory(place());
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  const entry = { stateDirectory: "/evil", pid: process.pid, born: "" };
  writeFileSync(join(shared, `${process.pid}.json`), JSON.stringify(entry));
  expect(listWorlds(place())).toEqual([]);
});

test("a file that cannot be understood is dropped", () => {
  registerWorld(place(), { stateDirectory: "/d", pid: process.pid });
  writeFileSync(join(registryDirectory(place()), "1.json"), "{");
  expect(listWorlds(place())).toHaveLength(1);
});
