import { beforeEach, describe, expect, test } from "vitest";
import {
  controlId,
  east,
  noFacts,
  panel,
  rule,
  trafficSettings,
  west,
} from "../../test/routing-fixtures.ts";
import { RoutingWorld } from "../../test/routing-world.ts";
import type { TrafficSettings } from "./settings.ts";
import type { TrafficBoard } from "./traffic-board.ts";

const never = new AbortController().signal;
const waiting = (rules: Parameters<typeof rule>[2]): TrafficSettings => {
  const ids = [controlId(east), controlId(west)];
  return trafficSettings({ panels: [panel({ rules: [rule("one-on", ids, rules)] })] });
};
const none = { override: undefined };

let world: RoutingWorld;
let board: TrafficBoard;

beforeEach(async () => {
  world = new RoutingWorld();
  board = await world.started(1);
});

describe("the wait period", () => {
  const settings = waiting({ waitMs: 30_000 });
  const flip = (isOnNow: boolean): Promise<unknown> =>
    world.drive(() => board.setControls([{ control: east, isOn: isOnNow }], none, noFacts, never));

  test("T4: a second change is refused until it is over", async () => {
    board = await world.started(2, settings);
    await flip(false);
    await expect(flip(true)).rejects.toThrow("it waits 30000 ms");
    expect(board.panels[0]?.rules[0]?.waitLeftMs).toBeGreaterThan(29_000);
    await world.drive(() => world.clock.pass(30_000));
    expect(board.panels[0]?.rules[0]?.waitLeftMs).toBe(0);
    await flip(true);
  });

  test("T4: other changes meanwhile do not make it longer", async () => {
    board = await world.started(2, settings);
    await flip(false);
    await world.drive(() => world.clock.pass(20_000));
    await world.drive(() => board.setDial(west, 50, never));
    await world.drive(() => world.clock.pass(10_000));
    expect(await flip(true)).toMatchObject({ changes: [{ control: east, isOn: true }] });
  });

  test("T5: the next controller waits on, at most 10 s longer", async () => {
    board = await world.started(2, settings);
    await flip(false);
    for (let second = 0; second < 22; second++) {
      await world.drive(() => world.clock.pass(1_000));
      await world.drive(() => board.keepHouse(never));
    }
    board = await world.started(3, settings);
    expect(board.panels[0]?.rules[0]?.waitLeftMs).toBeGreaterThan(8_000 - 1_000);
    expect(board.panels[0]?.rules[0]?.waitLeftMs).toBeLessThan(18_000);
    await expect(flip(true)).rejects.toThrow("it waits");
  });

  test("T5: a wait that is over is over for every later controller", async () => {
    board = await world.started(2, settings);
    await flip(false);
    await world.drive(() => world.clock.pass(31_000));
    await world.drive(() => board.keepHouse(never));
    board = await world.started(3, settings);
    expect(board.panels[0]?.rules[0]?.waitLeftMs).toBe(0);
    await flip(true);
  });
});
