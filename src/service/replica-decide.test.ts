import { expect, test } from "vitest";
import {
  decide,
  drainMsMax,
  nextHealth,
  stateOf,
  unknownHealth,
  type Health,
  type Phase,
  type View,
} from "./replica-decide.ts";

const waiting: Phase = { kind: "waiting", untilMs: 0, because: "it was stopped" };
const starting: Phase = {
  kind: "running",
  startedMs: 1_000,
  hasBeenReady: false,
  health: unknownHealth,
  isOutdated: false,
};
const healthy: Health = { isHealthy: true, against: 0, because: "GET / is answered with 200" };
const stopping: Phase = {
  kind: "stopping",
  sinceMs: 1_000,
  why: "unwanted",
  because: "it is not wanted any more",
};

function view(phase: Phase, more: Partial<View> = {}): View {
  return {
    phase,
    nowMs: 1_000,
    isWanted: true,
    missing: [],
    isAlive: phase.kind !== "waiting",
    hasFamily: phase.kind !== "waiting",
    isIdle: false,
    startMs: 5_000,
    stopMs: 2_000,
    ...more,
  };
}

test("what is wanted is started", () => {
  expect(decide(view(waiting))).toMatchObject({ kind: "start" });
  expect(decide(view(waiting, { isWanted: false }))).toMatchObject({ kind: "wait" });
});

test("it is not started before what it needs is ready, nor before its pause is over", () => {
  expect(decide(view(waiting, { missing: ["redis"] }))).toEqual({
    kind: "wait",
    untilMs: undefined,
    because: "it waits for redis",
  });
  const paused: Phase = { ...waiting, untilMs: 1_500 };
  expect(decide(view(paused))).toMatchObject({ kind: "wait", untilMs: 1_500 });
  expect(decide(view(paused, { nowMs: 1_500 }))).toMatchObject({ kind: "start" });
});

test("what is needed going away later does not end it", () => {
  expect(decide(view(starting, { missing: ["redis"] }))).toMatchObject({ kind: "wait" });
});

test("one that is never ready is let go at its time, one that was ready never for that", () => {
  expect(decide(view(starting, { nowMs: 5_999 }))).toMatchObject({ kind: "wait", untilMs: 6_000 });
  expect(decide(view(starting, { nowMs: 6_000 }))).toMatchObject({
    kind: "drain",
    why: "never-ready",
  });
  const unready: Phase = { ...starting, hasBeenReady: true };
  expect(decide(view(unready, { nowMs: 60_000 }))).toMatchObject({ kind: "wait" });
});

test("one whose settings changed is let go, and so is one that is not wanted", () => {
  const outdated: Phase = { ...starting, isOutdated: true };
  expect(decide(view(outdated))).toMatchObject({ kind: "drain", why: "changed" });
  expect(decide(view(starting, { isWanted: false }))).toMatchObject({
    kind: "drain",
    why: "unwanted",
  });
});

test("it is told to end when nobody waits for it any more, at the latest when its time for that is over", () => {
  const draining: Phase = { ...stopping, kind: "draining" };
  const untilMs = 1_000 + drainMsMax;
  expect(decide(view(draining))).toMatchObject({ kind: "wait", untilMs });
  const stop = { kind: "stop", why: "unwanted" };
  expect(decide(view(draining, { isIdle: true }))).toMatchObject(stop);
  expect(decide(view(draining, { nowMs: untilMs }))).toMatchObject(stop);
  // It ended by itself: what it left is told to end.
  expect(decide(view(draining, { isAlive: false }))).toMatchObject(stop);
});

test("one that ended by itself is started again, wanted or not it is cleared away", () => {
  expect(decide(view(starting, { isAlive: false }))).toMatchObject({ kind: "restart" });
  expect(decide(view(starting, { isAlive: false, isWanted: false }))).toMatchObject({
    kind: "restart",
  });
});

test("it has stopped when nothing of it is left, not when its first process is gone", () => {
  expect(decide(view(stopping, { isAlive: false }))).toMatchObject({ kind: "wait" });
  expect(decide(view(stopping, { hasFamily: false }))).toMatchObject({ kind: "stopped" });
});

test("it is killed when its time to stop is over, and not before", () => {
  expect(decide(view(stopping, { nowMs: 2_999 }))).toMatchObject({ kind: "wait", untilMs: 3_000 });
  expect(decide(view(stopping, { nowMs: 3_000 }))).toMatchObject({ kind: "kill" });
});

test("one that is wanted again while it stops, stops first", () => {
  expect(decide(view(stopping, { isWanted: true }))).toMatchObject({ kind: "wait" });
});

test("only so many answers in a row change what is thought of its health", () => {
  const thresholds = { healthyThreshold: 2, unhealthyThreshold: 3 };
  const good = { isGood: true, because: "good" };
  const bad = { isGood: false, because: "bad" };
  const after = (answers: readonly { isGood: boolean; because: string }[], from: Health): boolean =>
    answers.reduce((health, answer) => nextHealth(health, answer, thresholds), from).isHealthy;
  expect(after([good], unknownHealth)).toBe(false);
  expect(after([good, bad, good], unknownHealth)).toBe(false);
  expect(after([good, good], unknownHealth)).toBe(true);
  expect(after([bad, bad, good, bad, bad], healthy)).toBe(true);
  expect(after([bad, bad, bad], healthy)).toBe(false);
});

test("people hear `unready` only of one that was ready before", () => {
  expect(stateOf(waiting)).toBe("waiting");
  expect(stateOf(starting)).toBe("starting");
  expect(stateOf({ ...starting, hasBeenReady: true, health: healthy })).toBe("ready");
  expect(stateOf({ ...starting, hasBeenReady: true })).toBe("unready");
  expect(stateOf(stopping)).toBe("stopping");
  expect(stateOf({ ...stopping, kind: "draining" })).toBe("stopping");
});
