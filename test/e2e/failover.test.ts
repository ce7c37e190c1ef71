/** A primary Region is lost, another one takes over, the old one comes back: what it alone had is kept as evidence. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ApiSnapshot } from "../../src/api/operations-api.ts";
import { failover, operate, refusalOf, switchover } from "./commands.ts";
import { claimOf, eventsOf, newestEvent } from "./operations.ts";
import { sharedWorld } from "./shared-world.ts";
import { instanceIn, type World } from "./world.ts";
import { Writers } from "./writers.ts";
import { east, globalDatabase, west } from "./yaml.ts";

const the = sharedWorld({
  links: { default: { rttMs: 60 } },
  databases: { orders: globalDatabase },
});

async function evidence(world: World): Promise<readonly ApiSnapshot[]> {
  const { snapshots } = await world.json<{ snapshots: readonly ApiSnapshot[] }>(["snapshots"]);
  return snapshots;
}

function isReadOnly(path: string): boolean {
  return (statSync(path).mode & 0o222) === 0;
}

/** Whether the WAL of this evidence holds a row's text. What PostgreSQL writes first, it writes as it is. */
function walHolds({ path }: ApiSnapshot, text: string): boolean {
  const wal = join(path, "data", "pg_wal");
  return readdirSync(wal, { withFileTypes: true }).some(
    (file) => file.isFile() && readFileSync(join(wal, file.name)).includes(text),
  );
}

