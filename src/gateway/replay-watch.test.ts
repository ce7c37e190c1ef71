import fc from "fast-check";
import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { Fork } from "../model/fork.ts";
import type { Lsn } from "../model/lsn.ts";
import { EVERYTHING, ReplayWatch } from "./replay-watch.ts";
import type { WalPoint } from "./token.ts";

const never = new AbortController().signal;
const at = (lsn: number, timeline = 1): WalPoint => ({ timeline, lsn });

/** An instance that has replayed what it is told, and takes 0.25 ms to say so. */
class Instance {
  readonly clock = new SimClock();
  readonly end = new AbortController();
  readonly watch: ReplayWatch;
  replayed: WalPoint = at(0);
  looks = 0;
  looking = 0;
  lookingMax = 0;
  isDown = false;

  constructor() {
    const { clock } = this;
    this.watch = new ReplayWatch({ clock, position: () => this.#position() }, this.end.signal);
  }

  async #position(): Promise<WalPoint> {
    this.looks += 1;
    this.looking += 1;
    this.lookingMax = Math.max(this.lookingMax, this.looking);
    const { replayed, isDown } = this;
    await this.clock.pass(0.25);
    this.looking -= 1;
    if (isDown) throw new Error("the instance is down");
    return replayed;
  }

  /** Lets time pass, and what is under way go on. */
  async live(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
  }
}

test("who waits for what is replayed already waits no longer than one look", async () => {
  const instance = new Instance();
  instance.replayed = at(100);
  expect(instance.watch.hasReached(at(100))).toBe(false);
  const reached = await instance.clock.drive(() => instance.watch.waitFor(at(100), 50, never));
  expect(reached).toBe(true);
  expect(instance.clock.monotonicMs()).toBe(0.25);
  expect(instance.watch.hasReached(at(100))).toBe(true);
  expect(instance.watch.hasReached(at(101))).toBe(false);
});

test("one look at a time serves all who wait, each is told when it is reached, and then nobody looks", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(60), { minLength: 1, maxLength: 60 }), async (wanted) => {
      const instance = new Instance();
      const { clock, watch } = instance;
      const outcomes = wanted.map(async (lsn) => {
        const isReached = await watch.waitFor(at(lsn), 40, never);
        return { lsn, isReached, atMs: clock.monotonicMs() };
      });
      // A byte per ms.
      for (let ms = 1; ms <= 60; ms += 1) {
        await instance.live(1);
        instance.replayed = at(ms);
      }
      const lates = (await Promise.all(outcomes)).filter(({ lsn, isReached, atMs }) =>
        // Reached within a pause and two looks of the time when it was replayed, or not at 40 ms.
        isReached ? atMs < lsn || atMs > lsn + PACE_AND_LOOKS_MS : atMs !== 40 || lsn < 30,
      );
      expect(lates).toEqual([]);
      expect(instance.lookingMax).toBe(1);
      expect(watch.waiting).toBe(0);
      const { looks } = instance;
      await instance.live(1000);
      expect(instance.looks).toBe(looks);
    }),
    { numRuns: 50 },
  );
});
const PACE_AND_LOOKS_MS = 11;

test("a wait ends when its time is over, also while the instance does not answer, and is looked for less and less", async () => {
  const instance = new Instance();
  instance.isDown = true;
  const reached = await instance.clock.drive(() => instance.watch.waitFor(at(1), 500, never));
  expect(reached).toBe(false);
  expect(instance.clock.monotonicMs()).toBe(500);
  expect(instance.looks).toBeLessThan(12);
});

test("who leaves is forgotten, and its reason is passed on", async () => {
  const instance = new Instance();
  const leaver = new AbortController();
  const left = instance.watch.waitFor(at(5), 100, leaver.signal);
  const stays = instance.watch.waitFor(at(6), 100, never);
  leaver.abort(new Error("the client is gone"));
  await expect(left).rejects.toThrow("the client is gone");
  expect(instance.watch.waiting).toBe(1);
  instance.end.abort();
  await expect(stays).resolves.toBe(false);
  await expect(instance.watch.waitFor(at(6), 100, never)).resolves.toBe(false);
});

test("I9: of more than ten thousand the next is told at once that it waits in vain", async () => {
  const instance = new Instance();
  const waits = Array.from({ length: 10_000 }, () => instance.watch.waitFor(at(9), 10, never));
  await expect(instance.watch.waitFor(at(9), 10, never)).resolves.toBe(false);
  expect(instance.watch.waiting).toBe(10_000);
  await instance.clock.drive(() => Promise.all(waits));
  expect(instance.watch.waiting).toBe(0);
});

