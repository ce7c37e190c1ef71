/** What goes wrong while the writer moves: it is rolled back before the claim, and goes forward after it. */
import { describe, expect, test } from "vitest";
import type { ApiOperation } from "../../src/api/operations-api.ts";
import { refusalOf, switchover } from "./commands.ts";
import { withClient } from "./gateway-ledger.ts";
import { gatewayPlaces } from "./gateway-places.ts";
import { ask, begin, snapshotsOf, untilAtStep, untilEnded, untilSettled } from "./operations.ts";
import { sharedWorld, showLogsOnFailure } from "./shared-world.ts";
import { canMount, fill, giveDisk } from "./small-disk.ts";
import { instanceIn, World } from "./world.ts";
import { Writers } from "./writers.ts";
import { east, globalDatabase, west } from "./yaml.ts";

/** So long that a step is seen before it ends. */
const rttMs = 400;
const farApart = { default: { rttMs: 10 }, [`${east}/${west}`]: { rttMs } };
const the = sharedWorld({ links: farApart });

/** By the API: a CLI would come too late for a step. */
async function setLink(world: World, change: { readonly up: boolean }): Promise<void> {
  await ask(world, "PATCH", `/v1/links/${east}/${west}`, change);
}

describe.sequential("a link that is cut during a switchover", () => {
  test.for(["prepare", "hand-over"])("at %s: it is rolled back, and writes go on", async (step) => {
    const world = the();
    await untilSettled(world);
    const before = (await world.status()).databases["orders"];
    await using writers = await Writers.start(world, "orders", `cut_at_${step.replace("-", "_")}`);
    const command = world.start(["switchover", "orders", "--to", west, "--json"]);
    const { id } = await untilAtStep(world, "orders", step, 10_000);
    await setLink(world, { up: false });
    const { code, stdout } = await command.ended(60_000);
    // While the link is still down.
    await writers.untilWritten(east, 10_000);
    await setLink(world, { up: true });
    await writers.stop();
    const { operations } = JSON.parse(stdout) as { operations: readonly ApiOperation[] };
    console.log(
      `link cut at ${step}: rolled back because ${operations[0]?.because}; longest gap ${writers.longestGapMs()} ms`,
    );
    expect(code).toBe(75);
    expect(operations).toMatchObject([{ id, outcome: "rolled-back", phase: "ended" }]);
    // Writes are held for 10 s at most.
    expect(writers.longestGapMs()).toBeLessThan(15_000);
    const after = (await world.untilReady(60_000)).databases["orders"];
    expect(after).toMatchObject({ primary: east, epoch: before?.epoch, operation: null });
    expect(writers.by(west)).toEqual([]);
    expect(await writers.missingIn(east)).toEqual([]);
  });

  test("leaves nothing behind that keeps the next switchover from completing", async () => {
    const world = the();
    await untilSettled(world);
    await using writers = await Writers.start(world, "orders", "after_cuts");
    const operation = await switchover(world, west);
    await writers.untilWritten(west, 5_000);
    await writers.stop();
    expect(operation.outcome).toBe("completed");
    expect(await writers.missingIn(west)).toEqual([]);
    await world.untilReady();
  });
});

describe.sequential("a new writer that is lost before anybody follows it", () => {
  test("O10: is given up by a person in writing, and what it took is kept", async () => {
    const world = the();
    const from = await untilSettled(world);
    const to = from === east ? west : east;
    await world.sql("orders", from, "CREATE TABLE given_up (id int PRIMARY KEY)");
    const command = world.start(["switchover", "orders", "--to", to, "--json"]);
    await untilAtStep(world, "orders", "promote", 20_000);
    await setLink(world, { up: false });
    const seen = await world.untilStatus("the new writer accepts writes", 20_000, (now) => {
      return now.databases["orders"]?.operation?.step === "follow";
    });
    const lost = instanceIn(seen, "orders", from).timeline ?? 0;
    await world.sql("orders", to, "INSERT INTO given_up VALUES (1)");
    await world.ok(["region", "kill", to]);
    await setLink(world, { up: true });
    const forced = ["failover", "orders", "--to", from, "--allow-data-loss", "--yes"];
    const refused = await refusalOf(world, ...forced);
    expect(refused.exit).toBe(75);
    expect(refused.said.message).toMatch(/is on timeline \d+, and the writer was on \d+/);
    const why = ["--override-fence", "its building burnt down"];
    expect(await world.ok([...forced, ...why])).toMatch(/all of timeline \d+ is given up/);
    // The failover took over from it.
    expect((await command.ended(20_000)).code).not.toBe(0);
    await world.sql("orders", from, "INSERT INTO given_up VALUES (2)");
    await world.ok(["region", "start", to]);
    expect(await untilSettled(world)).toBe(from);
    for (const region of [east, west]) {
      expect(await world.sql("orders", region, "SELECT id FROM given_up")).toEqual([{ id: 2 }]);
    }
    const after = await world.status();
    expect(instanceIn(after, "orders", from).timeline).toBeGreaterThan(lost + 1);
    expect((await snapshotsOf(world)).filter(({ region }) => region === to)).toHaveLength(1);
  });
});

