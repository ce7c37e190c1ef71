/**
 * What an agent does next with one of its instances. Pure. Rules: SPEC.md, A1 to A20.
 *
 *   assigned primary    writer's data   + lease in hand ──► start as primary ──► open its writes
 *                                       no lease ──► fenced      handed over ──► wait      abandoned timeline ──► diverged
 *                       standby's data  ──► runs, and waits for the command to promote it
 *   assigned secondary  standby's data  ──► start, follow        past the fork ──► stop ──► diverged
 *                       writer's data   clean and before the fork ──► start as standby       otherwise ──► diverged
 *   runs as a writer and is assigned no writer ──► fence (I1)
 */
import type { Assignment } from "../model/assignment.ts";
import type { FailureCode } from "../model/failure.ts";
import { isPastFork, type TimelinePoint } from "../model/fork.ts";
import { formatLsn } from "../model/lsn.ts";
import type { SystemId } from "../model/region.ts";
import type { DataDirectory, StartAs, Upstream } from "../postgres/postgres.ts";

/** What runs now; undefined is nothing. */
export type Running = StartAs | { readonly kind: "adopted"; readonly isInRecovery: boolean };

/** How far a running server has come, as it said last. */
export type RunningPoint = TimelinePoint & { readonly isStreaming: boolean };

export type InstanceView = {
  readonly assignment: Assignment | undefined;
  /** The lease of the assigned epoch, with enough left of it to start with. */
  readonly leaseIsInHand: boolean;
  /** The operation that stopped the writer here and keeps it down. */
  readonly handedOverTo: string | undefined;
  readonly data: DataDirectory;
  readonly running: Running | undefined;
  /** Of what runs; undefined before it said so. */
  readonly point: RunningPoint | undefined;
  /** This agent has let clients' writes in since the server runs. */
  readonly writesAreOpen: boolean;
  /** False while the last failed start is too recent for another one. */
  readonly mayTry: boolean;
};

export type InstanceDecision = { readonly because: string } & (
  | { readonly kind: "wait" }
  | { readonly kind: "fenced" }
  | { readonly kind: "diverged" }
  | { readonly kind: "refuse"; readonly code: FailureCode }
  | { readonly kind: "remove-unfinished" }
  | { readonly kind: "start"; readonly as: StartAs }
  | { readonly kind: "stop" }
  /** Every process at once: it may be acknowledging writes that it must not. */
  | { readonly kind: "fence" }
  | { readonly kind: "open-writes" }
  | { readonly kind: "follow"; readonly upstream: Upstream }
);

type PresentData = Extract<DataDirectory, { readonly kind: "present" }>;

export function decideInstance(view: InstanceView): InstanceDecision {
  const { assignment, data, running } = view;
  if (!assignment) return decideUnassigned(running);
  if (data.kind === "present" && isOther(data.systemId, assignment.systemId)) {
    const because = `its data belongs to database system ${data.systemId}, not to ${assignment.systemId}`;
    if (running) return { kind: runsAsStandby(running) ? "stop" : "fence", because };
    return { kind: "refuse", code: "postgres.other-cluster", because };
  }
  if (!running) return decideAtRest(view, assignment);
  return assignment.role === "primary"
    ? decideRunningPrimary(view, assignment, running)
    : decideRunningSecondary(view, assignment, running);
}

function decideAtRest(view: InstanceView, assignment: Assignment): InstanceDecision {
  const { data } = view;
  if (data.kind === "unfinished") {
    return { kind: "remove-unfinished", because: "a creation or clone was interrupted" };
  }
  if (data.kind === "absent") return decideAbsent(assignment);
  if (assignment.systemId === undefined) {
    return { kind: "wait", because: "the controller has not recorded the new database system yet" };
  }
  const decision =
    assignment.role === "primary"
      ? decidePrimary(view, assignment, data)
      : decideSecondary(assignment, data);
  if (decision.kind !== "start" || view.mayTry) return decision;
  return { kind: "wait", because: "the last start failed a moment ago" };
}

/** A standby that was found running only follows; anything else might be acknowledging writes. */
function decideUnassigned(running: Running | undefined): InstanceDecision {
  const because = "the controller has not said yet what it is to be";
  if (!running) return { kind: "fenced", because };
  return runsAsStandby(running) ? { kind: "wait", because } : { kind: "fence", because };
}

function isOther(found: SystemId, assigned: SystemId | undefined): boolean {
  return assigned !== undefined && found !== assigned;
}

function decideAbsent(assignment: Assignment): InstanceDecision {
  const isLost = assignment.role === "primary" && assignment.systemId !== undefined;
  return isLost
    ? {
        kind: "refuse",
        code: "postgres.data-missing",
        because: "the writer's data directory is gone",
      }
    : { kind: "wait", because: "there is no data yet" };
}

