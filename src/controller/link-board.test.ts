import { beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { RecordingLog } from "../../sim/log.ts";
import { SeededRandom } from "../../sim/random.ts";
import { SimDisk, SimStore } from "../../sim/store.ts";
import type { Json } from "../env/env.ts";
import { linkSettings, openTerms, termsFrom } from "../model/link-settings.ts";
import type { RegionId } from "../model/region.ts";
import { decode, encode } from "../wire/codec.ts";
import { networkAnswer, networkQuestion, type NetworkAnswer } from "../wire/network-protocol.ts";
import { LinkBoard } from "./link-board.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;
const never = new AbortController().signal;
const link = linkSettings([east, west], { ...openTerms, rttMs: 60 });
const controllerLink = linkSettings(["controller", west], openTerms);
const noChange = { reset: false };

let clock: SimClock;
let store: SimStore;
let board: LinkBoard;

beforeEach(() => {
  clock = new SimClock();
  const doors = { clock, log: new RecordingLog(), random: new SeededRandom(1) };
  // Slow, as etcd is: what two changes do to each other in between has time to happen.
  store = new SimStore(doors, new SimDisk(), { latencyMsMax: 20, failureRate: 0 });
  board = boardOf(1);
});

const boardOf = (term: number): LinkBoard =>
  new LinkBoard({ clock, store }, [link, controllerLink], term);

async function ask(applied: number): Promise<NetworkAnswer> {
  const question: Json = encode(networkQuestion, { kind: "conditions", applied, traffic: [] });
  return decode(networkAnswer, "the answer", await board.handle(question, never));
}

/** What the network program does, until `work` has settled. */
async function withNetwork<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly answers: readonly NetworkAnswer[] }> {
  const answers: NetworkAnswer[] = [];
  const over = new AbortController();
  const follow = async (): Promise<void> => {
    while (!over.signal.aborted) answers.push(await ask(answers.at(-1)?.revision ?? 0));
  };
  return clock.drive(async () => {
    const following = follow();
    const value = await work().finally(() => over.abort());
    await following;
    return { value, answers };
  });
}

test("a network program that has everything is answered after a second, one that has not at once", async () => {
  const first = await clock.drive(() => ask(0));
  expect(clock.monotonicMs()).toBe(0);
  expect(first.directions).toHaveLength(4);
  const second = await clock.drive(() => ask(first.revision));
  expect(clock.monotonicMs()).toBe(1_000);
  expect(second.revision).toBe(first.revision);
});

test("a change settles when it is in force, and outlives the controller", async () => {
  const { value, answers } = await withNetwork(() =>
    board.change(link, { rttMs: 400, ...noChange }, { kind: "both" }, never),
  );
  expect(value.both.rttMs).toBe(400);
  expect(clock.monotonicMs()).toBeLessThan(1_100);
  expect(answers.at(-1)?.directions[0]?.conditions.delayMs).toBe(200);
  const next = boardOf(2);
  await clock.drive(() => next.load(never));
  expect(next.find(west, east).both.rttMs).toBe(400);
});

test("two changes at once are both in force", async () => {
  await withNetwork(() =>
    Promise.all([
      board.change(link, { rttMs: 400, ...noChange }, { kind: "both" }, never),
      board.change(link, { jitterMs: 10, ...noChange }, { kind: "both" }, never),
    ]),
  );
  expect(termsFrom(board.find(east, west), east)).toMatchObject({ rttMs: 400, jitterMs: 10 });
});

test("a change that no network program takes fails, and is told to the next one", async () => {
  const change = (): Promise<unknown> =>
    board.change(link, { isUp: false, ...noChange }, { kind: "both" }, never);
  await expect(clock.drive(change)).rejects.toMatchObject({ code: "network.unreachable" });
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(3_000);
  const { directions } = await clock.drive(() => ask(0));
  expect(directions[0]?.conditions.isUp).toBe(false);
});

test("connections are reset once, also when the network program starts anew", async () => {
  const { answers } = await withNetwork(() =>
    board.change(link, { reset: true }, { kind: "both" }, never),
  );
  expect(answers.flatMap(({ resets }) => resets)).toEqual([{ from: east, to: west }]);
  expect((await clock.drive(() => ask(0))).resets).toEqual([]);
});

test("an isolated Region has all its links down, to the controller as well, until it is healed", async () => {
  const down = (): readonly boolean[] => board.directions().map((way) => way.conditions.isUp);
  await withNetwork(() => board.isolate(west, true, never));
  expect(down()).toEqual([false, false, false, false]);
  expect(board.isIsolated(west)).toBe(true);
  const next = boardOf(2);
  await clock.drive(() => next.load(never));
  expect(next.isIsolated(west)).toBe(true);
  await withNetwork(() => board.isolate(west, false, never));
  expect(down()).toEqual([true, true, true, true]);
});

test("what a link that is down holds of a Region that is lost is dropped, and nothing else", async () => {
  const nothing = await withNetwork(() => board.dropHeld(west, never));
  expect(nothing.answers.flatMap(({ resets }) => resets)).toEqual([]);
  await withNetwork(() =>
    board.change(link, { isUp: false, ...noChange }, { kind: "both" }, never),
  );
  const { answers } = await withNetwork(() => board.dropHeld(west, never));
  expect(answers.flatMap(({ resets }) => resets)).toEqual([{ from: west, to: east }]);
});

test("a link that there is not is named", () => {
  expect(() => board.find(east, "us-eats-2")).toThrow("between us-east-1 and us-eats-2");
});
