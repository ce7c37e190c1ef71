import { expect, test } from "vitest";
import {
  inWorld,
  leaseMarginMs,
  leaseTtlMs,
  type ControlledWorld,
} from "../../test/controlled-world.ts";
import {
  createdRecord,
  east,
  europe,
  lagOf,
  lsn,
  orders,
  ours,
  position,
  requestOf,
  theirs,
  west,
} from "../../test/database-fixtures.ts";
import type { CommandResult } from "../model/instance.ts";
import type { Operation } from "../model/operation.ts";
import type { RegionId } from "../model/region.ts";

const leaseMs = leaseTtlMs + leaseMarginMs;
const fork = { timeline: 2, parent: 1, lsn: lsn(1_000) };
const promoted: CommandResult = { kind: "promoted", fork, writePauseMs: undefined };

/** The Region is lost; `sinceMs` is when its last lease was given. */
function lose(world: ControlledWorld, region: RegionId): number {
  const agent = world.agent(region);
  agent.isUp = false;
  return agent.leases.at(-1)?.atMs ?? 0;
}

/** A failover from the lost `east` to `west`, whose agent does what it is told. */
async function failOver(world: ControlledWorld): Promise<Operation> {
  const operation = await world.operate(requestOf("failover", west));
  await world.agent(west).does("seal");
  return operation;
}

test("a failover waits for the end of the lease, promotes the target and condemns what is lost", () =>
  inWorld(async (world) => {
    const leasedAtMs = lose(world, east);
    const begun = await failOver(world);
    expect(begun.estimatedLoss).toMatchObject({ transactions: 0 });
    expect(await world.agent(west).told("promote")).toMatchObject({ epoch: 2 });
    expect(world.clock.monotonicMs() - leasedAtMs).toBeGreaterThanOrEqual(leaseMs);
    await world.agent(west).does("promote", promoted);
    const { steps, ...after } = await world.ended(begun.id);
    expect(after).toMatchObject({ outcome: "completed", fork });
    expect(steps.map(({ name }) => name)).toEqual(["fence", "catch-up", "claim", "promote"]);
    expect(world.record()).toMatchObject({
      epoch: 2,
      primary: west,
      condemned: [east],
      candidates: [europe],
      isPromoted: true,
      isFencing: false,
      operation: undefined,
    });
    expect(world.record().lastFailoverWallMs).toBeDefined();
  }));

test("O4: nothing is claimed while the target may still promise the old writer something", () =>
  inWorld(async (world) => {
    lose(world, east);
    await world.operate(requestOf("failover", west));
    await world.agent(west).told("seal");
    await world.pass(4 * leaseMs);
    expect(world.record()).toMatchObject({ epoch: 1, primary: east, isFencing: true });
    await world.agent(west).does("seal");
    await world.agent(west).told("promote");
    expect(world.record()).toMatchObject({ epoch: 2, primary: west });
  }));

test("O4: an old writer that says itself that it stopped need not be waited for", () =>
  inWorld(async (world) => {
    const fromMs = world.clock.monotonicMs();
    await world.operate(requestOf("failover", west));
    await world.agent(east).does("fence");
    await world.agent(west).told("promote");
    expect(world.clock.monotonicMs() - fromMs).toBeLessThan(leaseTtlMs);
  }));

test("O4: what a person vouches for in writing is not waited for, and is kept in the journal", () =>
  inWorld(async (world) => {
    lose(world, east);
    const fromMs = world.clock.monotonicMs();
    const overrideFence = "the machine is switched off";
    const begun = await world.operate(requestOf("failover", west, { overrideFence }));
    await world.agent(west).told("promote");
    expect(world.clock.monotonicMs() - fromMs).toBeLessThan(leaseTtlMs);
    expect(world.operation(begun.id)).toMatchObject({ overrideFence });
  }));

test("O5: from the moment in which a failover begins, the old writer gets no lease any more", () =>
  inWorld(async (world) => {
    await world.operate(requestOf("failover", west));
    const given = world.agent(east).leases.length;
    await world.pass(3_000);
    expect(world.agent(east).leases).toHaveLength(given);
    await world.start();
    await world.pass(3_000);
    expect(world.agent(east).leases).toHaveLength(given);
  }));

test("O5: a failover that is cancelled gives the old writer its lease back", () =>
  inWorld(async (world) => {
    const begun = await world.operate(requestOf("failover", west));
    const given = world.agent(east).leases.length;
    await world.controller.cancel(begun.id, new AbortController().signal);
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "rolled-back" });
    await world.until(() => world.agent(east).leases.length > given);
    expect(world.record()).toMatchObject({ epoch: 1, isFencing: false, condemned: [] });
  }));

test("O5: a failover goes on under the next controller, which waits for a whole lease again", () =>
  inWorld(async (world) => {
    lose(world, east);
    const begun = await failOver(world);
    await world.pass(1_000);
    await world.start();
    const startedAtMs = world.clock.monotonicMs();
    const sealed = await world.agent(west).told("seal");
    const again = await world.agent(west).told("seal", sealed);
    expect(again.term).toBe(2);
    await world.agent(west).answer(again, "done");
    await world.agent(west).told("promote");
    expect(world.clock.monotonicMs() - startedAtMs).toBeGreaterThanOrEqual(leaseMs);
    await world.agent(west).does("promote", promoted);
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "completed" });
  }));

