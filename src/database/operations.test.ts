import { expect, test } from "vitest";
import { inWorld, type ControlledWorld } from "../../test/controlled-world.ts";
import { east, europe, lsn, orders, ours, requestOf, west } from "../../test/database-fixtures.ts";
import { gatewayCounts } from "../../test/gateway-counters.ts";
import { Failure } from "../model/failure.ts";
import type { CommandResult } from "../model/instance.ts";
import type { Operation } from "../model/operation.ts";

const never = new AbortController().signal;
const token: CommandResult = { kind: "token", systemId: ours, timeline: 1, lsn: lsn(2_000) };
const position = (at: number): CommandResult => {
  return { kind: "position", timeline: 1, replayedLsn: lsn(at) };
};
const watching: CommandResult = { kind: "watching", isProbing: true };
const fork = { timeline: 2, parent: 1, lsn: lsn(2_100) };
const promoted: CommandResult = { kind: "promoted", fork, writePauseMs: 300 };

/** A switchover to `west`, up to the moment in which writes are held. */
async function holdWrites(world: ControlledWorld): Promise<Operation> {
  const operation = await world.operate(requestOf("switchover", west));
  await world.agent(east).does("checkpoint");
  await world
    .agent(west)
    .answer(await world.agent(west).told("await-handover"), "running", watching);
  await world.agent(east).told("hand-over");
  return operation;
}

/** The same, up to its claim: the target is told to promote. */
async function switchToClaim(world: ControlledWorld): Promise<Operation> {
  const operation = await holdWrites(world);
  await world.agent(east).does("hand-over", token);
  await world.agent(west).does("await-handover", position(2_001));
  await world.agent(west).told("promote");
  return operation;
}

test("a switchover goes through its steps, and the old writer follows the new one", () =>
  inWorld(async (world) => {
    const begun = await switchToClaim(world);
    expect(world.record()).toMatchObject({ epoch: 2, primary: west, isPromoted: false });
    expect(await world.agent(west).told("promote")).toMatchObject({ epoch: 2 });
    await world.agent(west).does("promote", promoted);
    const { steps, ...after } = await world.ended(begun.id);
    expect(after).toMatchObject({
      outcome: "completed",
      token: { timeline: 1, lsn: lsn(2_000) },
      fork,
      writePauseMs: 300,
    });
    expect(steps.map(({ name }) => name)).toEqual([
      "catch-up",
      "checkpoint",
      "prepare",
      "hand-over",
      "claim",
      "promote",
      "follow",
    ]);
    expect(steps.every(({ ms }) => ms !== undefined)).toBe(true);
    expect(world.record()).toMatchObject({
      primary: west,
      isPromoted: true,
      operation: undefined,
      condemned: [],
      candidates: [europe, east],
      forks: [fork],
    });
  }));

test("O1: what an operation asked for and was done is not asked for again", () =>
  inWorld(async (world) => {
    await holdWrites(world);
    await world.agent(east).does("hand-over", token);
    await world.pass(5_000);
    expect([world.agent(east).count("hand-over"), world.agent(east).count("checkpoint")]).toEqual([
      1, 1,
    ]);
    expect(world.record().operation).toBeDefined();
  }));

test("O3: a target that did not replay up to the token is not promoted, and writes go on where they were", () =>
  inWorld(async (world) => {
    const begun = await holdWrites(world);
    await world.agent(east).does("hand-over", token);
    await world.agent(west).does("await-handover", position(2_000));
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "rolled-back" });
    expect(world.record()).toMatchObject({ epoch: 1, primary: east, operation: undefined });
    await world.until(() => world.agent(east).assignment?.operation === undefined);
    expect(world.agent(west).count("promote")).toBe(0);
  }));

test("O2: writes that were held for too long go on where they were", () =>
  inWorld(async (world) => {
    const begun = await holdWrites(world);
    const fromMs = world.clock.monotonicMs();
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "rolled-back" });
    expect(world.clock.monotonicMs() - fromMs).toBeLessThan(12_000);
    expect(world.record()).toMatchObject({ epoch: 1, primary: east });
  }));

test("O2: a controller that dies before the claim leaves a switchover that the next one rolls back", () =>
  inWorld(async (world) => {
    const begun = await holdWrites(world);
    await world.start();
    const after = await world.ended(begun.id);
    expect(after).toMatchObject({ outcome: "rolled-back" });
    expect(after.because).toContain("restarted");
    expect(world.record()).toMatchObject({ epoch: 1, primary: east, operation: undefined });
  }));

