import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { SimWorld } from "./world.ts";

/** 20 s of two cores; 1,000 are a minute of them. */
const seeds = process.env["LEEWARD_TEST_LONG"] ? 1_000 : 400;

/** As people run it, so that both cores take part; twice as long when others work too. */
test(`no rule is broken in ${seeds} seeds`, { timeout: 240_000 }, () => {
  const command = ["--import", "tsx", "sim/main.ts", "--seeds", `${seeds}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
  expect(status, `${stdout}\n${stderr}`).toBe(0);
});

test("two runs of one seed are one run, and two seeds are not", async () => {
  const trace = async (seed: number): Promise<string> =>
    (await new SimWorld(seed).run(15_000)).trace;
  expect(await trace(50)).toBe(await trace(50));
  expect(await trace(50)).not.toBe(await trace(51));
});
