import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stateLayout } from "../config/state-directory.ts";
import { nodeFiles } from "../env/node/files.ts";
import { isStateDirectory } from "./state-owner.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "leeward-owner-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const isOurs = (root = directory): boolean => isStateDirectory(nodeFiles, stateLayout(root));
const put = (name: string, text: string): void => writeFileSync(join(directory, name), text);

const record = { version: 1, worldId: "a", name: "shop", world: 0, regions: ["r1"] };

test("nothing, and what an interrupted first start left, is ours to use", () => {
  expect(isOurs()).toBe(true);
  expect(isOurs(join(directory, "not-there"))).toBe(true);
  put("supervisor.lock", "");
  put("world.json.4711.tmp", "{");
  expect(isOurs()).toBe(true);
});

test("a directory where a world was started is ours, also one of a newer version", () => {
  mkdirSync(join(directory, "regions"));
  put("world.json", JSON.stringify(record));
  expect(isOurs()).toBe(true);
  put("world.json", JSON.stringify({ ...record, version: 99 }));
  expect(isOurs()).toBe(true);
});

test("a record that was damaged is a world's where the lock lies beside it", () => {
  put("world.json", "");
  expect(isOurs()).toBe(false);
  put("supervisor.lock", "");
  expect(isOurs()).toBe(true);
});

test("a project is not ours, not even with a world.json of its own", () => {
  put("leeward.yaml", "name: shop");
  expect(isOurs()).toBe(false);
  put("world.json", '{"name":"a game"}');
  expect(isOurs()).toBe(false);
  expect(isOurs("/")).toBe(false);
});

test("directories made ready for the Regions' own disks are ours while nothing is in them", () => {
  mkdirSync(join(directory, "regions", "us-east-1", "lost+found"), { recursive: true });
  expect(isOurs()).toBe(true);
  writeFileSync(join(directory, "regions", "us-east-1", "main.tf"), "");
  expect(isOurs()).toBe(false);
});
