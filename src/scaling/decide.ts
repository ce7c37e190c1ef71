/**
 * How many replicas a service is to have in a Region: what `recommend.ts` asks for, within the limits that the
 * Kubernetes HorizontalPodAutoscaler sets by default (https://kubernetes.io/docs/tasks/run-application/
 * horizontal-pod-autoscale/, "Configurable scaling behavior"):
 *
 *   recommend ──► stabilize: not fewer than the most that was asked for in the window; more at once
 *             ──► policies: in 15 s at most twice as many or four more, whichever is more; down to any number
 *             ──► min and max
 *
 * Pure: what must be remembered is the history, which goes in and comes out.
 */
import type { Scaling } from "../model/service.ts";
import { changedLately, mostAsked, noteAsked, noteStep, type ScaleHistory } from "./history.ts";
import { recommend } from "./recommend.ts";
import type { ReplicaUsage } from "./usage.ts";

/** 15 s: the period of the default policies, and the HPA's own pace. */
export const policyPeriodMs = 15_000;
/** In one period as many again as there were … */
const growthPercentMax = 100;
/** … or four more, which is what gets a small service going. */
const growthReplicasMax = 4;
/** In one period all of them may go: the stabilization is what holds back. */
const shrinkPercentMax = 100;

export type ScaleView = {
  readonly scaling: Scaling;
  /** What it is to have now. */
  readonly current: number;
  /** Undefined: nobody hears the Region. */
  readonly usage: readonly ReplicaUsage[] | undefined;
  readonly history: ScaleHistory;
  /** While a Region is held warm, not fewer than this. 0: it is not. */
  readonly floor: number;
  readonly nowMs: number;
};

export type ScaleDecision = {
  readonly because: string;
  readonly history: ScaleHistory;
  /** What the formula asks for before any limit; undefined: it was not asked, or has no answer. */
  readonly recommended: number | undefined;
} & ({ readonly kind: "keep" } | { readonly kind: "scale"; readonly replicas: number });

export function decide(view: ScaleView): ScaleDecision {
  const { scaling, current, usage, history, nowMs } = view;
  const { cpuPercent, max } = scaling;
  const min = leastOf(view);
  const keep = (because: string): ScaleDecision => {
    return { kind: "keep", because, history, recommended: undefined };
  };
  if (cpuPercent === undefined) return keep("only a person changes its number");
  if (usage === undefined) return keep("its Region is not heard");
  if (current === 0) return keep("it is set to 0");
  if (current > max) return scaleTo(view, history, max, `never more than ${max}`);
  if (current < min) return scaleTo(view, history, min, leastText(view));

  const recommendation = recommend(current, usage, { ...scaling, cpuPercent });
  if (recommendation === undefined) return keep("no replica is measured yet");
  const { replicas: recommended, because } = recommendation;
  const spans = { windowMs: scaling.scaleDownStabilizationMs, periodMs: policyPeriodMs };
  // A controller that starts knows nothing of the window before: what is there counts as asked for at that moment.
  const seeded = history.asked.length > 0 ? history : noteAsked(history, current, nowMs, spans);
  const noted = noteAsked(seeded, recommended, nowMs, spans);
  const limited = limit({ ...view, history: noted }, recommended);
  const why = [because, ...limited.because].join("; ");
  if (limited.replicas === current) {
    return { kind: "keep", because: why, history: noted, recommended };
  }
  return { ...scaleTo(view, noted, limited.replicas, why), recommended };
}

/** A warm Region has a higher minimum. */
function leastOf({ scaling, floor }: ScaleView): number {
  return Math.min(scaling.max, Math.max(scaling.min, floor));
}

function leastText(view: ScaleView): string {
  const min = leastOf(view);
  return min > view.scaling.min ? `held warm at ${min}` : `never fewer than ${min}`;
}

function scaleTo(
  { current, nowMs }: ScaleView,
  history: ScaleHistory,
  replicas: number,
  because: string,
): ScaleDecision {
  const after = noteStep(history, replicas - current, nowMs);
  return { kind: "scale", replicas, because, history: after, recommended: undefined };
}

type Limited = { readonly replicas: number; readonly because: readonly string[] };

function limit(view: ScaleView, recommended: number): Limited {
  const stable = stabilize(view, recommended);
  const paced = pace(view, stable.replicas);
  const bounded = bound(view, paced.replicas);
  const because = [...stable.because, ...paced.because, ...bounded.because];
  return { replicas: bounded.replicas, because };
}

/** More at once; fewer only down to the most that the window asked for. */
function stabilize({ current, history, scaling, nowMs }: ScaleView, recommended: number): Limited {
  if (recommended >= current) return { replicas: recommended, because: [] };
  const windowMs = scaling.scaleDownStabilizationMs;
  const most = Math.max(recommended, mostAsked(history, nowMs, windowMs) ?? recommended);
  const replicas = Math.min(current, most);
  if (replicas === recommended) return { replicas, because: [] };
  const because = `${most} were asked for within ${windowMs / 1_000} s`;
  return { replicas, because: [because] };
}

/** By what the number was when the period began, so that several steps in one period are one. */
function pace({ current, history, nowMs }: ScaleView, wanted: number): Limited {
  const before = current - changedLately(history, nowMs, policyPeriodMs);
  if (wanted > current) {
    const byPercent = Math.ceil(before * (1 + growthPercentMax / 100));
    const most = Math.max(current, byPercent, before + growthReplicasMax);
    if (wanted <= most) return { replicas: wanted, because: [] };
    return { replicas: most, because: [`at most ${most} at this pace, and not ${wanted}`] };
  }
  const least = Math.min(current, Math.floor(before * (1 - shrinkPercentMax / 100)));
  return { replicas: Math.max(wanted, least), because: [] };
}

function bound(view: ScaleView, wanted: number): Limited {
  const { max } = view.scaling;
  const min = leastOf(view);
  if (wanted > max) return { replicas: max, because: [`never more than ${max}`] };
  if (wanted >= min) return { replicas: wanted, because: [] };
  return { replicas: min, because: [leastText(view)] };
}
