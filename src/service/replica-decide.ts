/**
 * What is to be done next about one replica. Pure: it takes no clock and touches no process.
 *
 *   waiting ──wanted, its needs ready, its pause over──► running (starting ► ready ⇄ unready)
 *      ▲                                                    │ not wanted, never ready, changed
 *      │                                                    ▼
 *      │                                                 draining
 *      │                                                    │ nobody waits for it, or drainMsMax
 *      │                                                    ▼
 *      └──nothing of it is left── leftover ◄──it ended── stopping ──stopMs──► killed
 */
import type { ReplicaState } from "../model/service.ts";

/** 10 s for the requests of a replica that is to end: as long as a front door waits for those of a Region. */
export const drainMsMax = 10_000;

/** Why a process that runs is told to end. */
export type StopReason = "unwanted" | "never-ready" | "changed";

export type Phase =
  /** None runs. It is not started before `untilMs`. */
  | { readonly kind: "waiting"; readonly untilMs: number; readonly because: string }
  | {
      readonly kind: "running";
      readonly startedMs: number;
      readonly hasBeenReady: boolean;
      readonly health: Health;
      /** What it was started with is not what it would be started with now. */
      readonly isOutdated: boolean;
    }
  /** It is sent nothing new, and may finish what it has; then it is told to end. */
  | {
      readonly kind: "draining" | "stopping";
      readonly sinceMs: number;
      readonly why: StopReason;
      readonly because: string;
    };

type Ending = Phase & { readonly kind: "draining" | "stopping" };

export type View = {
  readonly phase: Phase;
  readonly nowMs: number;
  readonly isWanted: boolean;
  /** What it waits for before its start; empty: nothing. */
  readonly missing: readonly string[];
  /** Its first process lives. */
  readonly isAlive: boolean;
  /** Anything of it lives. */
  readonly hasFamily: boolean;
  /** Nothing is under way to it, and nothing new comes. */
  readonly isIdle: boolean;
  readonly startMs: number;
  readonly stopMs: number;
};

export type Decision = {
  readonly because: string;
} /** Until something changes, at the latest at `untilMs`. */ & (
  | { readonly kind: "wait"; readonly untilMs: number | undefined }
  | { readonly kind: "start" }
  | { readonly kind: "drain"; readonly why: StopReason }
  | { readonly kind: "stop"; readonly why: StopReason }
  /** At once, and everything of it. */
  | { readonly kind: "kill" }
  /** It ended by itself: end what it left, then it is started again after a pause. */
  | { readonly kind: "restart" }
  /** Nothing of it is left, as it was to be. */
  | { readonly kind: "stopped"; readonly why: StopReason }
);

export function decide(view: View): Decision {
  switch (view.phase.kind) {
    case "waiting":
      return decideWaiting(view, view.phase);
    case "running":
      return decideRunning(view, view.phase);
    case "draining":
      return decideDraining(view, view.phase);
    case "stopping":
      return decideStopping(view, view.phase);
  }
}

function decideWaiting(
  { isWanted, missing, nowMs }: View,
  { untilMs, because }: Phase & { kind: "waiting" },
): Decision {
  if (!isWanted) return { kind: "wait", untilMs: undefined, because: "it is not wanted" };
  if (nowMs < untilMs) return { kind: "wait", untilMs, because };
  if (missing.length > 0) {
    return { kind: "wait", untilMs: undefined, because: `it waits for ${missing.join(", ")}` };
  }
  return { kind: "start", because: "it is being started" };
}

function decideRunning(
  { isWanted, isAlive, nowMs, startMs }: View,
  { startedMs, hasBeenReady, health, isOutdated }: Phase & { kind: "running" },
): Decision {
  if (!isAlive) return { kind: "restart", because: "it ended" };
  if (!isWanted) return { kind: "drain", why: "unwanted", because: "it is not wanted any more" };
  if (isOutdated) return { kind: "drain", why: "changed", because: "its settings are others" };
  if (hasBeenReady) return { kind: "wait", untilMs: undefined, because: health.because };
  const untilMs = startedMs + startMs;
  if (nowMs < untilMs) return { kind: "wait", untilMs, because: health.because };
  const because = `it was not ready within ${startMs} ms: ${health.because}`;
  return { kind: "drain", why: "never-ready", because };
}

function decideDraining(
  { isAlive, isIdle, nowMs }: View,
  { sinceMs, why, because }: Ending,
): Decision {
  const untilMs = sinceMs + drainMsMax;
  if (isAlive && !isIdle && nowMs < untilMs) return { kind: "wait", untilMs, because };
  return { kind: "stop", why, because };
}

/** What outlives its first process may still be letting people go: it has the same time. */
function decideStopping(
  { hasFamily, nowMs, stopMs }: View,
  { sinceMs, why, because }: Ending,
): Decision {
  if (!hasFamily) return { kind: "stopped", why, because };
  const untilMs = sinceMs + stopMs;
  if (nowMs < untilMs) return { kind: "wait", untilMs, because };
  return { kind: "kill", because: `${because}, and it did not end within ${stopMs} ms` };
}

export type Health = {
  readonly isHealthy: boolean;
  /** Answers in a row that say otherwise. */
  readonly against: number;
  readonly because: string;
};

/** Before the first answer. */
export const unknownHealth: Health = {
  isHealthy: false,
  against: 0,
  because: "it has not answered yet",
};

export type Answer = { readonly isGood: boolean; readonly because: string };

type Thresholds = { readonly healthyThreshold: number; readonly unhealthyThreshold: number };

/** Only so many answers in a row, each against what was thought, change it. */
export function nextHealth(health: Health, answer: Answer, thresholds: Thresholds): Health {
  const { because } = answer;
  if (answer.isGood === health.isHealthy) return { ...health, against: 0, because };
  const { healthyThreshold, unhealthyThreshold } = thresholds;
  const against = health.against + 1;
  const enough = answer.isGood ? healthyThreshold : unhealthyThreshold;
  if (against < enough) return { ...health, against, because };
  return { isHealthy: answer.isGood, against: 0, because };
}

/** How people hear of it. */
export function stateOf(phase: Phase): ReplicaState {
  if (phase.kind === "draining") return "stopping";
  if (phase.kind !== "running") return phase.kind;
  if (phase.health.isHealthy) return "ready";
  return phase.hasBeenReady ? "unready" : "starting";
}