describe.sequential("a failover", () => {
  test("gives a lost Region's place to another, and what the lost one alone had is missing there", async () => {
    const world = the();
    await world.untilReady();
    await using writers = await Writers.start(world, "orders", "lost");
    await world.sql("orders", east, "CREATE TABLE alone (note text)");
    // From here nothing arrives in the other Region: what is acknowledged now, it alone has.
    await world.ok(["link", "set", east, west, "--down"]);
    await world.sql("orders", east, "INSERT INTO alone VALUES ('nobody else has this row')");
    await writers.untilWritten(east, 5_000);
    await world.untilStatus("the loss is estimated", 10_000, ({ databases }) => {
      const loss = databases["orders"]?.estimatedLoss[west];
      return (loss?.transactions ?? 0) > 20;
    });
    await world.ok(["region", "kill", east]);
    const killedMs = Date.now();
    const operation = await failover(world, west);
    await world.ok(["link", "set", east, west, "--up"]);
    await writers.untilWritten(west, 5_000);
    await writers.stop();
    const claim = await claimOf(world, operation);
    const [first] = writers.by(west);
    console.log(
      `failover: ${(first?.atMs ?? NaN) - Date.parse(claim.at)} ms from the claim and ${(first?.atMs ?? NaN) - killedMs} ms from the kill (with two commands in between) to the first acknowledgement`,
    );
    expect(writers.after(claim, east)).toEqual([]);
    expect(operation).toMatchObject({ kind: "failover", from: east, to: west, epoch: 1 });
    expect(operation.outcome).toBe("completed");
    const missing = await writers.missingIn(west);
    console.log(
      `failover: ${missing.length} acknowledged rows are missing, ${operation.estimatedLoss?.transactions} transactions were estimated (exact: ${operation.estimatedLoss?.isExact})`,
    );
    expect(missing.length).toBeGreaterThanOrEqual(20);
    expect(missing.every(({ region }) => region === east)).toBe(true);
    expect(operation.estimatedLoss?.transactions).toBeGreaterThan(20);
    expect(operation.estimatedLoss?.ms).toBeGreaterThan(0);
    const { databases } = await world.status();
    expect(databases["orders"]).toMatchObject({ epoch: 2, primary: west, candidates: [] });
  });

  test("is not followed by another one until a secondary streams", async () => {
    const world = the();
    const forced = ["failover", "orders", "--to", east, "--allow-data-loss", "--yes"];
    const { exit, said } = await refusalOf(world, ...forced);
    expect({ exit, code: said.code }).toEqual({ exit: 75, code: "failover.not-redundant" });
    expect((await world.status()).databases["orders"]?.primary).toBe(west);
  });

  test("keeps what the lost Region had before it is cloned again, and it becomes a candidate", async () => {
    const world = the();
    await world.ok(["region", "start", east]);
    const status = await world.untilStatus("the Region is a candidate again", 60_000, (now) =>
      Boolean(now.isReady && now.databases["orders"]?.candidates.includes(east)),
    );
    expect(status.databases["orders"]?.members[east]).toMatchObject({
      role: "secondary",
      state: "serving",
    });
    const kept = await evidence(world);
    expect(kept).toMatchObject([{ database: "orders", region: east, number: 1, epoch: 2 }]);
    const [only] = kept;
    if (!only) throw new Error("There is no evidence");
    expect(only.name).toMatch(/^unplanned-global-failover-orders-us-east-1-\d{8}T\d{6}Z$/);
    expect(only.forkLsn).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    expect(only.bytes).toBeGreaterThan(10_000_000);
    expect(statSync(only.path).isDirectory()).toBe(true);
    expect(isReadOnly(join(only.path, "data"))).toBe(true);
    expect(walHolds(only, "nobody else has this row")).toBe(true);
    // Rows that the new primary has are in the clone, and nothing of the lost ones is.
    const lost = "SELECT count(*)::int AS n FROM alone";
    for (const region of [east, west]) {
      expect(await world.sql("orders", region, lost)).toEqual([{ n: 0 }]);
    }
    expect(instanceIn(status, "orders", east).timeline).toBe(
      instanceIn(status, "orders", west).timeline,
    );
    const kinds = (await eventsOf(world)).map(({ kind }) => kind);
    for (const kind of ["database.writer-fenced", "operation.claimed", "database.failed-over"]) {
      expect(kinds).toContain(kind);
    }
    expect(kinds.indexOf("member.resync-started")).toBeGreaterThan(
      kinds.indexOf("database.failed-over"),
    );
    expect(kinds).toContain("member.resync-finished");
  });

  test("is gone back on by a switchover, which loses nothing", async () => {
    const world = the();
    await using writers = await Writers.start(world, "orders", "failback");
    const operation = await switchover(world, east);
    await writers.untilWritten(east, 5_000);
    await writers.stop();
    expect(operation).toMatchObject({ outcome: "completed", from: west, to: east, epoch: 2 });
    expect(await writers.missingIn(east)).toEqual([]);
    await world.untilReady();
    const kept = await evidence(world);
    expect(kept).toHaveLength(1);
    await world.ok(["snapshots", "remove", kept[0]?.name ?? "", "--yes"]);
    expect(await evidence(world)).toEqual([]);
    expect(existsSync(kept[0]?.path ?? "")).toBe(false);
  });

  test("to a Region that is no candidate yet happens when a person vouches for the old writer, in words that are kept", async () => {
    const world = the();
    await world.untilStatus("there is a candidate", 20_000, ({ databases }) =>
      Boolean(databases["orders"]?.candidates.includes(west)),
    );
    // The secondary goes, and the writer with it: what comes back is a copy that nobody has seen stream.
    await world.ok(["region", "kill", east]);
    await failover(world, west);
    const forced = ["failover", "orders", "--to", east, "--allow-data-loss", "--yes"];
    const why = "rack 4 is without power";
    const toTheDead = await refusalOf(world, ...forced, "--override-fence", why);
    expect({ exit: toTheDead.exit, code: toTheDead.said.code }).toEqual({
      exit: 75,
      code: "operation.refused",
    });
    await world.ok(["region", "start", east]);
    await world.untilStatus("there is a candidate again", 60_000, ({ databases }) =>
      Boolean(databases["orders"]?.candidates.includes(east)),
    );
    await world.ok(["region", "isolate", west]);
    const startedMs = performance.now();
    const operation = await operate(world, ...forced, "--override-fence", why);
    const tookMs = performance.now() - startedMs;
    console.log(
      `failover with an override: ${Math.round(tookMs)} ms, lease and margin are 4000 ms`,
    );
    expect(operation).toMatchObject({ outcome: "completed", to: east, overrideFence: why });
    const overridden = await newestEvent(world, "database.fence-overridden");
    expect(JSON.stringify(overridden)).toContain(why);
    await world.ok(["region", "heal", west]);
    await world.untilStatus("the former writer is back", 60_000, (now) =>
      Boolean(now.isReady && now.databases["orders"]?.candidates.includes(west)),
    );
  });
});
