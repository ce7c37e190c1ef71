/** Disks that fill up: a clear state, no crash loop, and Leeward goes on by itself when there is room. */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Ledger } from "./ledger.ts";
import { showLogsOnFailure } from "./shared-world.ts";
import { canMount, giveDisk } from "./small-disk.ts";
import { until } from "./until.ts";
import { instanceIn, World } from "./world.ts";
import { east, west } from "./yaml.ts";

function attempts(world: World, pattern: RegExp): number {
  return world.logTails().match(pattern)?.length ?? 0;
}

describe.skipIf(!canMount)("a disk that is full (needs root, to mount one)", () => {
  const worlds: World[] = [];
  afterAll(async () => {
    for (const world of worlds) await world[Symbol.asyncDispose]();
  });

  test("under a clone: says so, tries seldom, and finishes when there is room", async () => {
    const world = await World.prepare();
    worlds.push(world);
    showLogsOnFailure(() => world);
    const disk = giveDisk(world, west, "60m");
    const up = await world.cli(["up", "--detach"]);
    expect(up.code).toBe(69);
    expect(up.stderr).toMatch(/orders\/us-west-2\/1: .*full/);
    const failed = await world.untilStatus(
      "the clone has failed",
      10_000,
      (status) => instanceIn(status, "orders", west).state === "failed",
    );
    expect(instanceIn(failed, "orders", west).because).toMatch(/disk .* is full/);
    expect(instanceIn(failed, "orders", east).state).toBe("serving");
    const before = attempts(world, /"database\.command-given"[^\n]*clone/g);
    expect(before).toBeLessThanOrEqual(5);
    execFileSync("mount", ["-o", "remount,size=2g", disk]);
    const status = await world.untilReady(60_000);
    expect(instanceIn(status, "orders", west).state).toBe("serving");
  });

  test("under the writer: fails clearly, does not start again and again, and loses nothing", async () => {
    const world = await World.prepare();
    worlds.push(world);
    showLogsOnFailure(() => world);
    const disk = giveDisk(world, east, "400m");
    await world.up();
    const ledger = await Ledger.start(world, "orders", east);
    await until("some rows are acknowledged", 10_000, () => ledger.acknowledged.length > 20);
    const filler = join(disk, "filler");
    // `dd` ends with an error when there is no more room, and that is what it is for.
    expect(() =>
      execFileSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=1M"], { stdio: "pipe" }),
    ).toThrow("No space left");
    // WAL alone, 32 MiB at most: it is the WAL that PostgreSQL cannot do without.
    for (let sent = 0; sent < 64; sent += 1) {
      const isRefused = await world
        .sql("orders", east, "SELECT pg_logical_emit_message(true, 'fill', repeat('x', 500000))")
        .then(
          () => false,
          () => true,
        );
      if (isRefused) break;
    }
    // A server that crashes says other things on its way.
    const failed = await world.untilStatus(
      "the writer has failed for want of room",
      30_000,
      (status) => {
        const { state, because } = instanceIn(status, "orders", east);
        return state === "failed" && /disk .* is full/.test(because ?? "");
      },
    );
    expect(failed.databases["orders"]?.writer).toMatchObject({ region: east, state: "failed" });
    await ledger.stop();
    expect(attempts(world, /starting PostgreSQL/g)).toBeLessThanOrEqual(8);
    rmSync(filler);
    await world.untilReady(60_000);
    expect(await ledger.missingIn(world, "orders", east)).toEqual([]);
    await world.sql("orders", east, "INSERT INTO ledger VALUES (-1)");
  });
});
