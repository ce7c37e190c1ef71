/** Begins the failovers that the policy decides on, as a person would. */
import type { Clock } from "../env/env.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { Operation, OperationRequest } from "../model/operation.ts";
import type { RegionId } from "../model/region.ts";
import type { EventWriter } from "./event-writer.ts";
import { FailoverPolicy } from "./failover-policy.ts";
import type { Operations } from "./operations.ts";
import type { RecordBook } from "./record-book.ts";
import type { SystemRecord } from "./records.ts";
import type { Reports } from "./reports.ts";
import type { DatabaseSystem } from "./topology.ts";

export type PolicyDoors = {
  readonly clock: Clock;
  readonly records: RecordBook;
  readonly reports: Reports;
  readonly operations: Operations;
  readonly events: EventWriter;
  readonly sinceStoppedMs: (region: RegionId) => number | undefined;
  readonly begin: (request: OperationRequest, signal: AbortSignal) => Promise<Operation>;
};

export class PolicyFailover {
  readonly #doors: PolicyDoors;
  readonly #policy: FailoverPolicy;

  constructor(doors: PolicyDoors) {
    this.#doors = doors;
    this.#policy = new FailoverPolicy(doors.clock, doors.sinceStoppedMs);
  }

  /** A failover that is refused is an event: nothing else of the system waits for it. */
  async apply(system: DatabaseSystem, signal: AbortSignal): Promise<void> {
    const { records, reports, operations, events, begin } = this.#doors;
    if (!records.has(system.key) || system.failover !== "automatic") return;
    const record = records.get(system.key);
    const running = record.operation && records.operation(record.operation);
    // What is past its claim may have lost its target; then a failover takes over.
    if (running && running.phase !== "claimed") return;
    const losses = new Map(
      record.candidates.map((region) => [region, operations.lossOf(system, region)] as const),
    );
    const { decision, event } = this.#policy.decide(system, record, reports, losses);
    if (event) await events.append(event);
    if (decision.kind !== "fail-over") return;
    await begin(requestOf(system, record, decision.to), signal).catch(async (error: unknown) => {
      if (!(error instanceof Failure) || signal.aborted) throw error;
      const refused = this.#policy.refused(system, record, describeError(error));
      if (refused) await events.append(refused);
    });
  }
}

function requestOf({ name }: DatabaseSystem, record: SystemRecord, to: RegionId): OperationRequest {
  return {
    kind: "failover",
    database: name,
    to,
    requestedBy: "policy",
    allowDataLoss: true,
    expectPrimary: record.primary,
    overrideFence: undefined,
    pins: "refuse",
  };
}
