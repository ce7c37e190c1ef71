/**
 * The policy `failover: automatic`: gathers what the controller and the agents of other Regions see, and remembers
 * what was decided, so that each change of mind is an event with its reason, also one for doing nothing.
 */
import type { Clock } from "../env/env.ts";
import type { NewEvent } from "../model/event.ts";
import type { InstanceReport } from "../model/instance.ts";
import type { EstimatedLoss } from "../model/operation.ts";
import type { RegionId } from "../model/region.ts";
import { decideFailover, type FailoverDecision, type FailoverView } from "./automatic-failover.ts";
import { hasRoom } from "./prechecks.ts";
import type { SystemRecord } from "./records.ts";
import { reportMaxAgeMs, type Reports } from "./reports.ts";
import { firstIn, type DatabaseSystem } from "./topology.ts";

/** States that end by themselves, unless the server fails and is started over and over. */
const passing = new Set(["starting", "promoting", "creating"]);
/** 60 s: recovery after a crash replays a few gigabytes in that time. */
const passingMsMax = 60_000;
/** 30 s: a Region that is started reports within two, and on a machine that has much else to do within ten. */
const comingBackMsMax = 30_000;

export class FailoverPolicy {
  readonly #clock: Clock;
  readonly #sinceStoppedMs: (region: RegionId) => number | undefined;
  readonly #startedAtMs: number;
  readonly #failingSinceMs = new Map<string, number>();
  readonly #last = new Map<string, string>();
  /** Why the failover that was decided last could not begin. */
  readonly #lastRefusal = new Map<string, string>();

  constructor(clock: Clock, sinceStoppedMs: (region: RegionId) => number | undefined) {
    this.#clock = clock;
    this.#sinceStoppedMs = sinceStoppedMs;
    this.#startedAtMs = clock.monotonicMs();
  }

  /** The decision of this moment, and the event that tells of it when it is another one than the last. */
  decide(
    system: DatabaseSystem,
    record: SystemRecord,
    reports: Reports,
    losses: ReadonlyMap<RegionId, EstimatedLoss | undefined>,
  ): { readonly decision: FailoverDecision; readonly event: NewEvent | undefined } {
    const decision = decideFailover(this.#view(system, record, reports, losses));
    return { decision, event: this.#tell(system, record, decision) };
  }

  #view(
    system: DatabaseSystem,
    record: SystemRecord,
    reports: Reports,
    losses: ReadonlyMap<RegionId, EstimatedLoss | undefined>,
  ): FailoverView {
    const { primary, lastFailoverWallMs, members, candidates } = record;
    const nowMs = this.#clock.monotonicMs();
    const writer = reports.fresh(firstIn(system, primary));
    return {
      primary,
      primaryReportAgeMs: reports.ageMs(primary),
      reportMaxAgeMs,
      controllerAgeMs: nowMs - this.#startedAtMs,
      writerFailingMs: this.#failingMs(system.key, writer, nowMs),
      witnesses: members
        .filter((region) => region !== primary)
        .flatMap((region) => witnessIn(region, primary, reports)),
      candidates: candidates.flatMap((region) => {
        const report = reports.fresh(firstIn(system, region));
        const state = report?.state.kind;
        const isFit = state === "serving" || state === "catching-up";
        if (!isFit || !report?.position || !hasRoom(report)) return [];
        return [{ region, loss: losses.get(region), flushedLsn: report.position.flushedLsn }];
      }),
      // A wall clock that went back must not make the pause longer than it is.
      sinceFailoverMs:
        lastFailoverWallMs === undefined
          ? undefined
          : Math.abs(this.#clock.wallMs() - lastFailoverWallMs),
      failoverPauseMs: system.failoverPauseMs,
      isStoppedByPerson: this.#isStoppedByPerson(primary, reports),
    };
  }

  /** Also while it comes back: its silence is that of before, and to fail over then would undo the start. */
  #isStoppedByPerson(region: RegionId, reports: Reports): boolean {
    const sinceMs = this.#sinceStoppedMs(region);
    if (sinceMs === undefined) return false;
    const isHeardSince = reports.ageMs(region) !== undefined;
    return sinceMs === 0 || (sinceMs < comingBackMsMax && !isHeardSince);
  }

  /** Only while its agent is heard: silence is another trouble. */
  #failingMs(key: string, writer: InstanceReport | undefined, nowMs: number): number {
    const state = writer?.state.kind;
    if (state === undefined || state === "serving") {
      this.#failingSinceMs.delete(key);
      return 0;
    }
    const sinceMs = this.#failingSinceMs.get(key) ?? nowMs;
    this.#failingSinceMs.set(key, sinceMs);
    const failingMs = nowMs - sinceMs;
    return passing.has(state) && failingMs < passingMsMax ? 0 : failingMs;
  }

  /** It was decided, and could not begin: the event, unless it was told for this decision and reason. */
  refused(system: DatabaseSystem, record: SystemRecord, because: string): NewEvent | undefined {
    const said = withoutNumbers(because);
    if (this.#lastRefusal.get(system.key) === said) return undefined;
    this.#lastRefusal.set(system.key, said);
    return eventOf(system, record, { kind: "hold", because });
  }

  #tell(
    system: DatabaseSystem,
    record: SystemRecord,
    decision: FailoverDecision,
  ): NewEvent | undefined {
    const said = `${decision.kind}: ${withoutNumbers(decision.because)}`;
    const before = this.#last.get(system.key);
    if (before === said) return undefined;
    this.#last.set(system.key, said);
    this.#lastRefusal.delete(system.key);
    if (before === undefined && decision.kind === "healthy") return undefined;
    return eventOf(system, record, decision);
  }
}

const kinds = {
  healthy: "failover.not-needed",
  hold: "failover.withheld",
  "fail-over": "failover.decided",
} as const;

const words = {
  healthy: "No failover is needed any more",
  hold: "No failover by itself",
  "fail-over": "A failover by itself was decided",
} as const;

function eventOf(
  system: DatabaseSystem,
  record: SystemRecord,
  decision: FailoverDecision,
): NewEvent {
  return {
    kind: kinds[decision.kind],
    message: `${words[decision.kind]} for database ${system.name}: ${decision.because}.`,
    region: record.primary,
    database: system.name,
    details: {
      because: decision.because,
      epoch: record.epoch,
      to: decision.kind === "fail-over" ? decision.to : null,
    },
  };
}

function witnessIn(
  region: RegionId,
  primary: RegionId,
  reports: Reports,
): FailoverView["witnesses"] {
  const facts = reports.facts(region);
  if (!facts || facts.ageMs > reportMaxAgeMs) return [];
  const silentMs = facts.peers.find((peer) => peer.region === primary)?.silentMs;
  return [{ region, silentMs: silentMs === undefined ? undefined : silentMs + facts.ageMs }];
}

/** Ages grow with each look; a decision is another one when its reason is. */
function withoutNumbers(because: string): string {
  return because.replaceAll(/\d+ m?s/g, "");
}
