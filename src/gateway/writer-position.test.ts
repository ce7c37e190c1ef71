import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { SystemId } from "../model/region.ts";
import type { Token } from "./token.ts";
import { WriterPosition } from "./writer-position.ts";

const never = new AbortController().signal;
const isConnected = (): boolean => true;

/** A writer whose WAL grows by one byte per ms, 30 ms away. */
function writer(clock: SimClock): { questions: number; ask: (s: AbortSignal) => Promise<Token> } {
  const one = {
    questions: 0,
    ask: async (): Promise<Token> => {
      one.questions += 1;
      await clock.pass(30);
      const lsn = clock.monotonicMs();
      await clock.pass(30);
      return { systemId: "1" as SystemId, timeline: 1, lsn };
    },
  };
  return one;
}

test("case 40: a global read is never answered by a question that was sent before it came", async () => {
  const clock = new SimClock();
  const far = writer(clock);
  const position = new WriterPosition({ clock, ask: far.ask, isConnected }, 500, never);
  const readers = Array.from({ length: 1000 }, async (_, n) => {
    await clock.pass(n / 4);
    const cameMs = clock.monotonicMs();
    const { lsn } = await position.read(never);
    return { cameMs, lsn, tookMs: clock.monotonicMs() - cameMs };
  });
  const reads = await clock.drive(() => Promise.all(readers));
  expect(reads.filter(({ cameMs, lsn }) => lsn < cameMs)).toEqual([]);
  expect(Math.max(...reads.map(({ tookMs }) => tookMs))).toBeLessThanOrEqual(120);
  // 250 ms of arrivals, one question per round trip.
  expect(far.questions).toBeLessThanOrEqual(6);
  expect(position.rttMs).toBe(60);
  expect(position.waiting).toBe(0);
});

test("a question that fails fails for all who share it, and the next one is asked anew", async () => {
  const clock = new SimClock();
  const far = writer(clock);
  let isDown = true;
  const ask = (signal: AbortSignal): Promise<Token> =>
    isDown ? Promise.reject(new Error("no route")) : far.ask(signal);
  const position = new WriterPosition({ clock, ask, isConnected }, 500, never);
  const both = await Promise.allSettled([position.read(never), position.read(never)]);
  expect(both).toMatchObject([
    { status: "rejected", reason: { code: "network.unreachable" } },
    { status: "rejected", reason: { code: "network.unreachable" } },
  ]);
  isDown = false;
  await expect(clock.drive(() => position.read(never))).resolves.toMatchObject({ timeline: 1 });
});

test("I9: a writer that never answers is given up after the timeout, and a queue has an end", async () => {
  const clock = new SimClock();
  const ask = (): Promise<Token> => new Promise(() => undefined);
  const position = new WriterPosition({ clock, ask, isConnected }, 500, never);
  const waiting = Array.from({ length: 10_000 }, () => position.read(never));
  const settled = Promise.allSettled(waiting);
  await expect(position.read(never)).rejects.toMatchObject({ code: "gateway.limit-reached" });
  const outcomes = await clock.drive(() => settled);
  expect(clock.monotonicMs()).toBe(500);
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(["rejected"]));
  expect(position.waiting).toBe(0);
});

test("who leaves does not take the answer from the others", async () => {
  const clock = new SimClock();
  const position = new WriterPosition({ clock, ask: writer(clock).ask, isConnected }, 500, never);
  const leaver = new AbortController();
  const left = position.read(leaver.signal);
  const stays = position.read(never);
  leaver.abort(new Error("the client is gone"));
  await expect(left).rejects.toThrow("the client is gone");
  await expect(clock.drive(() => stays)).resolves.toMatchObject({ lsn: 30 });
});

test("a question that had to log in first says nothing about the round trip, and a writer that has moved has another", async () => {
  const clock = new SimClock();
  let isOpen = false;
  const doors = { clock, ask: writer(clock).ask, isConnected: () => isOpen };
  const position = new WriterPosition(doors, 500, never);
  const ask = async (): Promise<number | undefined> => {
    await clock.drive(() => position.read(never));
    return position.rttMs;
  };
  expect(await ask()).toBeUndefined();
  isOpen = true;
  expect(await ask()).toBe(60);
  position.forgetRtt();
  expect(position.rttMs).toBeUndefined();
});
