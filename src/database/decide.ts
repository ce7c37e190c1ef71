/**
 * What a database system needs next, while no operation holds it. Pure: everything it knows is in its arguments.
 * Rules: SPEC.md, D1 to D12.
 *
 *   not created ──the writer's Region is empty──► create ──its report names a system id──► record it
 *   created     ──a secondary is empty──────────► clone  ──it streams──► ask ──the writer heard it──► candidate
 *   a former writer, or a member past the fork ──► set aside ──► it is empty
 */
import type { InstanceReport } from "../model/instance.ts";
import { formatInstance, type InstanceId, type RegionId, type SystemId } from "../model/region.ts";
import { hasJoined } from "./joined.ts";
import type { SystemRecord } from "./records.ts";
import { isWriter, upstreamOf } from "./topology.ts";

export type InstanceView = {
  readonly id: InstanceId;
  /** What its agent said last; undefined when that is too long ago to act upon. */
  readonly report: InstanceReport | undefined;
  /** False while the last failed attempt is too recent for another one. */
  readonly mayTry: boolean;
};

export type SystemView = {
  readonly record: SystemRecord;
  /** Those of the member Regions. */
  readonly instances: readonly InstanceView[];
  /** Instances in Regions that are no members any more. */
  readonly leftovers: readonly InstanceView[];
  /** Whether what left the common history comes back by itself, once it is evidence. */
  readonly rejoin: "automatic" | "manual";
};

export type Decision = { readonly because: string } & (
  | { readonly kind: "wait" }
  | { readonly kind: "record-system-id"; readonly systemId: SystemId }
  | { readonly kind: "create"; readonly instance: InstanceId }
  | {
      readonly kind: "clone";
      readonly instance: InstanceId;
      readonly systemId: SystemId;
      readonly replace: boolean;
    }
  /** It was claimed, and the operation that was to promote it is gone. */
  | { readonly kind: "promote"; readonly instance: InstanceId }
  | { readonly kind: "set-aside"; readonly instance: InstanceId }
  | { readonly kind: "discard"; readonly instance: InstanceId }
  /** What a Region held is evidence by now: it may be cloned. */
  | { readonly kind: "absolve"; readonly region: RegionId }
  | { readonly kind: "ask-candidate"; readonly region: RegionId }
  | { readonly kind: "accept-candidates"; readonly regions: readonly RegionId[] }
);

/** One decision for each instance that needs something; a single `wait` when none does. */
export function decide(view: SystemView): readonly Decision[] {
  const { systemId, operation } = view.record;
  if (operation !== undefined) return [wait(`${operation} holds it`)];
  if (systemId === undefined) return [decideCreation(view)];
  if (!view.record.isPromoted) return decidePromotion(view);
  const secondaries = view.instances.filter(({ id }) => !isWriter(id, view.record));
  const mends = secondaries.flatMap((secondary) => [
    ...decideEvidence(secondary, view),
    ...decideClone(secondary, view, systemId),
  ]);
  // One change of the record at a time: the next one is decided upon what this one leaves.
  const discards = view.leftovers.flatMap((leftover) => decideDiscard(leftover, systemId));
  const needed = [...mends, ...discards, ...decideCandidates(secondaries, view).slice(0, 1)];
  return needed.length > 0 ? needed : [wait("no instance needs anything that can be had now")];
}

function decideCreation(view: SystemView): Decision {
  const writer = view.instances.find(({ id }) => isWriter(id, view.record));
  if (!writer?.report) return wait("the writer's agent does not report");
  const { report, id } = writer;
  const stranger = view.instances.find(
    (other) =>
      other.report?.systemId !== undefined && !(other === writer && view.record.isCreating),
  );
  if (stranger !== undefined) {
    return wait(`${formatInstance(stranger.id)} holds data, but no system was ever created`);
  }
  if (report.systemId !== undefined) {
    return {
      kind: "record-system-id",
      systemId: report.systemId,
      because: "the writer was created",
    };
  }
  if (!hasNoData(report)) return wait(`the writer is ${report.state.kind}`);
  if (!writer.mayTry) return wait("the last attempt failed a moment ago");
  return { kind: "create", instance: id, because: "the database system was never created" };
}

/** A failover that took over from a claimed operation may be rolled back, too: then the claim still stands. */
function decidePromotion({ record, instances }: SystemView): readonly Decision[] {
  const writer = instances.find(({ id }) => isWriter(id, record));
  if (!writer?.report) return [wait(`${record.primary} was to be promoted, and is not heard`)];
  if (!writer.mayTry) return [wait("the last attempt failed a moment ago")];
  return [{ kind: "promote", instance: writer.id, because: "it was claimed and never promoted" }];
}

/**
 * What left the history of the others becomes evidence before anything else happens to it (I5). A condemned Region is
 * absolved when none of its instances holds anything any more, and each of them has said so.
 */
