/**
 * What a database system needs next. Pure: everything it knows is in its arguments. Rules: SPEC.md, D1 to D8.
 *
 *   not created ──the writer's Region is empty──► create ──its report names a system id──► record it
 *   created     ──a secondary is empty──────────► clone  ──it streams──► nothing more to do
 */
import type { InstanceReport } from "../model/instance.ts";
import { formatInstance, type InstanceId, type SystemId } from "../model/region.ts";
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
  readonly instances: readonly InstanceView[];
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
);

/** One decision for each instance that needs something; a single `wait` when none does. */
export function decide(view: SystemView): readonly Decision[] {
  const { systemId } = view.record;
  if (systemId === undefined) return [decideCreation(view)];
  const clones = view.instances
    .filter(({ id }) => !isWriter(id, view.record))
    .flatMap((secondary) => decideClone(secondary, view, systemId));
  return clones.length > 0 ? clones : [wait("no instance needs anything that can be had now")];
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

function decideClone(
  secondary: InstanceView,
  view: SystemView,
  systemId: SystemId,
): readonly Decision[] {
  const { id, report } = secondary;
  if (!report || isBusy(report)) return [];
  const upstreamId = upstreamOf(id, view.record);
  const upstream = view.instances.find(
    (other) => other.id.region === upstreamId?.region && other.id.number === upstreamId.number,
  )?.report;
  if (upstream?.state.kind !== "serving" || !secondary.mayTry) return [];
  const common = { kind: "clone", instance: id, systemId } as const;
  if (hasNoData(report)) {
    return [{ ...common, replace: false, because: "it has no data and its upstream serves" }];
  }
  const slot = upstream.lags.find(
    ({ region, number }) => region === id.region && number === id.number,
  );
  const isLost = slot?.slotIsIntact === false && report.state.kind !== "serving";
  // Data of another database system is not ours to replace, whatever became of the slot.
  const mustRebuild = isLost && report.systemId === systemId;
  return mustRebuild
    ? [{ ...common, replace: true, because: "its upstream no longer has the WAL that it needs" }]
    : [];
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
