import { beforeEach, describe, expect, test } from "vitest";
import { east, product, webapp, west } from "../../test/routing-fixtures.ts";
import { RoutingWorld } from "../../test/routing-world.ts";
import type { TrafficBoard } from "./traffic-board.ts";

const never = new AbortController().signal;

let world: RoutingWorld;
let board: TrafficBoard;

beforeEach(async () => {
  world = new RoutingWorld();
  board = await world.started(1);
});

describe("T17: revisions", () => {
  test("they grow with each difference, and only then", async () => {
    const first = board.state;
    board.noteHealth(east, [
      { service: webapp, isHealthy: true },
      { service: product, isHealthy: true },
    ]);
    await world.drive(() => board.keepHouse(never));
    expect(board.state).toBe(first);
    board.noteHealth(east, [{ service: webapp, isHealthy: true }]);
    expect(board.state.revision).toBe(first.revision + 1);
  });

  test("a later controller never tells a smaller one", async () => {
    for (let round = 0; round < 50; round++) board.noteHealth(east, round % 2 ? [] : "lost");
    for (let dial = 0; dial < 5; dial++) await world.drive(() => board.setDial(east, dial, never));
    const next = await world.started(2);
    expect(next.state.revision).toBeGreaterThan(board.state.revision);
  });

  test("whoever waits is answered as soon as something is different, else when the time is over", async () => {
    const after = board.state.revision;
    const same = await world.drive(() => board.untilNewer(after, 1_000, never));
    expect(same.revision).toBe(after);
    const startedMs = world.clock.monotonicMs();
    const newer = await world.drive(async () => {
      const asked = board.untilNewer(after, 60_000, never);
      await world.clock.pass(50);
      board.noteHealth(east, "lost");
      return asked;
    });
    expect(newer.revision).toBeGreaterThan(after);
    expect(world.clock.monotonicMs() - startedMs).toBe(50);
    await world.drive(() => board.untilNewer(0, 60_000, never));
    expect(world.clock.monotonicMs() - startedMs).toBe(50);
  });

  test("whoever has heard a later controller is not answered at once over and over", async () => {
    const startedMs = world.clock.monotonicMs();
    await world.drive(() => board.untilNewer(board.state.revision + 5, 1_000, never));
    expect(world.clock.monotonicMs() - startedMs).toBe(1_000);
  });

  test("a wait ends with its signal", async () => {
    const stop = new AbortController();
    await world.drive(async () => {
      const asked = board.untilNewer(board.state.revision, 60_000, stop.signal);
      stop.abort();
      await asked;
    });
    expect(world.clock.monotonicMs()).toBeLessThan(60_000);
  });
});

test("T18: a Region counts as healthy until somebody speaks of it, and in nothing once it is lost", async () => {
  const healthy = (): readonly boolean[] => board.state.services.map((one) => one.isHealthy);
  expect(healthy()).toEqual([true, true, true, true]);
  board.noteHealth(east, [{ service: webapp, isHealthy: true }]);
  expect(healthy()).toEqual([true, true, false, true]);
  board.noteHealth(east, "lost");
  board.noteHealth(west, [{ service: webapp, isHealthy: false }]);
  expect(healthy()).toEqual([false, false, false, false]);
});
