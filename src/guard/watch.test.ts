import { expect, test } from "vitest";
import type { DatabaseId, Epoch } from "../model/region.ts";
import { decideGuard, replacedSince, type GuardView } from "./watch.ts";

const orders = "orders" as DatabaseId;
const catalog = "catalog" as DatabaseId;
const epoch = 1 as Epoch;

function view(nowMs: number, leases: readonly (readonly [DatabaseId, number])[] = []): GuardView {
  return {
    nowMs,
    board: {
      bootId: "boot",
      generation: 7,
      leases: leases.map(([database, untilMs]) => ({ database, epoch, untilMs })),
    },
    generation: 7,
    replacedSinceMs: undefined,
    hostLives: true,
  };
}

test("nothing is fenced before its lease is over, and the next look is at the nearest deadline", () => {
  expect(
    decideGuard(
      view(1_000, [
        [orders, 1_500],
        [catalog, 1_200],
      ]),
    ),
  ).toMatchObject({ kind: "watch", fence: [], lookInMs: 200 });
});

test("at its very deadline a lease is over; the other database goes on", () => {
  expect(
    decideGuard(
      view(1_200, [
        [orders, 1_500],
        [catalog, 1_200],
      ]),
    ),
  ).toMatchObject({ kind: "watch", fence: [catalog], lookInMs: 300 });
});

test("what is not on the board is left alone", () => {
  expect(decideGuard(view(1_000))).toMatchObject({ kind: "watch", fence: [], lookInMs: 500 });
});

test("a lease far away is looked at again within half a second: it may be taken back or replaced", () => {
  expect(decideGuard(view(0, [[orders, 60_000]]))).toMatchObject({ lookInMs: 500 });
});

test("a guard that was replaced goes on until the next one is surely there", () => {
  const later = { ...view(1_000, [[orders, 900]]), generation: 6 };
  const sinceMs = replacedSince(later, undefined);
  expect(sinceMs).toBe(1_000);
  expect(decideGuard({ ...later, replacedSinceMs: sinceMs })).toMatchObject({ fence: [orders] });
  const end = { ...later, nowMs: 6_000 };
  expect(decideGuard({ ...end, replacedSinceMs: replacedSince(end, sinceMs) })).toMatchObject({
    kind: "leave",
    fence: "nothing",
  });
});

test("a guard is not replaced by its own agent", () => {
  expect(replacedSince(view(1_000), 500)).toBeUndefined();
});

test("when the Region was started anew meanwhile, its servers are left alone", () => {
  const gone = { ...view(1_000, [[orders, 500]]), hostLives: false, replacedSinceMs: 1_000 };
  expect(decideGuard(gone)).toMatchObject({ kind: "leave", fence: "nothing" });
});

test("without a board there is nothing to guard", () => {
  expect(decideGuard({ ...view(0), board: undefined })).toMatchObject({
    kind: "leave",
    fence: "nothing",
  });
});

test("when the Region is gone, whatever still runs in it goes too", () => {
  expect(decideGuard({ ...view(0, [[orders, 500]]), hostLives: false })).toMatchObject({
    kind: "leave",
    fence: "everything",
  });
});