function decideEvidence(secondary: InstanceView, view: SystemView): readonly Decision[] {
  const { id, report, mayTry } = secondary;
  const { condemned, rejoining } = view.record;
  if (!report || isBusy(report)) return [];
  const isCondemned = condemned.includes(id.region);
  if (isCondemned && report.state.kind === "absent") return decideAbsolution(id, view);
  const isWanted = view.rejoin === "automatic" || rejoining.includes(id.region);
  if (!mustGo(report, isCondemned) || !mayTry || !isWanted) return [];
  return [{ kind: "set-aside", instance: id, because: "it left the history of the others" }];
}

function mustGo(report: InstanceReport, isCondemned: boolean): boolean {
  return report.state.kind === "diverged" || (isCondemned && report.systemId !== undefined);
}

function decideAbsolution({ region, number }: InstanceId, view: SystemView): readonly Decision[] {
  const together = view.instances.filter(({ id }) => id.region === region);
  const isLast = together.every(({ report }) => report?.state.kind === "absent");
  const because = `what ${region} held is evidence now`;
  return isLast && number === 1 ? [{ kind: "absolve", region, because }] : [];
}

/** A Region that was away when it was removed hears of it when it is back. */
function decideDiscard(
  { id, report, mayTry }: InstanceView,
  systemId: SystemId,
): readonly Decision[] {
  if (!report || isBusy(report) || !mayTry || report.systemId !== systemId) return [];
  return [{ kind: "discard", instance: id, because: `${id.region} is no member any more` }];
}

function decideClone(
  secondary: InstanceView,
  view: SystemView,
  systemId: SystemId,
): readonly Decision[] {
  const { id, report, mayTry } = secondary;
  const upstream = reportOfUpstream(id, view);
  if (!report || isBusy(report) || isEvidence(id, report, view.record) || !mayTry) return [];
  if (upstream?.state.kind !== "serving") return [];
  const common = { kind: "clone", instance: id, systemId } as const;
  if (hasNoData(report)) {
    return [{ ...common, replace: false, because: "it has no data and its upstream serves" }];
  }
  // Data of another database system is not ours to replace, whatever became of the slot.
  const isStranded = report.state.kind !== "serving" && hasLostWal(id, report, upstream);
  return isStranded && report.systemId === systemId
    ? [{ ...common, replace: true, because: "its upstream no longer has the WAL that it needs" }]
    : [];
}

/** What left the common history is evidence first, also where a person is to say when (I5). */
function isEvidence(
  { region }: InstanceId,
  { state }: InstanceReport,
  { condemned }: SystemRecord,
): boolean {
  return state.kind === "diverged" || condemned.includes(region);
}

function reportOfUpstream(id: InstanceId, view: SystemView): InstanceReport | undefined {
  const upstreamId = upstreamOf(id, view.record);
  return view.instances.find(
    (other) => other.id.region === upstreamId?.region && other.id.number === upstreamId.number,
  )?.report;
}

/**
 * Either the slot says so; or the upstream has no WAL that begins early enough: the slot of one that was promoted while
 * the secondary was far behind is a new one, and keeps nothing that was gone before.
 */
function hasLostWal(id: InstanceId, report: InstanceReport, upstream: InstanceReport): boolean {
  const slot = upstream.lags.find(
    ({ region, number }) => region === id.region && number === id.number,
  );
  if (!slot || slot.isStreaming) return false;
  const flushedLsn = report.position?.flushedLsn;
  const { walFromLsn } = slot;
  const isGone = flushedLsn !== undefined && walFromLsn !== undefined && walFromLsn > flushedLsn;
  return !slot.slotIsIntact || isGone;
}

/**
 * A Region may be promoted once the writer's agent is known to ask it for promises (I2): first the writer is told
 * to, and when it says that it follows that version of the record, the Region is a candidate.
 */
function decideCandidates(
  secondaries: readonly InstanceView[],
  { record, instances }: SystemView,
): readonly Decision[] {
  const { asked, candidates, condemned, epoch, version } = record;
  const writer = instances.find(({ id }) => isWriter(id, record))?.report;
  if (asked.length > 0 && writer?.epoch === epoch && writer.version >= version) {
    const because = "the writer's agent asks them for promises";
    return [{ kind: "accept-candidates", regions: asked, because }];
  }
  return secondaries
    .filter(({ id, report }) => {
      const isKnown = [...asked, ...candidates, ...condemned].includes(id.region);
      return id.number === 1 && !isKnown && report !== undefined && hasJoined(report, record);
    })
    .map(({ id }) => ({ kind: "ask-candidate", region: id.region, because: "it streams" }));
}

function isBusy(report: InstanceReport): boolean {
  return report.command?.outcome === "running";
}

/** A failed attempt leaves nothing behind; its words stay in the state until the next one. */
function hasNoData(report: InstanceReport): boolean {
  const { kind } = report.state;
  return (
    report.systemId === undefined && !isBusy(report) && (kind === "absent" || kind === "failed")
  );
}

function wait(because: string): Decision {
  return { kind: "wait", because };
}
