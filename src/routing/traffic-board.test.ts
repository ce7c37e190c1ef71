import { beforeEach, describe, expect, test } from "vitest";
import {
  control,
  controlId,
  east,
  europe,
  namedOrders,
  noFacts,
  orders,
  panel,
  product,
  trafficSettings,
  webapp,
  west,
} from "../../test/routing-fixtures.ts";
import { RoutingWorld } from "../../test/routing-world.ts";
import type { RegionId } from "../model/region.ts";
import type { TrafficState } from "../model/traffic.ts";
import type { NamedDatabase } from "./names.ts";
import type { TrafficBoard } from "./traffic-board.ts";

const never = new AbortController().signal;
const none = { override: undefined };
const off = (name: string): { control: string; isOn: boolean } => ({ control: name, isOn: false });
const on = (name: string): { control: string; isOn: boolean } => ({ control: name, isOn: true });
const reason = "the Region burns";
const isOn = ({ regions }: TrafficState, region: RegionId): boolean | undefined =>
  regions.find((one) => one.region === region)?.isOn;
const threeRegions = [east, west, europe].map((region) => ({ region, dial: 100, weight: 128 }));

let world: RoutingWorld;
let board: TrafficBoard;

beforeEach(async () => {
  world = new RoutingWorld();
  board = await world.started(1);
});

describe("controls", () => {
  test("T1: a batch switches both Regions in one revision, and is read back", async () => {
    await world.drive(() => board.setControls([off(east)], none, noFacts, never));
    const before = board.state.revision;
    const batch = [on(east), off(west)];
    const result = await world.drive(() => board.setControls(batch, none, noFacts, never));
    expect(result.changes.map((change) => [change.control, change.isOn])).toEqual([
      [east, true],
      [west, false],
    ]);
    expect(result.panels[0]?.controls.map((one) => one.isOn)).toEqual([true, false]);
    expect(board.state.revision).toBe(before + 1);
    expect([isOn(board.state, east), isOn(board.state, west)]).toEqual([true, false]);
  });

  test("T1: a refused batch changes nothing, and says which rule refused and why", async () => {
    const before = board.state;
    const batch = [off(east), off(west)];
    await expect(
      world.drive(() => board.setControls(batch, none, noFacts, never)),
    ).rejects.toMatchObject({
      code: "control.rule-failed",
      message:
        "Could not switch us-east-1 Off, us-west-2 Off: rule one-on of panel default refuses, because at least 1 of its 2 controls must be On, and 0 would be",
      details: { panel: "default", rule: "one-on" },
    });
    expect(board.state).toBe(before);
    expect(world.kinds).toEqual([]);
  });

  test("T8: what is so already succeeds, and nobody is told", async () => {
    const before = board.state;
    const result = await world.drive(() => board.setControls([on(east)], none, noFacts, never));
    expect(result.changes).toEqual([]);
    expect(board.state).toBe(before);
    expect(world.kinds).toEqual([]);
  });

  test("a control of one service leaves the others of its Region alone", async () => {
    const shop = control(east, { id: controlId("shop"), service: webapp });
    board = await world.started(
      2,
      trafficSettings({ panels: [panel({ controls: [shop], rules: [] })] }),
    );
    await world.drive(() => board.setControls([off("shop")], none, noFacts, never));
    expect(isOn(board.state, east)).toBe(true);
    const services = board.state.services.map((one) => [one.service, one.region, one.isOn]);
    expect(services).toEqual([
      [webapp, east, false],
      [webapp, west, true],
      [product, east, true],
      [product, west, true],
    ]);
  });

  test("T9: an override is recorded with its rule, its reason and the changes", async () => {
    const override = { rules: ["one-on"], reason };
    const batch = [off(east), off(west)];
    const result = await world.drive(() => board.setControls(batch, { override }, noFacts, never));
    expect(result.overridden.map((one) => one.rule)).toEqual(["one-on"]);
    expect(result.panels[0]?.rules[0]?.isMet).toBe(false);
    expect(world.events).toMatchObject([
      { kind: "control.changed", details: { on: "", off: `${east}, ${west}`, change: 1 } },
      {
        kind: "control.rule-overridden",
        message: `Safety rule one-on of panel default was overridden (${reason}) for: us-east-1 Off, us-west-2 Off.`,
        details: {
          panel: "default",
          rule: "one-on",
          reason,
          because: "at least 1 of its 2 controls must be On, and 0 would be",
          off: `${east}, ${west}`,
        },
      },
    ]);
  });
});

describe("dials and weights", () => {
  test("a dial and a weight are set, told, recorded, and outlive the controller (T14)", async () => {
    await world.drive(() => board.setDial(east, 20, never));
    await world.drive(() => board.setDial(east, 20, never));
    await world.drive(() => board.setWeight(west, 0, never));
    expect(world.kinds).toEqual(["traffic.dial-changed", "traffic.weight-changed"]);
    board = await world.started(2);
    expect(board.state.regions).toEqual([
      { region: east, isOn: true, dial: 20, weight: 128 },
      { region: west, isOn: true, dial: 100, weight: 0 },
    ]);
  });

  test.for([-1, 101, 1.5, Number.NaN])("a dial of %d is refused", async (dial) => {
    await expect(board.setDial(east, dial, never)).rejects.toMatchObject({ code: "usage.invalid" });
  });

  test("a Region that there is not is refused, with what was meant", async () => {
    await expect(board.setWeight("us-eats-1", 1, never)).rejects.toThrow("did you mean us-east-1?");
  });
});

