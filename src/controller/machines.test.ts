/** The two sides of a lifeline, over a pair of streams in memory. */
import { once } from "node:events";
import { duplexPair, type Duplex } from "node:stream";
import { beforeEach, expect, test } from "vitest";
import type { Json } from "../env/env.ts";
import { nodeClock } from "../env/node/clock.ts";
import { Lifeline } from "../env/node/lifeline.ts";
import type { RegionId } from "../model/region.ts";
import { SimClock } from "../../sim/clock.ts";
import { Machines } from "./machines.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;

let asked: Json[];
let near: Duplex;
/** The supervisor's end. */
let far: Lifeline;
let changes: string[];
let machines: Machines;

beforeEach(() => {
  const [one, other] = duplexPair();
  asked = [];
  changes = [];
  near = one;
  machines = new Machines(new Lifeline(one, () => undefined), nodeClock, (region, before, now) =>
    changes.push(`${region}: ${before ?? "unknown"} to ${now}`),
  );
  far = new Lifeline(other, (message) => asked.push(message));
});

const done = (id: number, failure: Json = null): void =>
  machines.hear({ kind: "power-done", id, failure });

test("a Region is starting until the supervisor says what it is; only changes are told", () => {
  expect(machines.power(east)).toBe("starting");
  const regions = [
    { region: east, state: "running" },
    { region: west, state: "killed" },
  ];
  machines.hear({ kind: "power", regions });
  machines.hear({ kind: "power", regions });
  expect(machines.power(west)).toBe("killed");
  expect(changes).toEqual(["us-east-1: unknown to running", "us-west-2: unknown to killed"]);
});

test("an action is done when the supervisor says so, each by its own number", async () => {
  const kill = machines.act(east, "kill");
  const stop = machines.act(west, "stop");
  let isKilled = false;
  void kill.then(() => (isKilled = true));
  done(2);
  await stop;
  expect(isKilled).toBe(false);
  expect(machines.isBusy(east)).toBe(true);
  done(1);
  await kill;
  expect(machines.isBusy(east)).toBe(false);
  near.end();
  if (!far.cut.aborted) await once(far.cut, "abort");
  expect(asked).toEqual([
    { kind: "act", id: 1, region: east, action: "kill" },
    { kind: "act", id: 2, region: west, action: "stop" },
  ]);
});

test("a second action on a Region is refused while the first is under way", async () => {
  const stop = machines.act(east, "stop");
  await expect(machines.act(east, "start")).rejects.toMatchObject({ code: "region.busy" });
  done(1);
  await stop;
});

test("an action that fails says why, and the Region can be acted on again", async () => {
  const kill = machines.act(east, "kill");
  done(1, { code: "region.unknown", message: "no such Region" });
  await expect(kill).rejects.toMatchObject({ code: "region.unknown", message: "no such Region" });
  const again = machines.act(east, "kill");
  done(1);
  done(2);
  await again;
});

test("a stop by a person counts from the asking for it on, and how long ago it ended until the Region is killed", async () => {
  const clock = new SimClock();
  const known = new Machines(new Lifeline(near, () => undefined), clock, () => undefined);
  const say = (state: string): void =>
    known.hear({ kind: "power", regions: [{ region: east, state }] });
  say("running");
  expect(known.sinceStoppedMs(east)).toBeUndefined();
  const stop = known.act(east, "stop");
  expect(known.sinceStoppedMs(east)).toBe(0);
  say("stopped");
  known.hear({ kind: "power-done", id: 1, failure: null });
  await stop;
  expect(known.sinceStoppedMs(east)).toBe(0);
  say("running");
  await clock.runUntil(clock.monotonicMs() + 2_000);
  expect(known.sinceStoppedMs(east)).toBe(2_000);
  say("killed");
  expect(known.sinceStoppedMs(east)).toBeUndefined();
  say("running");
  expect(known.sinceStoppedMs(east)).toBeUndefined();
});

test("a supervisor that never answers does not hold a Region for ever", async () => {
  const clock = new SimClock();
  const silent = new Machines(new Lifeline(near, () => undefined), clock, () => undefined);
  await clock.drive(async () => {
    await expect(silent.act(east, "stop")).rejects.toMatchObject({ code: "region.busy" });
  });
  expect(silent.isBusy(east)).toBe(false);
});
