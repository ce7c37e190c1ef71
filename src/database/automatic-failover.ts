/**
 * Whether to fail over without a person. Pure. Two vantage points have to agree that the writer is gone: the
 * controller, and the agent of another Region; what only one of them sees may be its own trouble.
 */
import type { EstimatedLoss } from "../model/operation.ts";
import type { RegionId } from "../model/region.ts";

/**
 * 3 s without an answer to its pings. One goes out each second, and so does the report that tells of it: of a Region
 * that is well, 2 s may have passed. A failover is hardly later for it, since the last lease has to end first.
 */
const witnessSilentMs = 3_000;
/**
 * 10 s from the controller's start on for a Region that it has never heard: at the start of a world that is busy with
 * much else, its agent may be as late, and nothing is lost.
 */
const firstReportMsMax = 10_000;
/** 10 s in which an agent says that its writer does not serve: a restart after a crash is shorter. */
export const writerFailingMsMax = 10_000;

export type FailoverView = {
  readonly primary: RegionId;
  /** Undefined: its agent has not reported to this controller yet. */
  readonly primaryReportAgeMs: number | undefined;
  readonly reportMaxAgeMs: number;
  /** How long this controller runs; it has to give everybody the time to report first. */
  readonly controllerAgeMs: number;
  /** How long the agent has been saying that its writer does not serve; 0 while it serves. */
  readonly writerFailingMs: number;
  /** What other Regions' agents say; only those that are heard now. */
  readonly witnesses: readonly {
    readonly region: RegionId;
    readonly silentMs: number | undefined;
  }[];
  /** Candidates that are heard and can be promoted. */
  readonly candidates: readonly {
    readonly region: RegionId;
    readonly loss: EstimatedLoss | undefined;
    readonly flushedLsn: bigint;
  }[];
  /** Since the last failover; undefined: there was none. */
  readonly sinceFailoverMs: number | undefined;
  readonly failoverPauseMs: number;
  /** A person stopped the primary Region, and knows that it is away; it has not been heard since. */
  readonly isStoppedByPerson: boolean;
};

export type FailoverDecision = { readonly because: string } & (
  | { readonly kind: "healthy" }
  /** Something is wrong, and still nothing is done. */
  | { readonly kind: "hold" }
  | { readonly kind: "fail-over"; readonly to: RegionId }
);

export function decideFailover(view: FailoverView): FailoverDecision {
  const trouble = troubleOf(view);
  if (trouble === undefined) return { kind: "healthy", because: "the writer is heard and serves" };
  const doubt = doubtOf(view);
  if (doubt !== undefined) return { kind: "hold", because: `${trouble}, but ${doubt}` };
  const [best] = view.candidates.toSorted((a, b) => Number(b.flushedLsn - a.flushedLsn));
  if (!best) return { kind: "hold", because: `${trouble}, but no candidate is heard` };
  return { kind: "fail-over", to: best.region, because: `${trouble}; ${best.region} has the most` };
}

function troubleOf(view: FailoverView): string | undefined {
  const { primary, primaryReportAgeMs, reportMaxAgeMs, controllerAgeMs, writerFailingMs } = view;
  const silentMs = primaryReportAgeMs ?? controllerAgeMs;
  const silentMsMax = primaryReportAgeMs === undefined ? firstReportMsMax : reportMaxAgeMs;
  if (silentMs > silentMsMax) {
    return `${primary} has not been heard for ${Math.round(silentMs)} ms`;
  }
  return writerFailingMs > writerFailingMsMax
    ? `the writer in ${primary} has not served for ${Math.round(writerFailingMs)} ms`
    : undefined;
}

function doubtOf(view: FailoverView): string | undefined {
  const { primary, writerFailingMs, sinceFailoverMs, failoverPauseMs } = view;
  if (view.isStoppedByPerson) return "a person stopped that Region";
  if (sinceFailoverMs !== undefined && sinceFailoverMs < failoverPauseMs) {
    const ago = Math.round(sinceFailoverMs / 1000);
    return `the last failover was ${ago} s ago, and ${failoverPauseMs / 1000} s have to pass`;
  }
  if (writerFailingMs > writerFailingMsMax) return undefined;
  const seer = view.witnesses.find(
    ({ silentMs }) => silentMs !== undefined && silentMs < witnessSilentMs,
  );
  if (seer) return `${seer.region} still hears ${primary}`;
  return view.witnesses.some(({ silentMs }) => silentMs !== undefined)
    ? undefined
    : "no other Region can say so, too";
}
