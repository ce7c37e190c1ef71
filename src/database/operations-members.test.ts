import { expect, test } from "vitest";
import { inWorld, type ControlledWorld } from "../../test/controlled-world.ts";
import { east, europe, lsn, orders, requestOf, west } from "../../test/database-fixtures.ts";
import type { CommandResult } from "../model/instance.ts";
import { detachedSystem } from "./topology.ts";

const fork = { timeline: 2, parent: 1, lsn: lsn(1_000) };
const promoted: CommandResult = { kind: "promoted", fork, writePauseMs: undefined };
const alone = detachedSystem(orders, west).key;

/** `west` stands alone, and has been promoted. The world checks that no assignment's version ever goes down (D10). */
async function detach(world: ControlledWorld): Promise<void> {
  const begun = await world.operate(requestOf("detach", west));
  await world.agent(west).does("promote", promoted);
  await world.ended(begun.id);
}

/** Its data are gone, as after `set-aside` and `discard`. */
function empty(world: ControlledWorld): void {
  world.agent(west).says = {
    systemId: undefined,
    position: undefined,
    state: { kind: "absent" },
  };
}

/** It is cloned, streams, and may be promoted. */
async function join(world: ControlledWorld): Promise<void> {
  await world.agent(west).told("clone");
  world.agent(west).says = {};
  await world.agent(west).does("clone");
  await world.until(() => world.record().candidates.includes(west));
}

test("a Region that is detached is the writer of a system of its own, and the others go on without it", () =>
  inWorld(async (world) => {
    await detach(world);
    expect(world.record()).toMatchObject({
      primary: east,
      epoch: 1,
      members: [east, europe],
      candidates: [europe],
      operation: undefined,
    });
    expect(world.record(alone)).toMatchObject({
      primary: west,
      members: [west],
      isPromoted: true,
      detachedFrom: orders.key,
      forks: [fork],
      operation: undefined,
    });
    const given = world.agent(west).leases.length;
    await world.until(() => world.agent(west).leases.length > given);
    expect(world.agent(west).assignment).toMatchObject({ role: "primary", failsafe: [] });
    const { slots } = world.agent(east).assignment ?? {};
    expect(slots?.map(({ region }) => region)).toEqual([europe]);
  }));

test("a detachment holds the Region's own system, and leaves the one that it left free at once", () =>
  inWorld(async (world) => {
    const begun = await world.operate(requestOf("detach", west));
    await world.agent(west).told("promote");
    expect(begun.system).toBe(orders.key);
    expect(world.operation(begun.id)).toMatchObject({ phase: "claimed", system: alone });
    expect(world.record(alone)).toMatchObject({ operation: begun.id, isPromoted: false });
    expect(world.record().operation).toBeUndefined();
    const other = await world.operate(requestOf("switchover", europe));
    expect(world.record().operation).toBe(other.id);
  }));

test("a detachment goes on under the next controller", () =>
  inWorld(async (world) => {
    const begun = await world.operate(requestOf("detach", west));
    const first = await world.agent(west).told("promote");
    await world.start();
    const second = await world.agent(west).told("promote", first);
    await world.agent(west).answer(second, "done", promoted);
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "completed", fork });
    expect(world.record(alone)).toMatchObject({ isPromoted: true, operation: undefined });
  }));

test("D10: a Region that was detached rejoins: its data become evidence, and its versions only grow", () =>
  inWorld(async (world) => {
    await detach(world);
    const obeyed = world.agent(west).assignment?.version ?? 0;
    const begun = await world.operate(requestOf("rejoin", west));
    await world.agent(west).told("set-aside");
    expect(world.has(alone)).toBe(false);
    expect(world.record().version).toBeGreaterThan(obeyed);
    empty(world);
    await world.agent(west).report();
    await world.agent(west).does("set-aside");
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "completed" });
    await join(world);
    expect(world.record()).toMatchObject({ members: [east, europe, west], condemned: [] });
  }));

test("D10: a Region that is detached, removed and added is a member again, and its versions only grow", () =>
  inWorld(async (world) => {
    await detach(world);
    const obeyed = world.agent(west).assignment?.version ?? 0;
    const removed = await world.operate(requestOf("remove", west));
    await world.agent(west).told("discard");
    empty(world);
    await world.agent(west).report();
    await world.agent(west).does("discard");
    await world.ended(removed.id);
    expect(world.has(alone)).toBe(false);
    expect(world.record().members).toEqual([east, europe]);
    const added = await world.operate(requestOf("add", west));
    expect(await world.ended(added.id)).toMatchObject({ outcome: "completed" });
    await join(world);
    expect(world.agent(west).assignment?.version).toBeGreaterThan(obeyed);
  }));

test("a Region that is removed is no member at once, and is told to clear away its copy", () =>
  inWorld(async (world) => {
    const begun = await world.operate(requestOf("remove", west));
    const command = await world.agent(west).told("discard");
    expect(world.record()).toMatchObject({ members: [east, europe], candidates: [europe] });
    await world.agent(west).answer(command, "done");
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "completed" });
  }));

test("O2: a Region that is removed and does not answer holds nobody up", () =>
  inWorld(async (world) => {
    world.agent(west).isUp = false;
    const begun = await world.operate(requestOf("remove", west));
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "completed" });
    expect(world.record().operation).toBeUndefined();
  }));

test("D13: a Region that was away when it was removed clears away its copy when it is back", () =>
  inWorld(async (world) => {
    world.agent(west).isUp = false;
    const begun = await world.operate(requestOf("remove", west));
    await world.ended(begun.id);
    world.agent(west).isUp = true;
    const command = await world.agent(west).told("discard");
    expect(command.operation).not.toBe(begun.id);
    empty(world);
    await world.agent(west).report();
    await world.agent(west).answer(command, "done");
    await world.pass(5_000);
    expect(world.agent(west).count("discard")).toBe(1);
    expect(world.record().members).toEqual([east, europe]);
  }));

test("D13: what a Region holds that was detached and stands alone is never discarded", () =>
  inWorld(async (world) => {
    await detach(world);
    await world.pass(10_000);
    await world.start();
    await world.pass(10_000);
    expect(world.agent(west).count("discard")).toBe(0);
  }));

test("a command that failed is given again after a pause, as another one", () =>
  inWorld(async (world) => {
    await world.operate(requestOf("detach", west));
    const first = await world.agent(west).told("promote");
    const failedAtMs = world.clock.monotonicMs();
    await world.agent(west).answer(first, "failed");
    const second = await world.agent(west).told("promote", first);
    expect(world.clock.monotonicMs() - failedAtMs).toBeGreaterThanOrEqual(1_000);
    expect(second.operation).toBe(first.operation);
  }));
