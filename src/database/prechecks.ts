/** Whether an operation may begin, as a list of claims that people can read. Pure. */
import type { FailureCode } from "../model/failure.ts";
import { newestTimeline } from "../model/fork.ts";
import type { InstanceReport } from "../model/instance.ts";
import type { Operation, OperationCheck, OperationRequest } from "../model/operation.ts";
import type { RegionId } from "../model/region.ts";
import type { SystemRecord } from "./records.ts";
import type { DatabaseSystem } from "./topology.ts";

/** 64 MiB, 10 s: a target further behind would make people wait, and the cause is worth a look first. */
const lagBytesMax = 64 * 1024 * 1024;
const lagMsMax = 10_000;

/** 64 MiB: a promotion writes WAL segments of 16 MiB and a checkpoint; there is no way back when they do not fit. */
const freeBytesMin = 64 * 1024 * 1024;

export type PrecheckView = {
  readonly system: DatabaseSystem;
  readonly record: SystemRecord;
  /** The operation that holds the system now. */
  readonly running: Operation | undefined;
  /** The record of the Region that was detached, if it was. */
  readonly detached: SystemRecord | undefined;
  readonly reportOf: (region: RegionId) => InstanceReport | undefined;
  /** Sessions at the gateway of the primary Region that cannot be taken off the writer; 0 where nobody says so. */
  readonly pinnedSessions: number;
};

export type CodedCheck = OperationCheck & { readonly code: FailureCode };

type Check = (request: OperationRequest, view: PrecheckView) => CodedCheck;

/** In the order in which people want to hear of them, a cause before its effects: on a full disk nobody streams. */
export function precheck(request: OperationRequest, view: PrecheckView): readonly CodedCheck[] {
  return checksOf[request.kind].map((check) => check(request, view));
}

const isGlobal: Check = (_, { system }) =>
  claimThat("is a global database", "operation.target-invalid", [
    system.kind === "global",
    `${system.name} is local: each Region has its own`,
  ]);

const isCreated: Check = (_, { system, record }) =>
  claimThat("was created", "operation.refused", [
    record.systemId !== undefined,
    `${system.name} is being created`,
  ]);

const isFree: Check = ({ kind }, { running, system }) => {
  // A target that was lost after the claim must not hold the database for ever.
  const maySupersede = kind === "failover" && running?.phase === "claimed";
  return claimThat("no other operation runs", "operation.conflict", [
    running === undefined || maySupersede,
    `${running?.id ?? ""} runs on ${system.name} (step ${running?.step ?? ""})`,
  ]);
};

const dataLossIsAllowed: Check = ({ allowDataLoss }) =>
  claimThat("data loss is allowed", "failover.data-loss-not-allowed", [
    allowDataLoss,
    "a failover may lose the newest transactions, and nobody said that this is allowed",
  ]);

const primaryIsExpected: Check = ({ expectPrimary }, { record }) =>
  claimThat("the primary is the expected one", "failover.unexpected-primary", [
    expectPrimary === undefined || expectPrimary === record.primary,
    `the primary is ${record.primary}, not ${expectPrimary ?? ""}`,
  ]);

const targetIsAnother: Check = ({ to }, { record, system }) =>
  claimThat("the target is another member", "operation.target-invalid", [
    record.members.includes(to) && to !== record.primary,
    to === record.primary
      ? `${to} is the primary of ${system.name} already`
      : `${to} is not a member of ${system.name}`,
  ]);

const writerServes: Check = (_, { record, reportOf }) => {
  const writer = reportOf(record.primary);
  return claimThat("the writer serves", "operation.refused", [
    writer?.state.kind === "serving" && record.isPromoted,
    `the writer in ${record.primary} ${record.isPromoted ? said(writer) : "is not promoted yet"}`,
  ]);
};

const targetStreams: Check = ({ to }, { record, reportOf }) => {
  const target = reportOf(to);
  const isCurrent = target?.epoch === record.epoch && target.role === "secondary";
  const isServing = target?.state.kind === "serving";
  return claimThat("the target streams", "operation.refused", [
    isServing && isCurrent,
    isServing
      ? `${to} has not heard of epoch ${record.epoch} yet`
      : `the secondary in ${to} ${said(target)}`,
  ]);
};