test("case 42: after a switchover who waited on the old timeline is reached on the new one, and a lost point never is", async () => {
  const instance = new Instance();
  const fork: Fork = { timeline: 2, parent: 1, lsn: 100n as Lsn };
  const kept = instance.watch.waitFor(at(100), 500, never);
  const lost = instance.watch.waitFor(at(101), 500, never);
  const next = instance.watch.waitFor(at(150, 2), 500, never);
  const ahead = instance.watch.waitFor(at(120, 3), 500, never);
  instance.replayed = at(300, 2);
  await instance.live(20);
  // On the new timeline alone: nobody has told yet where it begins.
  await expect(next).resolves.toBe(true);
  expect(instance.watch.hasReached(at(100))).toBe(false);
  instance.watch.useForks([fork]);
  await expect(kept).resolves.toBe(true);
  expect(await instance.clock.drive(() => Promise.all([lost, ahead]))).toEqual([false, false]);
});

test("an instance that has replayed what no primary has serves no session", async () => {
  const instance = new Instance();
  instance.replayed = at(100);
  await instance.clock.drive(() => instance.watch.waitFor(at(50), 50, never));
  expect(instance.watch.hasReached(at(50))).toBe(true);
  instance.watch.useForks([{ timeline: 2, parent: 1, lsn: 90n as Lsn }]);
  expect(instance.watch.hasReached(at(50))).toBe(false);
});

test("everything is reached in a writer, until it is superseded", async () => {
  const instance = new Instance();
  instance.replayed = at(EVERYTHING);
  await instance.clock.drive(() => instance.watch.waitFor(at(1), 50, never));
  expect(instance.watch.hasReached(at(1e12))).toBe(true);
  instance.watch.useForks([{ timeline: 2, parent: 1, lsn: 90n as Lsn }]);
  expect(instance.watch.hasReached(at(1))).toBe(false);
});

test("I7: what an instance had before its connection broke counts no more, nor does an answer from before", async () => {
  const instance = new Instance();
  instance.replayed = at(100);
  await instance.clock.drive(() => instance.watch.waitFor(at(50), 50, never));
  instance.watch.forget();
  expect(instance.watch.hasReached(at(50))).toBe(false);
  const waiting = instance.watch.waitFor(at(50), 50, never);
  // It was asked before the crash, and is back with less.
  instance.watch.forget();
  instance.replayed = at(10);
  expect(await instance.clock.drive(() => waiting)).toBe(false);
});

test("a lag that lasts is known to whoever comes next, and forgotten when nobody has looked for a second", async () => {
  const instance = new Instance();
  const { watch, clock } = instance;
  watch.learnt(at(1));
  expect(watch.expectedWaitMs(at(1))).toBe(0);
  await clock.drive(() => watch.waitFor(at(1), 40, never));
  expect(watch.expectedWaitMs(at(1))).toBeGreaterThan(12);
  expect(watch.lagMs).toBeGreaterThan(12);
  await instance.live(1001);
  expect(watch.expectedWaitMs(at(1))).toBe(0);
});

test("who comes while others wait for long is answered by a look of its own", async () => {
  const instance = new Instance();
  const { watch, clock } = instance;
  const stuck = watch.waitFor(at(100), 500, never);
  await instance.live(95);
  instance.replayed = at(50);
  const cameMs = clock.monotonicMs();
  expect(await clock.drive(() => watch.waitFor(at(50), 50, never))).toBe(true);
  expect(clock.monotonicMs() - cameMs).toBeLessThanOrEqual(0.5);
  expect(await clock.drive(() => stuck)).toBe(false);
});

test("a position that a client made up spoils no other session's expectations", async () => {
  const instance = new Instance();
  const { watch, clock } = instance;
  expect(await clock.drive(() => watch.waitFor(at(EVERYTHING), 900, never))).toBe(false);
  watch.learnt(at(5));
  expect(watch.expectedWaitMs(at(5))).toBe(0);
  expect(watch.lagMs).toBe(0);
});

test("an instance that has caught up is found out although nobody waits for it any more", async () => {
  const instance = new Instance();
  const { watch } = instance;
  for (let lsn = 1; lsn <= 10; lsn += 1) {
    // A read each 100 ms, and a lag of 200.
    instance.replayed = at(lsn - 2);
    watch.learnt(at(lsn));
    watch.follow(at(lsn));
    await instance.live(100);
  }
  expect(watch.lagMs).toBeGreaterThan(100);
  for (let lsn = 11; lsn <= 20; lsn += 1) {
    watch.learnt(at(lsn));
    watch.follow(at(lsn));
    await instance.live(2);
    instance.replayed = at(lsn);
    await instance.live(98);
  }
  expect(watch.lagMs).toBeLessThan(12);
  await instance.live(1000);
  expect(watch.waiting).toBe(0);
});
