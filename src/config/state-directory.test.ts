import { expect, test } from "vitest";
import { Failure } from "../model/failure.ts";
import { findConfigFile, findStateDirectory, stateLayout, type Search } from "./state-directory.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";

const search = (files: readonly string[], more: Partial<Search> = {}): Search => ({
  cwd: "/home/me/shop/src/deep",
  explicit: undefined,
  running: [],
  exists: (path) => files.includes(path),
  ...more,
});

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return error instanceof Failure ? error.code : String(error);
  }
  return undefined;
};

test("the nearest world above the working directory is the one", () => {
  const files = ["/home/me/leeward.yaml", "/home/me/shop/.leeward"];
  expect(findStateDirectory(search(files))).toBe("/home/me/shop/.leeward");
});

test("a world that never ran has its state directory beside its file", () => {
  expect(findStateDirectory(search(["/home/me/shop/leeward.yaml"]))).toBe("/home/me/shop/.leeward");
});

test("a directory that is named wins over one that is near, and may be the one around the state", () => {
  const files = ["/home/me/shop/.leeward", "/srv/bank/.leeward"];
  expect(findStateDirectory(search(files, { explicit: "/srv/bank" }))).toBe("/srv/bank/.leeward");
  expect(findStateDirectory(search(files, { explicit: "/srv/bank/.leeward" }))).toBe(
    "/srv/bank/.leeward",
  );
  expect(findStateDirectory(search([], { explicit: "../state" }))).toBe("/home/me/shop/src/state");
});

test("without a world above, the only one that runs is meant", () => {
  expect(findStateDirectory(search([], { running: ["/srv/bank/.leeward"] }))).toBe(
    "/srv/bank/.leeward",
  );
});

test("no world, and one of several, is an error that says what to name", () => {
  expect(codeOf(() => findStateDirectory(search([])))).toBe("world.not-running");
  const running = ["/a/.leeward", "/b/.leeward"];
  expect(codeOf(() => findStateDirectory(search([], { running })))).toBe("world.ambiguous");
});

test("the config is found by directory, by file, and upwards", () => {
  const exists = (path: string): boolean => ["/w/leeward.yaml", "/w/other.yaml"].includes(path);
  expect(findConfigFile({ cwd: "/w/a/b", directory: undefined, exists })).toBe("/w/leeward.yaml");
  expect(findConfigFile({ cwd: "/", directory: "w", exists })).toBe("/w/leeward.yaml");
  expect(findConfigFile({ cwd: "/w", directory: "other.yaml", exists })).toBe("/w/other.yaml");
  expect(codeOf(() => findConfigFile({ cwd: "/x", directory: undefined, exists }))).toBe(
    "config.not-found",
  );
  expect(codeOf(() => findConfigFile({ cwd: "/", directory: "x", exists }))).toBe(
    "config.not-found",
  );
});

test("an agent's directories lie in its Region's, and no other program's do", () => {
  const layout = stateLayout("/w/.leeward");
  const region = "us-east-1" as RegionId;
  const home = `${layout.region(region)}/`;
  expect(layout.agent(region).startsWith(home)).toBe(true);
  expect(layout.instance(region, "orders" as DatabaseId, 1)).toBe(`${home}orders-1`);
  for (const other of [
    layout.controller,
    layout.allSecrets,
    layout.agent("us-west-2" as RegionId),
  ]) {
    expect(other.startsWith(home)).toBe(false);
  }
});