const targetIsNear: Check = ({ to }, { record, reportOf }) => {
  const writer = reportOf(record.primary);
  const lag = writer?.lags.find(({ region, number }) => region === to && number === 1);
  const { lagBytes = Infinity, rpoLagMs = Infinity } = lag ?? {};
  // A writer that was promoted a moment ago has sent it nothing yet; the first step waits until it has.
  const isMeasured = lag !== undefined && (lag.isStreaming || lag.sentBytes > 0);
  return claimThat("the target is near", "operation.refused", [
    !isMeasured || (lagBytes <= lagBytesMax && rpoLagMs <= lagMsMax),
    `${to} is ${lagBytes} bytes and ${Math.round(rpoLagMs)} ms behind (at most ${lagBytesMax} and ${lagMsMax})`,
  ]);
};

const evidenceIsKept: Check = (_, { record, reportOf }) => {
  const lost = reportOf(record.primary)?.evidenceSlots.find(({ isIntact }) => !isIntact);
  return claimThat("the evidence slots are intact", "operation.refused", [
    lost === undefined,
    `the evidence slot of the SQL database ${lost?.database ?? ""} lost its WAL`,
  ]);
};

/** They would be refused at the hold anyway: who reads it here has lost nothing, and may say `--pins end`. */
const sessionsMayMove: Check = ({ pins }, { pinnedSessions, record }) => {
  const name = "every session of the gateway can move";
  const code = "operation.refused";
  if (pinnedSessions === 0) return { name, code, isPassed: true, because: "" };
  const sessions = pinnedSessions === 1 ? "1 session is" : `${pinnedSessions} sessions are`;
  const bound = `${sessions} bound to the writer in ${record.primary} by a temporary table, a session lock or the like`;
  return pins === "end"
    ? { name, code, isPassed: true, because: `${bound}, and will end` }
    : { name, code, isPassed: false, because: `${bound}; they would have to end (--pins end)` };
};

/** The writer's agent asks every candidate before it goes on without a controller; nobody else may be promoted (I2). */
const targetIsCandidate: Check = ({ to, kind, overrideFence }, { record }) => {
  const isForced = kind === "failover" && overrideFence !== undefined;
  const isAlone = record.candidates.length === 0;
  return claimThat(
    "the target is a candidate",
    kind === "switchover"
      ? "operation.refused"
      : isAlone
        ? "failover.not-redundant"
        : "failover.no-candidate",
    [
      record.candidates.includes(to) || isForced,
      isAlone
        ? `no secondary has streamed in epoch ${record.epoch} yet`
        : `${to} has not streamed in epoch ${record.epoch}; candidates: ${record.candidates.join(", ")}`,
    ],
  );
};

/** States of an instance that has data and can be made the writer. */
const usable: ReadonlySet<string> = new Set([
  "serving",
  "catching-up",
  "stopped",
  "starting",
  "fenced",
]);

/** A standby, or a writer that was shut down for a switchover whose target was lost. */
const targetCanBePromoted: Check = ({ to, overrideFence }, { record, reportOf }) => {
  const target = reportOf(to);
  const isUsable = target !== undefined && usable.has(target.state.kind);
  const isOurs = target?.systemId !== undefined && target.systemId === record.systemId;
  // Nobody is known to have written in an epoch whose writer was never heard: then the one before it will do as well.
  const mayBeCondemned = overrideFence !== undefined && !record.isPromoted;
  const isCondemned = record.condemned.includes(to) && !mayBeCondemned;
  const otherwise = isCondemned
    ? `what ${to} holds left the common history and is kept as evidence`
    : `the secondary in ${to} ${isUsable && !isOurs ? "holds no copy of this system" : said(target)}`;
  return claimThat("the target can be promoted", "operation.refused", [
    isUsable && isOurs && !isCondemned,
    otherwise,
  ]);
};

/**
 * What the newest timeline has alone would be lost (O10). One that does not say where it is, is waited for. When nobody
 * who answers has anything of that timeline, a person may give it up in writing.
 */