function decidePrimary(
  view: InstanceView,
  assignment: Assignment,
  data: PresentData,
): InstanceDecision {
  if (view.handedOverTo !== undefined) {
    return { kind: "wait", because: `it was stopped for ${view.handedOverTo}` };
  }
  const because = divergence(data, assignment);
  if (because !== undefined) return { kind: "diverged", because };
  if (data.isStandby) {
    const waits = "it is to be promoted, and refuses writes until then";
    return { kind: "start", as: { kind: "fenced" }, because: waits };
  }
  if (!assignment.isPromoted) {
    return {
      kind: "wait",
      because: "it is to be promoted, so that its epoch has its own timeline",
    };
  }
  if (!view.leaseIsInHand) {
    return { kind: "fenced", because: "it has no lease: the controller does not answer" };
  }
  return { kind: "start", as: { kind: "primary" }, because: "the lease is in hand" };
}

function decideSecondary(assignment: Assignment, data: PresentData): InstanceDecision {
  const { upstream } = assignment;
  const because = divergence(data, assignment);
  if (because !== undefined) return { kind: "diverged", because };
  if (!upstream) return { kind: "wait", because: "nobody said yet whom it follows" };
  const isJoining = !data.isStandby;
  if (isJoining && !isLeft(data.end.timeline, assignment)) {
    const unknown = "its data is a former writer's, and where the others left it is not known";
    return { kind: "fenced", because: unknown };
  }
  return {
    kind: "start",
    as: { kind: "secondary", upstream },
    because: isJoining
      ? "it was shut down cleanly, and the others have all that it has"
      : "a secondary needs no lease",
  };
}

/** Why data at rest are no part of the history of the others, or may not be; undefined when they are. */
export function divergence(data: PresentData, assignment: Assignment): string | undefined {
  const { end, isStandby } = data;
  if (isStandby) {
    return isPastFork(end, assignment.forks) ? tell(end, "received", assignment) : undefined;
  }
  if (assignment.role === "primary") {
    // Going on from there would make a second history on a timeline that the others have left.
    return isLeft(end.timeline, assignment) ? tell(end, "wrote", assignment) : undefined;
  }
  if (!end.isClean) return "its data is a former writer's that crashed: nobody knows what it has";
  // The record of its shutdown begins at its end, and belongs to it: a fork there leaves that out.
  const fork = assignment.forks.find(({ parent }) => parent === end.timeline);
  return fork && end.lsn >= fork.lsn ? tell(end, "wrote", assignment) : undefined;
}

function isLeft(timeline: number, { forks }: Assignment): boolean {
  return forks.some(({ parent }) => parent === timeline);
}

function tell({ timeline, lsn }: TimelinePoint, verb: string, { forks }: Assignment): string {
  const fork = forks.find(({ parent }) => parent === timeline);
  const left = fork ? `the others left it at ${formatLsn(fork.lsn)}` : "the others left it";
  return `it ${verb} timeline ${timeline} up to ${formatLsn(lsn)}, and ${left}`;
}

function decideRunningPrimary(
  view: InstanceView,
  { isPromoted }: Assignment,
  running: Running,
): InstanceDecision {
  if (runsAsStandby(running)) {
    return { kind: "wait", because: "it is to be promoted, and refuses writes until then" };
  }
  if (view.handedOverTo !== undefined) {
    return { kind: "stop", because: `it hands over to ${view.handedOverTo}` };
  }
  return view.leaseIsInHand && !view.writesAreOpen && isPromoted
    ? { kind: "open-writes", because: "the lease is in hand" }
    : { kind: "wait", because: "it runs as it should" };
}

function decideRunningSecondary(
  view: InstanceView,
  assignment: Assignment,
  running: Running,
): InstanceDecision {
  if (!runsAsStandby(running)) {
    return { kind: "fence", because: "it runs as a writer, and another Region is the writer" };
  }
  const { upstream, forks } = assignment;
  const { point } = view;
  // The new upstream refuses one that is past the fork, so one that streams is not.
  if (point && upstream && !point.isStreaming && isPastFork(point, forks)) {
    return { kind: "stop", because: tell(point, "received", assignment) };
  }
  const current = running.kind === "secondary" ? running.upstream : undefined;
  if (!upstream || isSameUpstream(current, upstream)) {
    return { kind: "wait", because: "it runs as it should" };
  }
  return { kind: "follow", upstream, because: "its upstream is another one now" };
}

function runsAsStandby(running: Running): boolean {
  return running.kind === "adopted" ? running.isInRecovery : running.kind !== "primary";
}

export function isSameUpstream(a: Upstream | undefined, b: Upstream): boolean {
  return (
    a?.address.host === b.address.host &&
    a.address.port === b.address.port &&
    a.slot === b.slot &&
    a.applicationName === b.applicationName
  );
}
