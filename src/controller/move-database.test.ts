import { expect, test } from "vitest";
import { inWorld, type ControlledWorld } from "../../test/controlled-world.ts";
import { europe, lsn, east, ours, requestOf, west } from "../../test/database-fixtures.ts";
import { moveWaitMs, type ApiMoveRequest, type ApiMoveResult } from "../api/services-api.ts";
import type { CommandResult } from "../model/instance.ts";
import type { DatabaseNames } from "../model/traffic.ts";
import { decideNames } from "../routing/names.ts";
import { moveDatabase } from "./move-database.ts";
import { namedDatabases } from "./named-databases.ts";

const never = new AbortController().signal;
const token: CommandResult = { kind: "token", systemId: ours, timeline: 1, lsn: lsn(2_000) };
const arrived: CommandResult = { kind: "position", timeline: 1, replayedLsn: lsn(2_001) };
const watching: CommandResult = { kind: "watching", isProbing: true };
const fork = { timeline: 2, parent: 1, lsn: lsn(2_100) };
const promoted: CommandResult = { kind: "promoted", fork, writePauseMs: 300 };

/** Presses the button; the names follow as the controller's own do. */
function press(
  world: ControlledWorld,
  to: string,
  more: Partial<ApiMoveRequest> = {},
  database = "orders",
): Promise<ApiMoveResult> {
  let names: readonly DatabaseNames[] = [];
  const { clock, controller: databases } = world;
  const moveNames = (): Promise<readonly DatabaseNames[]> => {
    names = decideNames(namedDatabases(databases.snapshots(), { isNew: false }), names);
    return Promise.resolve(names);
  };
  const request = { to, allowDataLoss: false, ...more };
  return moveDatabase({ clock, databases, moveNames }, database, request, never);
}

async function playSwitchover(world: ControlledWorld): Promise<void> {
  const target = world.agent(west);
  await world.agent(east).does("checkpoint");
  await target.answer(await target.told("await-handover"), "running", watching);
  await world.agent(east).does("hand-over", token);
  await target.does("await-handover", arrived);
  await target.does("promote", promoted);
}

test("a primary that answers is moved by a switchover, and pressing again begins nothing", () =>
  inWorld(async (world) => {
    const [moved] = await Promise.all([press(world, west), playSwitchover(world)]);
    expect(moved).toMatchObject({
      database: "orders",
      to: west,
      isDone: true,
      isAlready: false,
      // The others still have to follow the new writer, and nobody waits for that.
      operation: { kind: "switchover", step: "follow", outcome: "running" },
    });
    expect(await press(world, west)).toMatchObject({ isDone: true, isAlready: false });
    await world.until(() => world.record().operation === undefined);
    expect(await press(world, west, { from: east })).toEqual({
      database: "orders",
      to: west,
      isDone: true,
      isAlready: true,
      operation: null,
    });
    expect(world.controller.operations({ database: undefined })).toHaveLength(1);
  }));

test("two who press at once wait for one operation", () =>
  inWorld(async (world) => {
    const pressed = Promise.all([press(world, west), press(world, west)]);
    const [[one, other]] = await Promise.all([pressed, playSwitchover(world)]);
    expect([one.isDone, other.isDone]).toEqual([true, true]);
    expect(one.operation?.id).toBe(other.operation?.id);
    expect(world.controller.operations({ database: undefined })).toHaveLength(1);
  }));

test("a database that is there already is not done while its writer does not answer", () =>
  inWorld(async (world) => {
    world.agent(east).isUp = false;
    await world.pass(4_000);
    const fromMs = world.clock.monotonicMs();
    expect(await press(world, east)).toMatchObject({ isDone: false, isAlready: true });
    expect(world.clock.monotonicMs() - fromMs).toBeLessThan(moveWaitMs + 1_000);
  }));

test("a move that takes long is answered before it ends, and goes on", () =>
  inWorld(async (world) => {
    const fromMs = world.clock.monotonicMs();
    const pressed = press(world, west);
    await world.agent(east).told("checkpoint");
    const moved = await pressed;
    expect(moved.isDone).toBe(false);
    expect(world.clock.monotonicMs() - fromMs).toBeLessThan(moveWaitMs + 1_000);
  }));

test("a primary that does not answer is left by a failover, for whoever accepts the loss", () =>
  inWorld(async (world) => {
    world.agent(east).isUp = false;
    await world.pass(4_000);
    await expect(press(world, west)).rejects.toMatchObject({
      code: "failover.data-loss-not-allowed",
    });
    expect(world.controller.operations({ database: undefined })).toEqual([]);
    const pressed = press(world, west, { allowDataLoss: true });
    await world.until(() => world.record().operation !== undefined);
    expect(world.controller.operations({ database: undefined })).toMatchObject([
      { kind: "failover", to: west },
    ]);
    await pressed.catch(() => undefined);
  }));

test("a primary that goes away while it is switched over is left by a failover in the same wait, for whoever accepts the loss", () =>
  inWorld(async (world) => {
    const pressed = press(world, west, { allowDataLoss: true });
    await world.agent(east).told("checkpoint");
    world.agent(east).isUp = false;
    const [first] = world.controller.operations({ database: undefined });
    if (first) await world.controller.cancel(first.id, never);
    await world.until(() => world.controller.operations({ database: undefined }).length === 2);
    expect(world.controller.operations({ database: undefined })).toMatchObject([
      { kind: "failover", to: west },
      { kind: "switchover", to: west, outcome: "rolled-back" },
    ]);
    await pressed.catch(() => undefined);
  }));

test("a primary that answers again after a rollback is not failed over, whatever loss is accepted", () =>
  inWorld(async (world) => {
    const pressed = press(world, west, { allowDataLoss: true });
    const failure = pressed.catch((error: unknown) => error);
    await world.agent(east).told("checkpoint");
    const [first] = world.controller.operations({ database: undefined });
    if (first) await world.controller.cancel(first.id, never);
    expect(await failure).toMatchObject({ code: "operation.rolled-back" });
    expect(world.controller.operations({ database: undefined })).toHaveLength(1);
  }));

test("whoever wants another Region than the operation that holds the database is refused", () =>
  inWorld(async (world) => {
    const { id } = await world.operate(requestOf("switchover", west));
    await expect(press(world, europe)).rejects.toMatchObject({
      code: "operation.conflict",
      message: `${id} holds orders, a switchover to ${west}; nothing was begun`,
    });
  }));

test("an operation about the same Region that moves no writer is not taken for the move", () =>
  inWorld(async (world) => {
    await world.operate(requestOf("detach", west));
    await expect(press(world, west)).rejects.toMatchObject({ code: "operation.conflict" });
  }));

test("a move that is given up is told as such", () =>
  inWorld(async (world) => {
    const pressed = press(world, west);
    const failure = pressed.catch((error: unknown) => error);
    await world.agent(east).told("checkpoint");
    const [operation] = world.controller.operations({ database: undefined });
    if (operation) await world.controller.cancel(operation.id, never);
    expect(await failure).toMatchObject({ code: "operation.rolled-back" });
  }));

test("unknown databases and Regions, and a primary that is another one, are refused", () =>
  inWorld(async (world) => {
    await expect(press(world, west, {}, "order")).rejects.toMatchObject({
      code: "database.unknown",
      message: expect.stringContaining("did you mean orders?"),
    });
    await expect(press(world, "us-west-1")).rejects.toMatchObject({ code: "region.unknown" });
    await expect(press(world, west, { from: europe })).rejects.toMatchObject({
      code: "failover.unexpected-primary",
    });
    expect(world.controller.operations({ database: undefined })).toEqual([]);
  }));
