/**
 * Whether an endpoint counts as healthy: what its checks say, and what became of real requests.
 *
 *   healthy ── `unhealthyThreshold` bad answers in a row ──► unhealthy
 *      │  ◄──────── `good answers needed` in a row ─────────────┘  ▲
 *      └── a request met a closed door, or its connection broke ───┘   at once
 *
 * One that answers its checks and then drops requests needs twice as many good answers each time; a request that it
 * serves forgives it everything.
 */
import type { HealthCheck } from "../model/service.ts";

export type HealthState = {
  readonly isHealthy: boolean;
  readonly because: string;
  /** Answers in a row that say the contrary. */
  readonly against: number;
  /** Times it was ejected by requests since it last served one. */
  readonly ejections: number;
};

export type ProbeAnswer = { readonly isGood: boolean; readonly because: string };

type Thresholds = Pick<HealthCheck, "healthyThreshold" | "unhealthyThreshold">;

/** 2^5: at a check each half second, 16 s of good answers. */
const doublingsMax = 5;

/** Nobody has asked it yet. */
export function unasked(isHealthy: boolean): HealthState {
  return { isHealthy, because: "not checked yet", against: 0, ejections: 0 };
}

export function afterProbe(
  state: HealthState,
  answer: ProbeAnswer,
  thresholds: Thresholds,
): HealthState {
  if (answer.isGood === state.isHealthy) {
    return state.against === 0 && state.because === answer.because
      ? state
      : { ...state, because: answer.because, against: 0 };
  }
  const against = state.against + 1;
  if (against < needed(state, thresholds)) return { ...state, against };
  return { ...state, isHealthy: answer.isGood, because: answer.because, against: 0 };
}

function needed({ isHealthy, ejections }: HealthState, thresholds: Thresholds): number {
  if (isHealthy) return thresholds.unhealthyThreshold;
  return thresholds.healthyThreshold * 2 ** Math.min(Math.max(ejections - 1, 0), doublingsMax);
}

/** A request found out, before any check. */
export function afterLoss(state: HealthState, because: string): HealthState {
  // Several requests find out at the same time; that is one ejection.
  if (!state.isHealthy) return { ...state, against: 0 };
  return { isHealthy: false, because, against: 0, ejections: state.ejections + 1 };
}

export function afterService(state: HealthState): HealthState {
  return state.ejections === 0 || !state.isHealthy ? state : { ...state, ejections: 0 };
}