test("O4: a failover whose fence cannot be proved in time is rolled back", () =>
  inWorld(async (world) => {
    lose(world, east);
    const begun = await world.operate(requestOf("failover", west));
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "rolled-back" });
    expect(world.record()).toMatchObject({ epoch: 1, primary: east, isFencing: false });
  }));

test("O7: the target takes from another survivor what it did not receive itself", () =>
  inWorld(async (world) => {
    world.agent(europe).says = { position: position(1, 1_500) };
    await world.pass(1_000);
    lose(world, east);
    const begun = await failOver(world);
    const { action } = await world.agent(west).told("catch-up");
    expect(action).toMatchObject({
      untilLsn: lsn(1_500),
      upstream: { address: { host: "us-west-2>eu-central-1" } },
    });
    expect(world.record().epoch).toBe(1);
    await world.agent(west).does("catch-up");
    await world.agent(west).does("promote", promoted);
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "completed" });
  }));

test("O2: a target that falls silent before the claim ends the failover, so that another can be chosen", () =>
  inWorld(async (world) => {
    world.agent(europe).says = { position: position(1, 1_500) };
    await world.pass(1_000);
    lose(world, east);
    const begun = await failOver(world);
    await world.agent(west).told("catch-up");
    lose(world, west);
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "rolled-back" });
    const second = await world.operate(requestOf("failover", europe));
    await world.agent(europe).does("seal");
    await world.agent(europe).does("promote", promoted);
    expect(await world.ended(second.id)).toMatchObject({ outcome: "completed" });
    expect(world.record()).toMatchObject({ epoch: 2, primary: europe });
  }));

test("O1: when the new writer is lost after its claim, a failover takes over from what held the system", () =>
  inWorld(async (world) => {
    const first = await world.operate(requestOf("failover", west, { overrideFence: "a test" }));
    await world.agent(west).told("promote");
    lose(world, west);
    const request = requestOf("failover", europe, { overrideFence: "a test" });
    const second = await world.operate(request);
    expect(world.operation(first.id)).toMatchObject({ phase: "ended", outcome: "failed" });
    expect(second).toMatchObject({ from: west, to: europe, epoch: 2 });
    expect(await world.agent(europe).told("promote")).toMatchObject({ epoch: 3 });
    await world.agent(europe).does("promote", promoted);
    expect(await world.ended(second.id)).toMatchObject({ outcome: "completed" });
    expect(world.record()).toMatchObject({ epoch: 3, primary: europe, condemned: [east, west] });
  }));

test("O1: who was given up is not told any more what the operation that ended wanted of it", () =>
  inWorld(async (world) => {
    await world.operate(requestOf("failover", west, { overrideFence: "a test" }));
    await world.agent(west).told("promote");
    lose(world, west);
    await world.operate(requestOf("failover", europe, { overrideFence: "a test" }));
    await world.agent(europe).told("promote");
    const returned = world.agent(west);
    returned.commands.length = 0;
    returned.isUp = true;
    await world.pass(5_000);
    expect(returned.assignment).toMatchObject({ role: "secondary", epoch: 3 });
    expect(returned.count("promote")).toBe(0);
  }));

test("O1: a claim stands when the failover that took over from it is rolled back: its writer is promoted", () =>
  inWorld(async (world) => {
    await world.operate(requestOf("failover", west, { overrideFence: "a test" }));
    const first = await world.agent(west).told("promote");
    lose(world, west);
    const second = await world.operate(requestOf("failover", europe));
    await world.controller.cancel(second.id, new AbortController().signal);
    expect(await world.ended(second.id)).toMatchObject({ outcome: "rolled-back" });
    expect(world.record()).toMatchObject({ epoch: 2, primary: west, isPromoted: false });
    world.agent(west).isUp = true;
    const again = await world.agent(west).told("promote", first);
    expect(again.operation).not.toBe(first.operation);
    await world.agent(west).answer(again, "done", promoted);
    await world.until(() => world.record().isPromoted);
    expect(world.record()).toMatchObject({ epoch: 2, primary: west, forks: [fork] });
  }));

test("O4: a failover that takes over waits for the lease of the writer that was to be", () =>
  inWorld(async (world) => {
    await world.operate(requestOf("failover", west, { overrideFence: "a test" }));
    await world.agent(west).told("promote");
    await world.pass(1_000);
    const leasedAtMs = lose(world, west);
    expect(leasedAtMs).toBeGreaterThan(0);
    await world.operate(requestOf("failover", europe));
    await world.agent(europe).does("seal");
    await world.agent(europe).told("promote");
    expect(world.clock.monotonicMs() - leasedAtMs).toBeGreaterThanOrEqual(leaseMs);
  }));

