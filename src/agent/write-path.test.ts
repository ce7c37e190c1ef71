import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { DatabaseId } from "../model/region.ts";
import { decode, encode } from "../wire/codec.ts";
import { becauseCharsMax, writePath } from "../wire/traffic-protocol.ts";
import { WritePaths } from "./write-path.ts";

const orders = "orders" as DatabaseId;

/** A gateway of one Region, and what answers behind it. */
class Bench {
  readonly clock = new SimClock();
  readonly over = new AbortController();
  /** What the next looks find. */
  answer: () => unknown = () => false;
  readonly answerMs: number;
  looks = 0;
  changes = 0;
  isClosed = false;
  readonly paths = new WritePaths([orders], {
    clock: this.clock,
    connect: () => ({
      query: async () => {
        this.looks += 1;
        await this.clock.pass(this.answerMs);
        return [{ standby: this.answer() }] as never[];
      },
      close: () => {
        this.isClosed = true;
      },
    }),
    changed: () => (this.changes += 1),
  });
  readonly running: Promise<void>;

  constructor(answerMs = 5) {
    this.answerMs = answerMs;
    this.running = this.paths.run(this.over.signal);
  }

  get canWrite(): boolean | undefined {
    return this.paths.views[0]?.canWrite;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
  }
}

const refuse = (why: string) => (): never => {
  throw new Error(why);
};

test("nobody can write before the first look, and whoever waits for it waits no longer than that", async () => {
  const bench = new Bench();
  const looked = bench.paths.haveLooked(bench.over.signal).then(() => bench.canWrite);
  expect(bench.canWrite).toBe(false);
  await bench.pass(10);
  expect(await looked).toBe(true);
  expect(bench.changes).toBe(1);
});

test("a first look that does not end is waited for a second", async () => {
  const bench = new Bench(3_600_000);
  await bench.clock.drive(() => bench.paths.haveLooked(bench.over.signal));
  expect(bench.clock.monotonicMs()).toBe(1_000);
});

test("one bad look is no failure, and two in a row are", async () => {
  const bench = new Bench();
  await bench.pass(100);
  bench.answer = refuse("the gateway holds it");
  await bench.pass(1_000);
  expect([bench.canWrite, bench.changes]).toEqual([true, 1]);
  await bench.pass(1_000);
  expect(bench.paths.views).toEqual([
    { database: orders, canWrite: false, because: "the gateway holds it" },
  ]);
  expect(bench.changes).toBe(2);
});

test("one good look is enough, and makes the next bad one the first again", async () => {
  const bench = new Bench();
  await bench.pass(100);
  for (const answer of [refuse("gone"), refuse("gone"), () => false, refuse("gone")]) {
    bench.answer = answer;
    await bench.pass(1_010);
  }
  expect(bench.canWrite).toBe(true);
  expect(bench.changes).toBe(3);
});

test("a standby that answers in the writer's place is none", async () => {
  const bench = new Bench();
  bench.answer = () => true;
  await bench.pass(2_100);
  expect(bench.paths.views[0]?.because).toBe("what answers as the writer is a standby");
});

test("whatever is said of an obstacle can be told", async () => {
  const bench = new Bench();
  bench.answer = refuse("x".repeat(2 * becauseCharsMax));
  await bench.pass(2_100);
  const [view] = bench.paths.views;
  expect(view && decode(writePath, "a view", encode(writePath, view))).toEqual(view);
});

test("it looks once a second until it is told to end, and then lets its connection go", async () => {
  const bench = new Bench();
  await bench.pass(10_000);
  expect(bench.looks).toBe(10);
  bench.over.abort();
  await bench.running;
  expect(bench.isClosed).toBe(true);
  await bench.pass(10_000);
  expect(bench.looks).toBe(10);
});
