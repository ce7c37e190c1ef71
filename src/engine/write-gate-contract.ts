import { expect, test } from "vitest";
import type { Epoch, RegionId } from "../model/region.ts";
import type { HoldOutcome, WriteGate } from "./write-gate.ts";

/** `pass` is how a client's write gets through; `drive` runs a test's body, and makes time pass while it waits. */
export type GateWorld = {
  readonly gate: WriteGate;
  pass(): Promise<() => void>;
  wait(ms: number): Promise<void>;
  drive(body: () => Promise<void>): Promise<void>;
};

const [one, two] = [1, 2] as [Epoch, Epoch];
const east = "us-east-1" as RegionId;
const never = new AbortController().signal;
const long = { withinMs: 60_000, pins: "refuse" } as const;
const short = { ...long, withinMs: 50 };

/** What every `WriteGate` promises. */
export function registerWriteGateContract(make: () => GateWorld): void {
  const promises = (sentence: string, body: (world: GateWorld) => Promise<void>): void =>
    test(sentence, () => {
      const world = make();
      return world.drive(() => body(world));
    });
  const hasPassed = async (world: GateWorld): Promise<() => boolean> => {
    let passed = false;
    void world.pass().then(() => (passed = true));
    await world.wait(10);
    return () => passed;
  };

  promises("a write passes at once while nobody holds", async (world) => {
    expect((await hasPassed(world))()).toBe(true);
  });

  promises("a hold is there when the last write in flight has ended", async (world) => {
    const leave = await world.pass();
    let answer: HoldOutcome | undefined;
    const held = world.gate.hold(one, long, never).then((is) => (answer = is));
    await world.wait(20);
    expect(answer).toBeUndefined();
    leave();
    expect(await held).toMatchObject({ isHeld: true });
  });

  promises("a new write waits until the release", async (world) => {
    expect(await world.gate.hold(one, long, never)).toMatchObject({ isHeld: true });
    const passed = await hasPassed(world);
    expect(passed()).toBe(false);
    world.gate.release(one, east);
    await world.wait(10);
    expect(passed()).toBe(true);
  });

  promises(
    "a write that does not end in time is let go on, and so are the others",
    async (world) => {
      await world.pass();
      expect(await world.gate.hold(one, short, never)).toMatchObject({ isHeld: false });
      expect((await hasPassed(world))()).toBe(true);
    },
  );

  promises("a hold ends by itself at its deadline", async (world) => {
    expect(await world.gate.hold(one, short, never)).toMatchObject({ isHeld: true });
    const passed = await hasPassed(world);
    expect(passed()).toBe(false);
    await world.wait(60);
    expect(passed()).toBe(true);
  });

  promises("the release of a lower epoch changes nothing", async (world) => {
    expect(await world.gate.hold(two, long, never)).toMatchObject({ isHeld: true });
    world.gate.release(one, east);
    expect((await hasPassed(world))()).toBe(false);
  });

  promises("a hold of a lower epoch than the last release is refused", async (world) => {
    world.gate.release(two, east);
    expect(await world.gate.hold(one, long, never)).toMatchObject({ isHeld: false });
    expect((await hasPassed(world))()).toBe(true);
  });

  promises("a release while a hold still waits answers it with false", async (world) => {
    await world.pass();
    const held = world.gate.hold(one, long, never);
    await world.wait(10);
    world.gate.release(one, east);
    expect(await held).toMatchObject({ isHeld: false });
  });
}
