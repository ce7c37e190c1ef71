import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { Epoch, RegionId } from "../model/region.ts";
import { LocalGate } from "./local-gate.ts";
import { registerWriteGateContract } from "./write-gate-contract.ts";

const never = new AbortController().signal;

registerWriteGateContract(() => {
  const clock = new SimClock();
  const gate = new LocalGate(clock);
  return {
    gate,
    pass: async () => (await gate.pass(never)) ?? (() => undefined),
    wait: (ms) => clock.sleep(ms, never),
    drive: (body) => clock.drive(body),
  };
});

const terms = { withinMs: 1_000, pins: "refuse" } as const;

test("a write that ends twice counts once", async () => {
  const clock = new SimClock();
  const gate = new LocalGate(clock);
  const [first] = [await gate.pass(never), await gate.pass(never)];
  first?.();
  first?.();
  const held = clock.drive(() => gate.hold(1 as Epoch, { ...terms, withinMs: 20 }, never));
  expect(await held).toEqual({
    isHeld: false,
    because: "writes were in flight for longer than 20 ms",
  });
});

test("so many writes may wait, and no more", async () => {
  const gate = new LocalGate(new SimClock());
  await gate.hold(1 as Epoch, terms, never);
  const waiting = Array.from({ length: 10_000 }, () => gate.pass(never));
  expect(await gate.pass(never)).toBeUndefined();
  gate.release(1 as Epoch, "us-east-1" as RegionId);
  expect((await Promise.all(waiting)).every((leave) => leave !== undefined)).toBe(true);
  expect(gate.writer).toBe("us-east-1");
});
