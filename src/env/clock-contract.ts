import { expect, test } from "vitest";
import type { Clock } from "./env.ts";

/** `drive` runs a test's body; a simulated clock makes time pass while it waits. */
export type ClockWorld = {
  readonly clock: Clock;
  drive(body: () => Promise<void>): Promise<void>;
};

/** What every `Clock` promises. */
export function registerClockContract(make: () => ClockWorld): void {
  const never = new AbortController().signal;
  const check = (name: string, body: (clock: Clock) => Promise<void>): void =>
    test(name, () => {
      const world = make();
      return world.drive(() => body(world.clock));
    });

  check("a sleep never ends before its time", async (clock) => {
    for (const ms of [0, 0.1, 1, 1.5, 7, 20.25]) {
      const before = clock.monotonicMs();
      await clock.sleep(ms, never);
      expect(clock.monotonicMs() - before).toBeGreaterThanOrEqual(ms);
    }
  });

  check("sleeps end in the order of their deadlines", async (clock) => {
    const ended: number[] = [];
    await Promise.all([40, 5, 20].map((ms) => clock.sleep(ms, never).then(() => ended.push(ms))));
    expect(ended).toEqual([5, 20, 40]);
  });

  check("monotonic time never goes back", async (clock) => {
    let last = clock.monotonicMs();
    for (let round = 0; round < 20; round++) {
      await clock.sleep(round % 3, never);
      expect(clock.monotonicMs()).toBeGreaterThanOrEqual(last);
      last = clock.monotonicMs();
    }
  });

  check("an aborted sleep rejects at once with the signal's own reason", async (clock) => {
    const abort = new AbortController();
    const before = clock.monotonicMs();
    const sleep = clock.sleep(60_000, abort.signal).catch((error: unknown) => error);
    await clock.sleep(5, never);
    abort.abort(new Error("enough"));
    expect(await sleep).toBe(abort.signal.reason);
    expect(clock.monotonicMs() - before).toBeLessThan(30_000);
  });

  check("a sleep with an aborted signal does not begin", async (clock) => {
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(clock.sleep(60_000, signal)).rejects.toThrow("too late");
  });

  check("a sleep of years can be aborted and does not end at once", async (clock) => {
    const abort = new AbortController();
    let ended = false;
    const sleep = clock.sleep(2 ** 40, abort.signal).then(() => (ended = true));
    await clock.sleep(10, never);
    expect(ended).toBe(false);
    abort.abort(new Error("enough"));
    await expect(sleep).rejects.toThrow("enough");
  });
}
