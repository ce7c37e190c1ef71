import { beforeEach, describe, expect, test } from "vitest";
import {
  control,
  controlId,
  east,
  europe,
  noFacts,
  panel,
  trafficSettings,
  west,
} from "../../test/routing-fixtures.ts";
import { RoutingWorld } from "../../test/routing-world.ts";
import type { TrafficBoard } from "./traffic-board.ts";

const never = new AbortController().signal;
const none = { override: undefined };
const off = (name: string): { control: string; isOn: boolean } => ({ control: name, isOn: false });
const reason = "the Region burns";

let world: RoutingWorld;
let board: TrafficBoard;

beforeEach(async () => {
  world = new RoutingWorld();
  board = await world.started(1);
});

describe("T14: the config changes between two controllers", () => {
  test("what is new is as the config says, what is gone is forgotten, what people set stays", async () => {
    await world.drive(() => board.setControls([off(east)], none, noFacts, never));
    await world.drive(() => board.setDial(east, 20, never));
    await world.drive(() => board.setDial(west, 30, never));
    await world.drive(() =>
      board.setOrigin(west, { ifMatch: "*", force: false, isWritable: true }, never),
    );
    const controls = [control(east), control(europe, { isOn: false })];
    board = await world.started(
      2,
      trafficSettings({
        regions: [east, europe].map((region) => ({ region, dial: 60, weight: 1 })),
        panels: [panel({ controls, rules: [] })],
        distribution: { origin: europe },
      }),
    );
    expect(board.state.regions).toEqual([
      { region: east, isOn: false, dial: 20, weight: 1 },
      { region: europe, isOn: false, dial: 60, weight: 1 },
    ]);
    expect(board.state.distribution?.origin).toBe(europe);
    // What comes back later is not as somebody left another thing of that name.
    board = await world.started(3);
    expect(board.state.regions).toEqual([
      { region: east, isOn: false, dial: 20, weight: 128 },
      { region: west, isOn: true, dial: 100, weight: 128 },
    ]);
    expect(board.state.distribution?.origin).toBe(east);
  });

  test("more than one commit's worth of things that are gone is forgotten", async () => {
    const many = Array.from({ length: 120 }, (_, index) => controlId(`c${index}`));
    const big = trafficSettings({
      panels: [panel({ controls: many.map((id) => control(east, { id })), rules: [] })],
    });
    board = await world.started(2, big);
    for (const from of [0, 40, 80]) {
      const some = many.slice(from, from + 40).map((id) => ({ control: id, isOn: false }));
      await world.drive(() => board.setControls(some, none, noFacts, never));
    }
    await world.started(3);
    board = await world.started(4, big);
    expect(board.panels[0]?.controls.every((one) => one.isOn)).toBe(true);
  });
});

describe("T15: two controllers at once", () => {
  test("each sees what the other changed, and undoes nothing of it", async () => {
    const other = await world.started(2);
    await world.drive(() =>
      Promise.all([
        board.setDial(east, 10, never),
        other.setDial(west, 20, never),
        board.setWeight(west, 30, never),
        other.setControls([off(east)], none, noFacts, never),
      ]),
    );
    await world.drive(() => Promise.all([board.keepHouse(never), other.keepHouse(never)]));
    const expected = [
      { region: east, isOn: false, dial: 10, weight: 128 },
      { region: west, isOn: true, dial: 20, weight: 30 },
    ];
    expect([board.state.regions, other.state.regions]).toEqual([expected, expected]);
  });

  test.for([1, 2, 3, 4, 5, 6, 7, 8])(
    "two that each switch another Region Off do not break the rule together (seed %d)",
    async (seed) => {
      world = new RoutingWorld(seed);
      board = await world.started(1);
      const other = await world.started(2);
      const results = await world.drive(() =>
        Promise.allSettled([
          board.setControls([off(east)], none, noFacts, never),
          other.setControls([off(west)], none, noFacts, never),
        ]),
      );
      expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      await world.drive(() => Promise.all([board.keepHouse(never), other.keepHouse(never)]));
      expect(board.state.regions.filter((one) => one.isOn)).toHaveLength(1);
      expect(other.state.regions).toEqual(board.state.regions);
    },
  );
});

describe("T16: a store that fails", () => {
  test("a full disk leaves the old state, and nothing is recorded", async () => {
    const before = board.state;
    world.disk.isFull = true;
    await expect(world.drive(() => board.setDial(east, 1, never))).rejects.toMatchObject({
      code: "disk.full",
    });
    expect(board.state).toBe(before);
    world.disk.isFull = false;
    await world.drive(() => board.keepHouse(never));
    expect(board.state).toBe(before);
    expect(world.kinds).toEqual([]);
  });

  test("calls that fail before or after the deed leave memory and store agreed, and every change recorded", async () => {
    world.faults.failureRate = 0.2;
    for (let dial = 1; dial <= 60; dial++) {
      const set = (): Promise<unknown> => board.setDial(east, dial, never);
      await world.drive(set).catch(() => undefined);
    }
    world.faults.failureRate = 0;
    await world.drive(() => board.keepHouse(never));
    const told = board.state.regions;
    expect((await world.started(2)).state.regions).toEqual(told);
    const dials = world.events.map(({ details }) => details["to"]);
    const from = world.events.map(({ details }) => details["from"]);
    const distinct = [...new Set(dials)];
    expect(distinct.at(-1)).toBe(told[0]?.dial);
    // Each event begins where the one before ended: none is missing in between.
    expect([...new Set(from)]).toEqual([100, ...distinct.slice(0, -1)]);
  });
});

describe("T19: events", () => {
  test("an archive that is full stops no change, and has every event when there is room", async () => {
    world.archive.isFull = true;
    const dials = Array.from({ length: 12 }, (_, index) => index);
    for (const dial of dials) await world.drive(() => board.setDial(east, dial, never));
    expect(board.state.regions[0]?.dial).toBe(11);
    expect(world.log.lines.filter(({ level }) => level === "error")).toHaveLength(1);
    world.archive.isFull = false;
    await world.drive(() => board.keepHouse(never));
    expect(world.events.map(({ details }) => details["to"])).toEqual(dials);
    await world.drive(() => board.keepHouse(never));
    expect(world.kinds).toHaveLength(12);
  });

  test("of an archive that stays full the store keeps 500 events, and the rest is logged", async () => {
    world.faults.latencyMsMax = 0;
    world.archive.isFull = true;
    for (let turn = 0; turn < 505; turn++) {
      await world.drive(() => board.setDial(east, turn % 100, never));
    }
    const dropped = world.log.lines.filter(({ event }) => event === "routing.event-dropped");
    expect(dropped).toHaveLength(5);
    world.archive.isFull = false;
    await world.drive(() => board.keepHouse(never));
    expect(world.kinds).toHaveLength(500);
  });

  test("what the archive did not take before the controller was killed, the next one gives it", async () => {
    world.archive.isFull = true;
    const override = { rules: ["one-on"], reason };
    await world.drive(() =>
      board.setControls([off(east), off(west)], { override }, noFacts, never),
    );
    world.archive.isFull = false;
    await world.started(2);
    expect(world.kinds).toEqual(["control.changed", "control.rule-overridden"]);
  });
});