test("O2: a controller that dies after the claim leaves a switchover that the next one finishes", () =>
  inWorld(async (world) => {
    const begun = await switchToClaim(world);
    const first = await world.agent(west).told("promote");
    await world.start();
    const second = await world.agent(west).told("promote", first);
    expect(second).toMatchObject({ operation: begun.id, epoch: 2, term: 2 });
    await world.agent(west).answer(second, "done", promoted);
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "completed", fork });
    expect(world.record()).toMatchObject({ epoch: 2, primary: west, isPromoted: true });
  }));

test("O2: a claim whose answer is lost is found out, and is not made a second time", () =>
  inWorld(async (world) => {
    let lost = 0;
    world.onCommit = (commit) => async (compare, changes, signal) => {
      const answer = await commit(compare, changes, signal);
      const isClaim = changes.some((one) => one.kind === "put" && one.value.includes('"claimed"'));
      if (!isClaim || lost > 0) return answer;
      lost += 1;
      throw new Failure("network.unreachable", "the answer was lost");
    };
    const begun = await switchToClaim(world);
    await world.agent(west).does("promote", promoted);
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "completed" });
    expect([lost, world.record().epoch]).toEqual([1, 2]);
  }));

test("every event of an operation is told once, whichever answers of the store are lost", () =>
  inWorld(async (world) => {
    let lost = 0;
    const known = new Set<string>();
    world.onCommit = (commit) => async (compare, changes, signal) => {
      const answer = await commit(compare, changes, signal);
      const journal = changes.find((one) => one.kind === "put" && one.value.includes('"steps"'));
      const isFirst = journal?.kind === "put" && !known.has(journal.value);
      // Of the beginning, people are told that it failed; what it left in the store is another test's.
      if (!isFirst || journal.value.includes('"step":"catch-up"')) return answer;
      known.add(journal.value);
      lost += 1;
      throw new Failure("network.unreachable", "the answer was lost");
    };
    const begun = await switchToClaim(world);
    await world.agent(west).does("promote", promoted);
    await world.ended(begun.id);
    await world.pass(5_000);
    const told = world.archive.events.filter(({ details }) => details["operation"] === begun.id);
    const kinds = told.map(({ kind }) => kind);
    expect(kinds).toEqual([...new Set(kinds)]);
    expect([kinds[0], kinds.at(-1)]).toEqual(["operation.started", "operation.completed"]);
    expect(lost).toBeGreaterThan(4);
  }));

/** So many commits that say `word` find that somebody else was faster. */
function conflict(world: ControlledWorld, word: string, times: number): void {
  let left = times;
  world.onCommit = (commit) => (compare, changes, signal) => {
    const isMeant = changes.some((one) => one.kind === "put" && one.value.includes(word));
    if (!isMeant || left === 0) return commit(compare, changes, signal);
    left -= 1;
    return commit([...compare, { key: orders.key, version: 0 }], changes, signal);
  };
}

test("D2: an operation begins although the record changed at that moment, and not for ever", () =>
  inWorld(async (world) => {
    conflict(world, '"steps"', 3);
    const begun = await world.operate(requestOf("switchover", west));
    expect(world.record().operation).toBe(begun.id);
    await world.controller.cancel(begun.id, never);
    await world.ended(begun.id);
    conflict(world, '"steps"', 4);
    const refused = world.operate(requestOf("switchover", west));
    await expect(refused).rejects.toMatchObject({ code: "store.conflict" });
    expect(world.record().operation).toBeUndefined();
  }));

test("D2: an operation is cancelled although the record changed at that moment", () =>
  inWorld(async (world) => {
    const begun = await holdWrites(world);
    conflict(world, '"isCancelled":true', 3);
    await world.controller.cancel(begun.id, never);
    expect(await world.ended(begun.id)).toMatchObject({
      outcome: "rolled-back",
      isCancelled: true,
    });
  }));

test("a person can cancel a switchover before the claim, and not after it", () =>
  inWorld(async (world) => {
    const first = await holdWrites(world);
    await world.controller.cancel(first.id, never);
    expect(await world.ended(first.id)).toMatchObject({
      outcome: "rolled-back",
      isCancelled: true,
    });
    expect(world.record()).toMatchObject({ epoch: 1, primary: east });
    await expect(world.controller.cancel(first.id, never)).rejects.toMatchObject({
      code: "operation.not-cancellable",
    });
  }));

test("O2: once it is claimed, nobody can cancel a switchover", () =>
  inWorld(async (world) => {
    const begun = await switchToClaim(world);
    await expect(world.controller.cancel(begun.id, never)).rejects.toMatchObject({
      code: "operation.not-cancellable",
    });
    await world.agent(west).does("promote", promoted);
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "completed" });
  }));

