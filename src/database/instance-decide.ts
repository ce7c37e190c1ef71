/**
 * What an agent does next with one of its instances. Pure. Rules: SPEC.md, A1 to A8.
 *
 *   assigned primary   + lease in hand ──► start as primary      no lease ──► fenced, not started (I2)
 *   assigned secondary                 ──► start as secondary    runs on an old upstream ──► follow
 */
import type { Assignment } from "../model/assignment.ts";
import type { FailureCode } from "../model/failure.ts";
import type { SystemId } from "../model/region.ts";
import type { DataDirectory, StartAs, Upstream } from "../postgres/postgres.ts";

/** What runs now; undefined is nothing. */
export type Running = StartAs | { readonly kind: "adopted"; readonly isInRecovery: boolean };

export type InstanceView = {
  readonly assignment: Assignment | undefined;
  readonly leaseIsInHand: boolean;
  readonly data: DataDirectory;
  readonly running: Running | undefined;
  /** False while the last failed start is too recent for another one. */
  readonly mayTry: boolean;
};

export type InstanceDecision = { readonly because: string } & (
  | { readonly kind: "wait" }
  | { readonly kind: "fenced" }
  | { readonly kind: "refuse"; readonly code: FailureCode }
  | { readonly kind: "remove-unfinished" }
  | { readonly kind: "start"; readonly as: StartAs }
  | { readonly kind: "stop" }
  | { readonly kind: "follow"; readonly upstream: Upstream }
);

export function decideInstance(view: InstanceView): InstanceDecision {
  const { assignment, data, running } = view;
  if (!assignment) return decideUnassigned(running);
  if (data.kind === "present" && isOther(data.systemId, assignment.systemId)) {
    const because = `its data belongs to database system ${data.systemId}, not to ${assignment.systemId}`;
    if (running) return { kind: "stop", because };
    return { kind: "refuse", code: "postgres.other-cluster", because };
  }
  if (running) return decideRunning(running, assignment);
  if (data.kind === "unfinished") {
    return { kind: "remove-unfinished", because: "a creation or clone was interrupted" };
  }
  if (data.kind === "absent") return decideAbsent(assignment);
  if (assignment.systemId === undefined) {
    return { kind: "wait", because: "the controller has not recorded the new database system yet" };
  }
  return decideStart(view, assignment, data.isStandby);
}

/** A standby that was found running only follows; anything else might be acknowledging writes. */
function decideUnassigned(running: Running | undefined): InstanceDecision {
  const because = "the controller has not said yet what it is to be";
  if (!running) return { kind: "fenced", because };
  return runsAsStandby(running) ? { kind: "wait", because } : { kind: "stop", because };
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

function decideStart(
  view: InstanceView,
  assignment: Assignment,
  isStandby: boolean,
): InstanceDecision {
  if (assignment.role === "primary") {
    if (isStandby)
      return { kind: "fenced", because: "its data is a standby's and was never promoted" };
    if (!view.leaseIsInHand) {
      return { kind: "fenced", because: "it has no lease: the controller does not answer" };
    }
    if (!view.mayTry) return { kind: "wait", because: "the last start failed a moment ago" };
    return { kind: "start", as: { kind: "primary" }, because: "the lease is in hand" };
  }
  if (!isStandby) {
    return {
      kind: "fenced",
      because: "its data is a former writer's and must be kept as evidence first",
    };
  }
  if (!view.mayTry) return { kind: "wait", because: "the last start failed a moment ago" };
  return assignment.upstream
    ? {
        kind: "start",
        as: { kind: "secondary", upstream: assignment.upstream },
        because: "a secondary needs no lease",
      }
    : { kind: "start", as: { kind: "fenced" }, because: "it has no upstream" };
}

function decideRunning(running: Running, assignment: Assignment): InstanceDecision {
  const isStandby = runsAsStandby(running);
  if (isStandby !== (assignment.role === "secondary")) {
    return { kind: "stop", because: `it runs as something else than a ${assignment.role}` };
  }
  const { upstream } = assignment;
  if (!isStandby || !upstream) return { kind: "wait", because: "it runs as it should" };
  const current = running.kind === "secondary" ? running.upstream : undefined;
  return isSameUpstream(current, upstream)
    ? { kind: "wait", because: "it runs as it should" }
    : { kind: "follow", upstream, because: "its upstream is another one now" };
}

function runsAsStandby(running: Running): boolean {
  return running.kind === "adopted" ? running.isInRecovery : running.kind !== "primary";
}

function isSameUpstream(a: Upstream | undefined, b: Upstream): boolean {
  return (
    a?.address.host === b.address.host &&
    a.address.port === b.address.port &&
    a.slot === b.slot &&
    a.applicationName === b.applicationName
  );
}