describe("names", () => {
  const serving = [
    { region: east, servesReads: false },
    { region: west, servesReads: true },
  ];

  test("T11: both names move in one revision, once the new writer accepts writes", async () => {
    await world.drive(() => board.reconcileNames(() => [namedOrders()], never));
    const before = board.state;
    const moving = namedOrders({ primary: west, acceptsWrites: false, members: serving });
    await world.drive(() => board.reconcileNames(() => [moving], never));
    expect(board.state).toBe(before);
    const moved = { ...moving, acceptsWrites: true };
    const names = await world.drive(() => board.reconcileNames(() => [moved], never));
    expect(names).toEqual([{ database: orders, version: 2, writer: west, readers: [west] }]);
    expect(board.state.revision).toBe(before.revision + 1);
    expect(world.events).toMatchObject([
      { kind: "names.published", database: orders, details: { version: 1, writer: east } },
      { kind: "names.moved", region: west, details: { version: 2, from: east, writer: west } },
    ]);
  });

  test("T11: what was seen before a turn came moves no name back", async () => {
    await world.drive(() => board.reconcileNames(() => [namedOrders()], never));
    let primary = east;
    const look = (): readonly NamedDatabase[] => [
      namedOrders({ primary }),
      namedOrders({ database: "shop" as typeof orders }),
    ];
    // The first has a commit to make, and looks again after it; meanwhile the writer moves, and others say so.
    await world.drive(async () => {
      const first = board.reconcileNames(look, never);
      primary = west;
      await Promise.all([first, board.reconcileNames(look, never)]);
    });
    expect(board.state.names.find((one) => one.database === orders)).toMatchObject({
      version: 2,
      writer: west,
    });
    expect(world.kinds.filter((kind) => kind === "names.moved")).toHaveLength(1);
  });

  test("they outlive the controller, and are told before anything else is known", async () => {
    await world.drive(() => board.reconcileNames(() => [namedOrders()], never));
    const next = await world.started(2);
    expect(next.state.names).toEqual(board.state.names);
    await world.drive(() => next.reconcileNames(() => [], never));
    expect(next.state.names).toEqual([]);
    expect(world.kinds).toEqual(["names.published", "names.withdrawn"]);
  });

  test("more names than one commit takes all move", async () => {
    const many = Array.from({ length: 130 }, (_, index) =>
      namedOrders({ database: `db-${index}` as typeof orders }),
    );
    const names = await world.drive(() => board.reconcileNames(() => many, never));
    expect(names).toHaveLength(130);
    expect(world.kinds).toHaveLength(130);
  });
});

describe("the distribution", () => {
  const move = { ifMatch: "*", force: false, isWritable: true };

  test("T20: the origin moves for whoever names its present tag, which is another one then", async () => {
    const first = board.state.distribution;
    const ifMatch = first?.tag ?? "";
    const moved = await world.drive(() => board.setOrigin(west, { ...move, ifMatch }, never));
    expect(moved.origin).toBe(west);
    expect(moved.tag).not.toBe(ifMatch);
    expect(board.state.distribution).toEqual(moved);
    await expect(
      world.drive(() => board.setOrigin(east, { ...move, ifMatch }, never)),
    ).rejects.toMatchObject({ code: "distribution.tag-mismatch" });
    const back = await world.drive(() => board.setOrigin(east, move, never));
    expect([ifMatch, moved.tag]).not.toContain(back.tag);
    expect(await world.drive(() => board.setOrigin(east, move, never))).toEqual(back);
  });

  test("T20: of two who saw the same tag, one moves it", async () => {
    board = await world.started(2, trafficSettings({ regions: threeRegions }));
    const ifMatch = board.state.distribution?.tag ?? "";
    const results = await world.drive(() =>
      Promise.allSettled(
        [west, europe].map((to) => board.setOrigin(to, { ...move, ifMatch }, never)),
      ),
    );
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });

  test("T21: it moves only to where writes arrive, unless forced, and the event says that it was", async () => {
    const dead = { ...move, isWritable: false };
    await expect(world.drive(() => board.setOrigin(west, dead, never))).rejects.toMatchObject({
      code: "distribution.not-writable",
    });
    await world.drive(() => board.setOrigin(west, { ...dead, force: true }, never));
    await world.drive(() => board.setOrigin(east, { ...move, force: true }, never));
    expect(world.events.map(({ details }) => details["isForced"])).toEqual([true, false]);
  });

  test("T22: invalidations grow, and outlive the controller and the origin", async () => {
    await world.drive(() => board.invalidate(never));
    await world.drive(() => board.setOrigin(west, move, never));
    expect((await world.drive(() => board.invalidate(never))).invalidations).toBe(2);
    const next = await world.started(2);
    expect(next.state.distribution).toMatchObject({ origin: west, invalidations: 2 });
  });

  test("a world without one says so", async () => {
    board = await world.started(2, trafficSettings({ distribution: undefined }));
    await expect(world.drive(() => board.invalidate(never))).rejects.toMatchObject({
      code: "distribution.unknown",
    });
    expect(board.state.distribution).toBeUndefined();
  });
});