test("D12: what the old writer held becomes evidence, then it is cloned, and may be promoted again", () =>
  inWorld(async (world) => {
    lose(world, east);
    const begun = await failOver(world);
    await world.agent(west).does("promote", promoted);
    await world.ended(begun.id);
    const old = world.agent(east);
    old.says = { systemId: ours, state: { kind: "diverged", because: "past the fork" } };
    old.isUp = true;
    await old.told("set-aside");
    expect(old.count("clone")).toBe(0);
    old.says = { systemId: undefined, position: undefined, state: { kind: "absent" } };
    await old.report();
    await old.does("set-aside");
    await old.told("clone");
    expect(world.record().condemned).toEqual([]);
    old.says = { position: position(2, 1_100) };
    await old.does("clone");
    await world.until(() => world.record().candidates.includes(east));
  }));

const automatic = {
  system: { ...orders, failover: "automatic", failoverPauseMs: 60_000 },
} as const;

/** What the other Regions' agents hear of `east`. */
function hear(world: ControlledWorld, silentMs: number): void {
  for (const region of [west, europe]) world.agent(region).peers = [{ region: east, silentMs }];
}

test("O8: a writer that two vantage points miss is failed over from, to whoever has the most", () =>
  inWorld(async (world) => {
    world.agent(europe).says = { position: position(1, 1_500) };
    await world.pass(1_000);
    lose(world, east);
    hear(world, 5_000);
    await world.until(() => world.record().operation !== undefined);
    const [operation] = world.controller.operations({ database: undefined });
    expect(operation).toMatchObject({ kind: "failover", to: europe, requestedBy: "policy" });
    expect(world.events()).toContain("failover.decided");
  }, automatic));

test("O8: a writer that another Region still hears is not failed over from, and people are told why", () =>
  inWorld(async (world) => {
    lose(world, east);
    hear(world, 100);
    await world.pass(60_000);
    expect(world.record()).toMatchObject({ operation: undefined, primary: east });
    expect(world.events().filter((kind) => kind === "failover.withheld")).toHaveLength(1);
  }, automatic));

test("O8: a failover by itself is not followed by another one, and nobody fails back", () =>
  inWorld(
    async (world) => {
      lose(world, east);
      hear(world, 5_000);
      await world.agent(west).does("seal");
      await world.agent(west).does("promote", promoted);
      await world.until(() => world.record().operation === undefined);
      lose(world, west);
      world.agent(europe).peers = [{ region: west, silentMs: 5_000 }];
      await world.pass(30_000);
      expect(world.record()).toMatchObject({ epoch: 2, operation: undefined });
    },
    { ...automatic, record: createdRecord() },
  ));

test("O8: when the target is lost after the claim, the policy fails over again, which takes over", () =>
  inWorld(
    async (world) => {
      const first = await world.operate(requestOf("failover", west, { overrideFence: "a test" }));
      await world.agent(west).told("promote");
      lose(world, west);
      world.agent(europe).peers = [{ region: west, silentMs: 60_000 }];
      await world.agent(europe).does("seal");
      expect(await world.agent(europe).told("promote")).toMatchObject({ epoch: 3 });
      expect(world.operation(first.id)).toMatchObject({ phase: "ended", outcome: "failed" });
    },
    { system: { ...orders, failover: "automatic" } },
  ));

test("O8: the policy leaves an operation alone that can still be rolled back", () =>
  inWorld(
    async (world) => {
      const begun = await world.operate(requestOf("failover", west));
      lose(world, east);
      hear(world, 60_000);
      await world.pass(30_000);
      expect(world.record()).toMatchObject({ epoch: 1, operation: begun.id });
    },
    { system: { ...orders, failover: "automatic" } },
  ));

test("O8: a failover that the policy wants and that is refused is one event, and everything else goes on", () =>
  inWorld(async (world) => {
    for (const region of [west, europe])
      world.agent(region).says = { systemId: theirs, position: position(1, 1_000) };
    await world.pass(1_000);
    lose(world, east);
    hear(world, 5_000);
    await world.pass(20_000);
    expect(world.record()).toMatchObject({ operation: undefined, epoch: 1 });
    const told = world.events().filter((kind) => kind.startsWith("failover."));
    expect(told.filter((kind) => kind === "failover.decided")).toHaveLength(1);
    expect(told.at(-1)).toBe("failover.withheld");
    expect(world.log.lines.filter(({ level }) => level === "error")).toEqual([]);
  }, automatic));

test("what a failover would lose is known of a Region that a person switched off, too", () =>
  inWorld(async (world) => {
    const loss = { transactions: 3, bytes: 500, isExact: true };
    world.agent(east).says = { position: position(1, 1_000), lags: [lagOf(west, { loss })] };
    await world.pass(1_000);
    lose(world, east);
    world.controller.forgetRegion(east);
    const preview = world.controller.preview(requestOf("failover", west));
    expect(preview.estimatedLoss).toMatchObject({ transactions: 3, bytes: 500 });
    expect(world.controller.reportAgeMs(east)).toBeUndefined();
    const begun = await world.operate(requestOf("failover", west));
    expect(begun.estimatedLoss).toMatchObject({ transactions: 3, bytes: 500 });
  }));
