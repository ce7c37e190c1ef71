/**
 * What the agent reads of a running writer each second, and does about it: lags and what a failover would lose, the
 * evidence slots, the RPO guard. On a standby, the slots of those that stream from it.
 */
import type { Clock } from "../env/env.ts";
import type { Assignment } from "../model/assignment.ts";
import type { NewEvent } from "../model/event.ts";
import type { EvidenceSlot } from "../model/evidence.ts";
import type { MeasuredLag, RpoGuardState } from "../model/instance.ts";
import type { Lsn } from "../model/lsn.ts";
import type { InstanceId } from "../model/region.ts";
import type { Postgres, ServerStatus } from "../postgres/postgres.ts";
import { measureLags, type SlotLag } from "./measured-lags.ts";
import { decideRpoGuard } from "./rpo-guard.ts";

/** 5 s: letting go of WAL means decoding it; what piles up meanwhile is a few segments. */
const evidenceEveryMs = 5_000;

export type WriterFacts = {
  readonly lags: readonly MeasuredLag[];
  readonly evidenceSlots: readonly EvidenceSlot[];
  readonly rpoGuard: RpoGuardState;
};

export type WriterWatchDoors = {
  readonly clock: Clock;
  readonly postgres: Postgres;
  readonly tell: (event: NewEvent) => void;
};

export const nothingWatched: WriterFacts = {
  lags: [],
  evidenceSlots: [],
  rpoGuard: { kind: "off" },
};

/** One for each life of a server: what it has set, the server has. */
export class WriterWatch {
  readonly #id: InstanceId;
  readonly #doors: WriterWatchDoors;
  #facts = nothingWatched;
  #ensuredSlots: string | undefined;
  #hasDroppedEvidence = false;
  #evidenceAtMs = -Infinity;
  /** Undefined while it is not known: a server that was adopted has what an earlier agent set. */
  #synchronous: readonly string[] | undefined;
  #cancelledWaits: number | undefined;

  constructor(id: InstanceId, doors: WriterWatchDoors) {
    this.#id = id;
    this.#doors = doors;
  }

  /** Reads everything once more, of the server that says this of itself. */
  async look(
    assignment: Assignment | undefined,
    { isInRecovery, flushedLsn }: Pick<ServerStatus, "isInRecovery" | "flushedLsn">,
    signal: AbortSignal,
  ): Promise<WriterFacts> {
    const slots = assignment?.slots ?? [];
    await this.ensureSlots(assignment, signal);
    const lags = await measureLags(this.#doors.postgres, slots, signal);
    this.#facts = { ...this.#facts, lags: lags.map(reported) };
    if (!isInRecovery && assignment?.role === "primary") {
      await this.#guard(assignment, lags, signal);
      await this.#keepEvidence(neededFrom(assignment, lags, flushedLsn), signal);
    } else if (isInRecovery && assignment?.upstream !== undefined && !this.#hasDroppedEvidence) {
      // It streams now, or will: what it was as a writer is in the others' history.
      await this.#doors.postgres.dropEvidenceSlots(signal);
      this.#hasDroppedEvidence = true;
    }
    return this.#facts;
  }

  async ensureSlots(assignment: Assignment | undefined, signal: AbortSignal): Promise<void> {
    const slots = (assignment?.slots ?? []).map(({ slot }) => slot);
    // Without an assignment nobody knows whose they are.
    if (!assignment || slots.join() === this.#ensuredSlots) return;
    await this.#doors.postgres.ensureSlots(slots, signal);
    this.#ensuredSlots = slots.join();
  }

  async #guard(
    assignment: Assignment,
    lags: readonly SlotLag[],
    signal: AbortSignal,
  ): Promise<void> {
    const { postgres } = this.#doors;
    const before = this.#facts.rpoGuard;
    const { state, synchronous } = decideRpoGuard({
      limitMs: assignment.rpoGuardMs,
      secondaries: lags
        .filter(({ region }) => region !== this.#id.region)
        .map(({ slot, isStreaming, rpoLagMs }) => ({ name: slot, isStreaming, rpoLagMs })),
      state: before,
    });
    if (synchronous.join() !== this.#synchronous?.join()) {
      this.#synchronous = undefined;
      await postgres.setSynchronous(synchronous, signal);
      this.#synchronous = synchronous;
    }
    this.#facts = { ...this.#facts, rpoGuard: state };
    if (state.kind !== before.kind) this.#tellGuard(state);
    if (assignment.rpoGuardMs > 0) await this.#countCancelledWaits(signal);
  }

  async #countCancelledWaits(signal: AbortSignal): Promise<void> {
    const count = await this.#doors.postgres.cancelledWaits(signal);
    const more = count - (this.#cancelledWaits ?? count);
    this.#cancelledWaits = count;
    if (more <= 0) return;
    const message = `${more} commits of ${this.#id.database} gave up waiting for a secondary; a failover may lose them.`;
    this.#tell("database.wait-cancelled", message, { commits: more });
  }

  async #keepEvidence(needed: Lsn | undefined, signal: AbortSignal): Promise<void> {
    const { clock, postgres } = this.#doors;
    if (clock.monotonicMs() - this.#evidenceAtMs < evidenceEveryMs) return;
    this.#evidenceAtMs = clock.monotonicMs();
    const evidenceSlots = await postgres.advanceEvidence(needed, signal);
    this.#facts = { ...this.#facts, evidenceSlots };
  }

  #tellGuard(state: RpoGuardState): void {
    const { database } = this.#id;
    if (state.kind === "holding") {
      const message = `The RPO guard of ${database} holds: commits wait until a secondary has them.`;
      this.#tell("database.rpo-guard-held", message, {});
    }
    if (state.kind === "suspended") {
      const message = `The RPO guard of ${database} is suspended: ${state.because}.`;
      this.#tell("database.rpo-guard-suspended", message, {});
    }
    if (state.kind === "watching") {
      const message = `The RPO guard of ${database} watches: commits wait for nobody.`;
      this.#tell("database.rpo-guard-released", message, {});
    }
  }

  #tell(kind: string, message: string, details: NewEvent["details"]): void {
    const { region, database } = this.#id;
    this.#doors.tell({ kind, message, region, database, details });
  }
}

/**
 * Up to where the writer may let go of what would be evidence: to what everybody has who could be promoted, or
 * streams. Undefined: somebody could be whose position nobody knows. All of its own, `ownLsn`, when nobody could.
 */
export function neededFrom(
  { slots, failsafe }: Assignment,
  lags: readonly SlotLag[],
  ownLsn: Lsn,
): Lsn | undefined {
  const lagOf = (name: string): SlotLag | undefined => lags.find(({ slot }) => slot === name);
  const needy = slots.filter(
    ({ slot, region }) =>
      failsafe.some((peer) => peer.region === region) || lagOf(slot)?.isStreaming === true,
  );
  const hasSlot = failsafe.every((peer) => needy.some(({ region }) => region === peer.region));
  const positions = needy.map(({ slot }) => lagOf(slot)?.flushedLsn);
  if (!hasSlot || positions.includes(undefined)) return undefined;
  return positions.reduce<Lsn>(
    (least, lsn) => (lsn !== undefined && lsn < least ? lsn : least),
    ownLsn,
  );
}

function reported(lag: SlotLag): MeasuredLag {
  const { slot: _slot, flushedLsn: _flushedLsn, ...measured } = lag;
  return measured;
}
