import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { stateLayout } from "../config/state-directory.ts";
import type { RegionId } from "../model/region.ts";
import { findLogs } from "./log-files.ts";

const east = "us-east-1" as RegionId;
const root = mkdtempSync(join(tmpdir(), "leeward logs "));
const layout = stateLayout(root);
for (const path of [
  join(layout.logs, "controller.log"),
  join(layout.services(east), "web-1.log"),
]) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
}
afterAll(() => rmSync(root, { recursive: true }));

test("a service is found by its name, in every Region that has it", () => {
  expect(findLogs(layout, "web").map(({ source }) => source)).toEqual(["us-east-1/web-1"]);
});

test.for([
  ["wbe", "web"],
  ["us-east-2", "us-east-1"],
  ["controler", "controller"],
] as const)("%s is taken for a slip of %s", ([slip, meant]) => {
  expect(() => findLogs(layout, slip)).toThrow(`did you mean ${meant}?`);
});
