/**
 * A writer that loses touch stops by its own clock, whoever of its Region is frozen, before another one is claimed.
 * Clients sit at every server and write wherever they are let.
 */
import { describe, expect, test } from "vitest";
import type { ApiOperation } from "../../src/api/operations-api.ts";
import { failover } from "./commands.ts";
import { claimOf, untilSettled } from "./operations.ts";
import { isAlive } from "./processes.ts";
import { sharedWorld } from "./shared-world.ts";
import { until } from "./until.ts";
import type { World } from "./world.ts";
import { Writers } from "./writers.ts";
import { east, globalDatabase, west } from "./yaml.ts";

/** Lease and margin of the preset `local`, in ms. */
const leaseMs = 3_000;
const marginMs = 1_000;

const the = sharedWorld({
  links: { default: { rttMs: 60 } },
  databases: { orders: globalDatabase },
});

function signal(pids: readonly number[], name: "SIGSTOP" | "SIGCONT"): void {
  for (const pid of pids) if (isAlive(pid)) process.kill(pid, name);
}

function postgresOf(world: World, region: string): readonly number[] {
  const directory = world.instanceDirectory(region, "orders-1");
  return world
    .processes()
    .filter(({ cwd }) => cwd.startsWith(directory))
    .map(({ pid }) => pid);
}

/** The writer, and the Region that may be promoted. */
async function untilReplaceable(world: World): Promise<{ writer: string; other: string }> {
  const writer = await untilSettled(world);
  return { writer, other: writer === east ? west : east };
}

type Frozen = {
  readonly operation: ApiOperation;
  readonly late: number;
  readonly writers: Writers;
};

/** Freezes, fails over, thaws: the acknowledgements of the old side after the claim are what it is about. */
async function failOverFrozen(
  world: World,
  table: string,
  choose: (writer: string) => readonly number[],
): Promise<Frozen> {
  const { writer, other } = await untilReplaceable(world);
  await using writers = await Writers.start(world, "orders", table);
  const servers = postgresOf(world, writer);
  const pids = choose(writer);
  expect(pids.length).toBeGreaterThan(0);
  signal(pids, "SIGSTOP");
  try {
    const operation = await failover(world, other);
    await writers.untilWritten(other, 10_000);
    const isEnded = servers.every((pid) => pids.includes(pid) || !isAlive(pid));
    signal(pids, "SIGCONT");
    await untilReplaceable(world);
    await writers.stop();
    // Whoever is not frozen has ended by then, whether its agent could see to it or not.
    expect(isEnded).toBe(true);
    const late = writers.after(await claimOf(world, operation), writer).length;
    console.log(
      `${table}: fence took ${operation.steps.find(({ name }) => name === "fence")?.ms} ms (${operation.steps[0]?.because}); ${late} acknowledgements by the old side after the claim; ${(await writers.missingIn(other)).length} rows are in the evidence alone`,
    );
    expect((await writers.missingIn(other)).every(({ region }) => region === writer)).toBe(true);
    return { operation, late, writers };
  } finally {
    signal(pids, "SIGCONT");
  }
}

describe.sequential("a writer", () => {
  test("whose controller is frozen for 10 s goes on without a failed write", async () => {
    const world = the();
    const { writer } = await untilReplaceable(world);
    await using writers = await Writers.start(world, "orders", "controller_frozen");
    const controller = world.program("controller");
    const failuresBefore = writers.failures.length;
    signal([controller], "SIGSTOP");
    const from = writers.acks.length;
    const frozenMs = Date.now();
    // Time itself is what is tested: three leases go by.
    await until(
      "10 s are over",
      15_000,
      () => Date.now() - frozenMs > 10_000 && (writers.acks.at(-1)?.atMs ?? 0) - frozenMs > 10_000,
    );
    signal([controller], "SIGCONT");
    await world.untilReady();
    await writers.untilWritten(writer, 5_000);
    await writers.stop();
    console.log(
      `controller frozen for 10 s: ${writers.acks.length - from} acknowledgements, longest gap ${writers.longestGapMs(from)} ms`,
    );
    expect(writers.failures.slice(failuresBefore)).toEqual([]);
    expect(writers.by(writer).length).toBe(writers.acks.length);
    expect((await world.status()).databases["orders"]).toMatchObject({ primary: writer });
  });

  test("that is isolated is fenced by itself in time, and acknowledges nothing after it was replaced", async () => {
    const world = the();
    const { writer, other } = await untilReplaceable(world);
    await using writers = await Writers.start(world, "orders", "isolated");
    const servers = postgresOf(world, writer);
    await world.ok(["region", "isolate", writer]);
    const isolatedMs = Date.now();
    await until("its PostgreSQL is gone", 20_000, () => !servers.some(isAlive));
    const goneMs = Date.now() - isolatedMs;
    const lastMs = (writers.by(writer).at(-1)?.atMs ?? NaN) - isolatedMs;
    console.log(
      `isolated: the last acknowledgement came ${lastMs} ms after the isolation, the last process was gone after ${goneMs} ms (lease ${leaseMs} ms, margin ${marginMs} ms)`,
    );
    expect(goneMs).toBeLessThan(leaseMs + marginMs);
    const operation = await failover(world, other);
    await writers.untilWritten(other, 10_000);
    await world.ok(["region", "heal", writer]);
    await untilReplaceable(world);
    await writers.stop();
    expect(writers.after(await claimOf(world, operation), writer)).toEqual([]);
    expect((await writers.missingIn(other)).every(({ region }) => region === writer)).toBe(true);
  });

  test("whose agent is frozen is ended by the guard: nothing is acknowledged after the claim", async () => {
    const world = the();
    const { late } = await failOverFrozen(world, "agent_frozen", (region) => [
      world.program(`agent-${region}`),
    ]);
    expect(late).toBe(0);
  });

  test("whose PostgreSQL is frozen is ended all the same: nothing is acknowledged after the claim", async () => {
    const world = the();
    const { late } = await failOverFrozen(world, "postgres_frozen", (region) =>
      postgresOf(world, region),
    );
    expect(late).toBe(0);
  });

  test("whose whole Region is frozen is ended when it thaws, and what it still acknowledged is in the evidence", async () => {
    const world = the();
    const { late } = await failOverFrozen(world, "region_frozen", (region) =>
      world.processesIn(region).map(({ pid }) => pid),
    );
    // The stated exception: a backend that thaws before the guard has run answers what its client had sent.
    expect(late).toBeLessThanOrEqual(5);
  });
});
