/**
 * Whether commits wait for a secondary in another Region, so that a failover loses at most `rpoGuardMs` of them. Pure.
 *
 *   watching ──best lag above the limit──► holding ──below half of it──► watching
 *       └───── no secondary streams: suspended, because it would stop every write ─────┘
 */
import type { RpoGuardState } from "../model/instance.ts";

export type GuardedSecondary = {
  /** As the writer knows it (`application_name`). */
  readonly name: string;
  readonly isStreaming: boolean;
  /** Age of the oldest commit that it has not flushed, in ms; undefined while it is not known. */
  readonly rpoLagMs: number | undefined;
};

export type RpoGuardView = {
  /** 0: off. */
  readonly limitMs: number;
  /** Those of other Regions. */
  readonly secondaries: readonly GuardedSecondary[];
  readonly state: RpoGuardState;
};

export type RpoGuardDecision = {
  readonly state: RpoGuardState;
  /** The secondaries, one of which a commit waits for; of none when empty. */
  readonly synchronous: readonly string[];
};

export function decideRpoGuard(view: RpoGuardView): RpoGuardDecision {
  const { limitMs, secondaries } = view;
  if (limitMs === 0) return free({ kind: "off" });
  const streaming = secondaries.filter(({ isStreaming }) => isStreaming);
  if (streaming.length === 0) {
    const because = "no secondary in another Region streams: holding would stop every write";
    return free({ kind: "suspended", because });
  }
  // One copy that is recent enough is enough: a failover goes to the best.
  const lags = streaming.flatMap(({ rpoLagMs }) => (rpoLagMs === undefined ? [] : [rpoLagMs]));
  const bestMs = lags.length === 0 ? undefined : Math.min(...lags);
  return isTooFar(bestMs, view)
    ? { state: { kind: "holding" }, synchronous: streaming.map(({ name }) => name).toSorted() }
    : free({ kind: "watching" });
}

/** Above the limit; once it holds, until it is below half of it, or it would change its mind each second. */
function isTooFar(bestMs: number | undefined, { limitMs, state }: RpoGuardView): boolean {
  const wasHolding = state.kind === "holding";
  if (bestMs === undefined) return wasHolding;
  return wasHolding ? bestMs >= limitMs / 2 : bestMs > limitMs;
}

function free(state: RpoGuardState): RpoGuardDecision {
  return { state, synchronous: [] };
}