const targetIsOnNewestTimeline: Check = ({ to, overrideFence }, { record, reportOf }) => {
  const newest = newestTimeline(record.forks);
  const reached = (region: RegionId): number => reportOf(region)?.timeline ?? 0;
  const timeline = reportOf(to)?.timeline;
  const better = record.members.find((region) => region !== to && reached(region) >= newest);
  const isGivenUp = timeline !== undefined && overrideFence !== undefined && better === undefined;
  const where =
    timeline === undefined
      ? `${to} does not say whether it is on timeline ${newest}, as the writer was`
      : `${to} is on timeline ${timeline}, and the writer was on ${newest}`;
  return claimThat("the target is on the newest timeline", "operation.refused", [
    newest === 1 || (timeline !== undefined && timeline >= newest) || isGivenUp,
    better === undefined ? where : `${where}, as ${better} is`,
  ]);
};

/** Where nobody has said how much is free, there may be enough. */
export function hasRoom({ diskFreeBytes }: InstanceReport): boolean {
  return diskFreeBytes === undefined || diskFreeBytes >= freeBytesMin;
}

const targetHasRoom: Check = ({ to }, { reportOf }) => {
  const target = reportOf(to);
  return claimThat("the target has room on its disk", "disk.full", [
    target === undefined || hasRoom(target),
    `${to} has ${target?.diskFreeBytes ?? "?"} bytes free on the disk of its data, and needs ${freeBytesMin} to be promoted`,
  ]);
};

const regionHasPlace: Check = ({ to }, { system }) =>
  claimThat("the Region has a place", "operation.target-invalid", [
    system.regions.some(({ region }) => region === to),
    `leeward.yaml gives ${system.name} no instance in ${to}`,
  ]);

const regionIsNoMember: Check = ({ to }, { system, record, detached }) =>
  claimThat("the Region is no member", "operation.target-invalid", [
    !record.members.includes(to) && !detached,
    detached
      ? `${to} was detached and stands alone; let it rejoin`
      : `${to} is a member of ${system.name} already`,
  ]);

const regionCanRejoin: Check = ({ to }, { system, record, detached, reportOf }) => {
  const state = reportOf(to)?.state.kind;
  const isAway = detached !== undefined || record.condemned.includes(to) || state === "diverged";
  return claimThat("the Region has something to rejoin from", "operation.target-invalid", [
    isAway && to !== record.primary,
    `${to} neither left ${system.name} nor its history`,
  ]);
};

const regionMayLeave: Check = (request, view) =>
  view.detached
    ? claimThat("the Region stands alone", "operation.target-invalid", [true, ""])
    : targetIsAnother(request, view);

const common = [isGlobal, isFree, isCreated] as const;

const checksOf: Readonly<Record<OperationRequest["kind"], readonly Check[]>> = {
  switchover: [
    ...common,
    targetIsAnother,
    writerServes,
    targetHasRoom,
    targetStreams,
    targetIsNear,
    targetIsCandidate,
    evidenceIsKept,
    sessionsMayMove,
  ],
  failover: [
    isGlobal,
    primaryIsExpected,
    targetIsAnother,
    dataLossIsAllowed,
    isFree,
    isCreated,
    targetIsCandidate,
    targetHasRoom,
    targetCanBePromoted,
    targetIsOnNewestTimeline,
  ],
  detach: [
    ...common,
    targetIsAnother,
    targetHasRoom,
    targetCanBePromoted,
    targetIsOnNewestTimeline,
  ],
  add: [...common, regionHasPlace, regionIsNoMember],
  rejoin: [...common, regionHasPlace, regionCanRejoin],
  remove: [...common, regionMayLeave],
};

function claimThat(
  name: string,
  code: FailureCode,
  [isPassed, otherwise]: readonly [isPassed: boolean, otherwise: string],
): CodedCheck {
  return { name, isPassed, because: isPassed ? "" : otherwise, code };
}

function said(report: InstanceReport | undefined): string {
  if (!report) return "is not heard";
  const { state } = report;
  const because = "because" in state && state.because !== "" ? `: ${state.because}` : "";
  return `is ${state.kind}${because}`;
}
