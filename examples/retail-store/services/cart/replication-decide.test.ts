import { expect, test } from "vitest";
import { decide, idleLooksMax, type View } from "./replication-decide.ts";

const slot = "carts_to_us_east_1_t1";
const well: View = {
  peer: "us-west-2",
  wantedSlot: slot,
  own: { isEnabled: true, slot, isRunning: true, tables: 2 },
  theirs: { region: "us-west-2", tables: 2, slot: { isLost: false, isActive: true } },
  idleLooks: 0,
};
const own = well.own;
if (!own) throw new Error("there is one");

test.each<readonly [string, Partial<View>, string]>([
  ["what is well is left alone", {}, "rest"],
  ["a short break is PostgreSQL's own business", { idleLooks: idleLooksMax - 1 }, "rest"],
  ["a long one may mean another address or password", { idleLooks: idleLooksMax }, "renew"],
  ["what was disabled is enabled", { own: { ...own, isEnabled: false } }, "renew"],
  ["without a subscription there will be one", { own: undefined }, "subscribe"],
  ["tables that were not copied are copied", { own: { ...own, tables: 0 } }, "refresh"],
  [
    "a missing slot means a new beginning",
    { theirs: { ...well.theirs, slot: undefined } },
    "unsubscribe",
  ],
  [
    "so does a slot that was given up",
    { theirs: { ...well.theirs, slot: { isLost: true, isActive: false } } },
    "unsubscribe",
  ],
  [
    "so does a timeline of ours that is new",
    { wantedSlot: "carts_to_us_east_1_t2" },
    "unsubscribe",
  ],
  [
    "an empty database on the other side is waited for",
    { own: undefined, theirs: { region: undefined, tables: 0, slot: undefined } },
    "wait",
  ],
  [
    "nobody subscribes to the wrong Region, nor to itself",
    { own: undefined, theirs: { ...well.theirs, region: "us-east-1" } },
    "wait",
  ],
])("%s", (_what, change, kind) => {
  expect(decide({ ...well, ...change }).kind).toBe(kind);
});
