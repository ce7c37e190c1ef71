/** What the steps of an operation are shown, as a test puts it together. */
import type { OperationView } from "../src/database/operation-view.ts";
import { firstIn, upstreamAssignment } from "../src/database/topology.ts";
import type { CommandProgress, CommandResult, InstanceReport } from "../src/model/instance.ts";
import type { Operation } from "../src/model/operation.ts";
import type { RegionId } from "../src/model/region.ts";
import { assert } from "../src/std/assert.ts";
import { addresses, createdRecord, orders } from "./database-fixtures.ts";

export type Shown = Partial<Pick<OperationView, "record" | "stepMs" | "isInherited">> & {
  readonly leaseLeftMs?: number;
  /** Regions that are left out do not report. */
  readonly reports?: Readonly<Record<string, InstanceReport>>;
  /** 0 where it is left out. */
  readonly reportAgesMs?: Readonly<Record<string, number>>;
  /** By `region step`. */
  readonly progress?: Readonly<Record<string, CommandProgress>>;
};

export function viewOf(operation: Operation, shown: Shown = {}): OperationView {
  const { record = createdRecord(), reports = {}, progress = {}, leaseLeftMs = 0 } = shown;
  return {
    operation,
    stepMs: shown.stepMs ?? 0,
    isInherited: shown.isInherited ?? false,
    record,
    leaseLeftMs,
    instanceOf: (region) => firstIn(orders, region),
    reportOf: (region) => reports[region],
    reportAgeMsOf: (region) => shown.reportAgesMs?.[region] ?? 0,
    progressOf: (region, step) => progress[`${region} ${step}`],
    upstreamOf: (from, to) => {
      const told = { ...record, primary: to };
      const upstream = upstreamAssignment(firstIn(orders, from), told, addresses.addressOf);
      assert(upstream !== undefined, "no Region streams from itself");
      return upstream;
    },
  };
}

/** One entry of `Shown.progress`. */
export function came(
  region: RegionId,
  step: string,
  outcome: CommandProgress["outcome"],
  result?: CommandResult,
): Readonly<Record<string, CommandProgress>> {
  return { [`${region} ${step}`]: { id: "a", outcome, because: `${step} ${outcome}`, result } };
}