describe
  .skipIf(!canMount)
  .sequential("a target whose disk is full (needs root, to mount one)", () => {
    /** A WAL segment does not fit, what an agent notes does. */
    const someBytes = 4 * 1024 * 1024;

    test("before it begins: nothing begins", async () => {
      await using world = await World.prepare({ databases: { orders: globalDatabase } });
      showLogsOnFailure(() => world);
      const disk = giveDisk(world, west, "500m");
      await world.up();
      await untilSettled(world);
      const empty = fill(disk, someBytes);
      await world.untilStatus("its agent says how little is free", 10_000, (seen) => {
        const free = instanceIn(seen, "orders", west).diskFreeBytes;
        return free !== null && free <= someBytes;
      });
      const refused = await world.cli(["switchover", "orders", "--to", west]);
      expect(refused).toMatchObject({ code: 71 });
      expect(refused.stderr).toMatch(/us-west-2 has \d+ bytes free .* needs 67108864/);
      empty();
    });

    test("at its promotion: the operation waits and says why, and completes when there is room", async () => {
      await using world = await World.prepare({
        databases: { orders: globalDatabase },
        // As long as a hand-over gives, which is half of its own time: 5 s.
        gateway: { limits: { drainMs: 10_000 } },
      });
      showLogsOnFailure(() => world);
      const disk = giveDisk(world, west, "500m");
      await world.up();
      await untilSettled(world);
      // Enough to begin with, also when a few WAL segments have come, and soon taken.
      fill(disk, 128 * 1024 * 1024);
      await using writers = await Writers.start(world, "orders", "no_room");
      const here = (await gatewayPlaces(world)).find(({ region }) => region === east);
      const { id, empty } = await withClient(here?.url ?? "", async (client) => {
        await client.query("BEGIN");
        await client.query("CREATE TABLE waited_for ()");
        const begun = await begin(world, "orders", { kind: "switchover", to: west });
        await untilAtStep(world, "orders", "hand-over", 30_000);
        // The hand-over waits for the transaction, so that the disk is full before there is anything to promote.
        const undo = fill(disk, someBytes);
        await client.query("COMMIT");
        return { id: begun.id, empty: undo };
      });
      const seen = await world.untilStatus("the promotion has no room", 60_000, ({ databases }) => {
        const { operation } = databases["orders"] ?? {};
        return operation?.step === "promote" && /No space left|full/i.test(operation.because);
      });
      console.log(`disk full at promotion: ${seen.databases["orders"]?.operation?.because}`);
      expect(seen.databases["orders"]?.operation).toMatchObject({ phase: "claimed" });
      expect(instanceIn(seen, "orders", east).role).toBe("secondary");
      empty();
      expect(await untilEnded(world, id, 60_000)).toMatchObject({ outcome: "completed", to: west });
      await writers.untilWritten(west, 10_000);
      await writers.stop();
      expect(await writers.missingIn(west)).toEqual([]);
      await world.untilReady(60_000);
    });

    test("to its last byte: its agent is heard, nothing begins, and a failover succeeds when there is room", async () => {
      await using world = await World.prepare({ databases: { orders: globalDatabase } });
      showLogsOnFailure(() => world);
      const disk = giveDisk(world, west, "500m");
      await world.up();
      await untilSettled(world);
      await using writers = await Writers.start(world, "orders", "no_byte");
      const empty = fill(disk, 0);
      // Its agent could not keep anything new, and is heard all the same.
      const reported = await world.untilStatus("its agent is heard", 20_000, (seen) => {
        return instanceIn(seen, "orders", west).diskFreeBytes === 0;
      });
      expect(reported.regions[west]?.state).not.toBe("unreachable");
      const refused = await world.cli([
        "failover",
        "orders",
        "--to",
        west,
        "--allow-data-loss",
        "--yes",
      ]);
      expect([refused.code, refused.stderr]).toEqual([
        71,
        expect.stringMatching(/us-west-2 has \d+ bytes free/),
      ]);
      await world.ok(["region", "kill", east]);
      empty();
      await world.untilStatus("there is room", 20_000, (seen) => {
        return (instanceIn(seen, "orders", west).diskFreeBytes ?? 0) > 64 * 1024 * 1024;
      });
      await world.ok(["failover", "orders", "--to", west, "--allow-data-loss", "--yes"]);
      await writers.untilWritten(west, 20_000);
      await writers.stop();
      expect((await writers.missingIn(west)).every(({ region }) => region === east)).toBe(true);
    });
  });
