import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { registerWriteGateContract } from "../engine/write-gate-contract.ts";
import type { DatabaseId, Epoch, RegionId } from "../model/region.ts";
import { Pulse } from "../std/pulse.ts";
import { GatewayGate } from "./gateway-gate.ts";

const database = "orders" as DatabaseId;
const [one, two] = [1, 2] as [Epoch, Epoch];
const east = "us-east-1" as RegionId;
const never = new AbortController().signal;
const terms = { withinMs: 10_000, pins: "refuse" } as const;

/** A gateway that does what it is told: counts the writes in flight, and lets none pass while it is told to hold. */
class SmallGateway {
  readonly clock = new SimClock();
  readonly gate = new GatewayGate(database, {
    clock: this.clock,
    changed: () => this.#look(),
    isAbsent: () => this.isAbsent,
  });
  isAbsent = false;
  isSilent = false;
  readonly #changed = new Pulse();
  #inFlight = 0;
  #answered: string | undefined;

  async pass(): Promise<() => void> {
    for (;;) {
      const hold = this.gate.holdAt(one);
      if (!hold) break;
      const over = new AbortController();
      const leftMs = hold.untilMs - this.clock.monotonicMs();
      const ended = this.clock.sleep(leftMs, over.signal).catch(() => undefined);
      await Promise.race([this.#changed.next(over.signal), ended]);
      over.abort();
    }
    this.#inFlight += 1;
    return () => {
      this.#inFlight -= 1;
      this.#look();
    };
  }

  #look(): void {
    this.#changed.beat();
    const hold = this.gate.holdAt(one);
    if (!hold || this.isSilent || this.#answered === hold.id) return;
    if (this.#inFlight === 0) return this.#answer(hold.id, true, "nothing is in flight");
    const leftMs = hold.drainUntilMs - this.clock.monotonicMs();
    this.clock.after(leftMs, () => {
      if (this.#answered !== hold.id) this.#answer(hold.id, false, "a transaction is open");
    });
  }

  #answer(id: string, isHeld: boolean, because: string): void {
    this.#answered = id;
    this.gate.settle(id, { isHeld, because });
  }
}

registerWriteGateContract(() => {
  const gateway = new SmallGateway();
  return {
    gate: gateway.gate,
    pass: () => gateway.pass(),
    wait: (ms) => gateway.clock.sleep(ms, never),
    drive: (body) => gateway.clock.drive(body),
  };
});

test("why nothing is held is said in the gateway's own words", async () => {
  const gateway = new SmallGateway();
  await gateway.pass();
  const outcome = await gateway.clock.drive(() => gateway.gate.hold(one, terms, never));
  expect(outcome).toEqual({ isHeld: false, because: "a transaction is open" });
  expect(gateway.gate.holdAt(one)).toBeUndefined();
});

test("where no gateway runs, nothing can be in flight, and one that starts then finds the hold", async () => {
  const gateway = new SmallGateway();
  gateway.isAbsent = true;
  gateway.isSilent = true;
  const outcome = await gateway.clock.drive(() => gateway.gate.hold(one, terms, never));
  expect(outcome).toMatchObject({ isHeld: true });
  expect(gateway.gate.holdAt(one)).toMatchObject({ pins: "refuse" });
});

test("a gateway that dies while it is waited for had its writes die with it", async () => {
  const gateway = new SmallGateway();
  gateway.isSilent = true;
  const outcome = gateway.clock.drive(async () => {
    const held = gateway.gate.hold(one, terms, never);
    await gateway.clock.sleep(200, never);
    gateway.isAbsent = true;
    gateway.gate.look();
    return held;
  });
  expect(await outcome).toMatchObject({ isHeld: true });
  expect(gateway.clock.monotonicMs()).toBeLessThan(1_000);
});

test("a gateway that does not answer is not waited for until the hold is over", async () => {
  const gateway = new SmallGateway();
  gateway.isSilent = true;
  const outcome = await gateway.clock.drive(() => gateway.gate.hold(one, terms, never));
  expect(outcome.because).toMatch(/did not say in time/);
  expect(gateway.clock.monotonicMs()).toBe(6_000);
  expect(gateway.gate.holdAt(one)).toBeUndefined();
});

test("a later epoch ends a hold without a release", async () => {
  const gateway = new SmallGateway();
  await gateway.clock.drive(() => gateway.gate.hold(one, terms, never));
  expect(gateway.gate.holdAt(one)).toBeDefined();
  expect(gateway.gate.holdAt(two)).toBeUndefined();
});

test("an answer to a hold that is over says nothing about the next one", async () => {
  const gateway = new SmallGateway();
  gateway.isSilent = true;
  const outcome = await gateway.clock.drive(async () => {
    const first = gateway.gate.hold(one, terms, never);
    const old = gateway.gate.holdAt(one)?.id ?? "";
    gateway.gate.release(one, east);
    expect(await first).toMatchObject({ isHeld: false });
    await gateway.clock.sleep(1, never);
    const second = gateway.gate.hold(one, terms, never);
    gateway.gate.settle(old, { isHeld: true, because: "late" });
    gateway.gate.settle(gateway.gate.holdAt(one)?.id ?? "", { isHeld: false, because: "now" });
    return second;
  });
  expect(outcome).toEqual({ isHeld: false, because: "now" });
});

test("whoever gives up a hold takes it out of the route", async () => {
  const gateway = new SmallGateway();
  gateway.isSilent = true;
  const end = new AbortController();
  await gateway.clock.drive(async () => {
    const held = gateway.gate.hold(one, terms, end.signal);
    end.abort(new Error("the agent ends"));
    await expect(held).rejects.toThrow("the agent ends");
  });
  expect(gateway.gate.holdAt(one)).toBeUndefined();
});