/** The first commit that says `word` is kept from the store until it is let go. */
function holdCommit(world: ControlledWorld, word: string): { isHeld: boolean; letGo: () => void } {
  const hold = { isHeld: false, letGo: (): void => undefined };
  world.onCommit = (commit) => async (compare, changes, signal) => {
    const isMeant = changes.some((one) => one.kind === "put" && one.value.includes(word));
    if (isMeant && !hold.isHeld) {
      hold.isHeld = true;
      await new Promise<void>((resolve) => (hold.letGo = resolve));
    }
    return commit(compare, changes, signal);
  };
  return hold;
}

test("O2: of a claim and a cancellation at one moment, the cancellation wins when it is written first", () =>
  inWorld(async (world) => {
    const begun = await holdWrites(world);
    const claim = holdCommit(world, '"claimed"');
    await world.agent(east).does("hand-over", token);
    await world.agent(west).does("await-handover", position(2_001));
    await world.until(() => claim.isHeld);
    await world.controller.cancel(begun.id, never);
    claim.letGo();
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "rolled-back" });
    expect(world.record()).toMatchObject({ epoch: 1, primary: east });
  }));

test("O2: of a claim and a cancellation at one moment, the claim wins when it is written first", () =>
  inWorld(async (world) => {
    const begun = await holdWrites(world);
    const cancellation = holdCommit(world, '"isCancelled":true');
    const cancelled = world.controller.cancel(begun.id, never);
    const outcome = cancelled.catch((error: unknown) => error);
    await world.until(() => cancellation.isHeld);
    await world.agent(east).does("hand-over", token);
    await world.agent(west).does("await-handover", position(2_001));
    await world.agent(west).told("promote");
    cancellation.letGo();
    expect(await outcome).toMatchObject({ code: "operation.not-cancellable" });
    await world.agent(west).does("promote", promoted);
    expect(await world.ended(begun.id)).toMatchObject({ outcome: "completed" });
    expect(world.record()).toMatchObject({ epoch: 2, primary: west });
  }));

test("O2: a cancellation is not written over by a step that ends at that moment", () =>
  inWorld(async (world) => {
    const begun = await world.operate(requestOf("switchover", west));
    const next = holdCommit(world, '"step":"prepare"');
    await world.agent(east).does("checkpoint");
    await world.until(() => next.isHeld);
    await world.controller.cancel(begun.id, never);
    next.letGo();
    expect(await world.ended(begun.id)).toMatchObject({
      outcome: "rolled-back",
      isCancelled: true,
    });
    expect(world.agent(west).count("await-handover")).toBe(0);
  }));

test("O1: of two operations that are asked for at one moment, one begins and the other is refused", () =>
  inWorld(async (world) => {
    const asked = [requestOf("switchover", west), requestOf("switchover", europe)];
    const begun = await Promise.allSettled(asked.map((request) => world.operate(request)));
    expect(begun.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const refused = begun.find((one) => one.status === "rejected");
    expect(refused?.reason).toMatchObject({ code: "operation.conflict" });
    const ids = world.controller.operations({ database: undefined }).map(({ id }) => id);
    expect(ids).toEqual([world.record().operation]);
  }));

test("what a switchover would meet can be asked for, and changes nothing", () =>
  inWorld(async (world) => {
    const before = world.record();
    const preview = world.controller.preview(requestOf("switchover", west));
    expect(preview).toMatchObject({ from: east, to: west, epoch: 1, fence: undefined });
    expect(preview.checks.filter(({ isPassed }) => !isPassed)).toEqual([]);
    expect(preview.steps).toContain("claim");
    expect(world.record()).toEqual(before);
  }));

test("sessions that are bound to the writer refuse a switchover, or are told to end with the hand-over", () =>
  inWorld(async (world) => {
    const databases = [gatewayCounts({ pinnedSessions: 2 })];
    world.agent(east).gateway = { state: "serving", databases };
    await world.agent(east).report();
    expect(world.controller.gatewayState(east)).toBe("serving");
    await expect(world.operate(requestOf("switchover", west))).rejects.toThrow(/^.*2 sessions are/);
    const begun = await world.operate(requestOf("switchover", west, { pins: "end" }));
    expect(begun.pins).toBe("end");
    await world.agent(east).does("checkpoint");
    await world
      .agent(west)
      .answer(await world.agent(west).told("await-handover"), "running", watching);
    expect((await world.agent(east).told("hand-over")).action).toMatchObject({ pins: "end" });
  }));
